"""A bot killed while a workspace is asked about folding, or has refused a folded reply: there is one reply."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.journeys.forkserver import Nursery
from tests.journeys.test_folding import LONG, calls, containers
from tests.journeys.test_killed_everywhere import SAVE, Death, Life, Way, life, life_of, one_reply

ASKING = "write bot.worker.steps.fold:_asked"
POST, SHARE = "workspace.post", "workspace.share"


@pytest.mark.parametrize("takes", [False, True], ids=["refused", "taken"])
@pytest.mark.parametrize(
    "death",
    [Death(at="workspace.takes"), Death(at=ASKING, passing=2), Death(at=SAVE, after="workspace.takes"), Death(at=POST)],
    ids=["before it is asked", "before its answer is noted", "before the plan is noted", "before the post"],
)
async def test_killed_while_a_workspace_is_asked_there_is_one_reply(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, death: Death, *, takes: bool
) -> None:
    way = Way(provider="botlhale", form="message", database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.environment["FOLD"] = "auto"
        lived.provider.script = LONG
        lived.slack.takes_containers = takes
        assert not await lived.live(death)
        assert await lived.live()
        one_reply(lived)
        (reply,) = lived._spoken()
        known = death.after is not None or death.at == POST
        assert bool(containers(reply)) is (takes and known), "what nobody knows is not folded"
        assert len(calls(lived.slack, "blocks.validate")) <= 1, "it is not asked again within the hour"


@pytest.mark.parametrize(
    ("form", "death", "refusals"),
    [
        ("message", Death(at=SAVE, after=POST), 2),
        ("message", Death(at=POST, passing=2), 1),
        ("long", Death(at=SAVE, after=SHARE), 2),
        ("long", Death(at=SHARE, passing=2), 1),
    ],
    ids=["before it is noted", "before the second post", "before it is noted of files", "before the second sharing"],
)
async def test_killed_after_a_folded_reply_was_refused_there_is_one_reply(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, *, form: str, death: Death, refusals: int
) -> None:
    way = Way(provider="botlhale", form=form, database="sqlite")
    async with life(way, tmp_path / "bot", nursery, request) as lived:
        lived.environment["FOLD"] = "always"
        if form == "message":
            lived.provider.script = LONG
        assert not await lived.live(death)
        assert await lived.live()
        one_reply(lived)
        (reply,) = lived._spoken()
        assert containers(reply) == []
        method = "chat.postMessage" if form == "message" else "files.completeUploadExternal"
        assert calls(lived.slack, method) == ["invalid_blocks"] * refusals + ["ok"], "once noted it is not tried again"


class RefusingLife(Life):
    """Its workspace takes folded messages until the speakers are named."""

    async def _name_the_speakers(self) -> None:
        self.slack.takes_containers = False
        await super()._name_the_speakers()


@pytest.mark.parametrize(
    ("death", "refusals"),
    [(Death(at=SAVE, after="workspace.update"), 2), (Death(at="workspace.update", passing=2), 1)],
    ids=["before it is noted", "before the second edit"],
)
async def test_killed_after_folding_was_refused_to_an_edit_the_names_are_shown(
    tmp_path: Path, nursery: Nursery, request: pytest.FixtureRequest, death: Death, *, refusals: int
) -> None:
    way = Way(provider="botlhale", form="message", database="sqlite")
    async with life_of(RefusingLife, way, tmp_path / "bot", nursery, request) as lived:
        lived.environment["FOLD"] = "always"
        lived.provider.script = LONG
        lived.slack.takes_containers = True
        lived.names_speakers = True
        assert not await lived.live(death)
        assert await lived.live()
        one_reply(lived)
        (reply,) = lived._spoken()
        assert containers(reply) == []
        told = calls(lived.slack, "chat.update")
        assert told[: refusals + 1] == ["invalid_blocks"] * refusals + ["ok"]
        assert set(told[refusals:]) == {"ok"}, "once noted it is not tried again"
