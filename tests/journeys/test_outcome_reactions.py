"""The reaction that shows the outcome is set once in each run; what people do with the transcript repeats nothing."""

from __future__ import annotations

import pytest

from handlers import words
from handlers.action_ids import EXPORT, NAME_SPEAKERS, RERUN, UNDO_NAMING
from sandbox import faults
from sandbox.slack import Message, Share, Slack
from tests.journeys.bench import Bench, eventually, only_reply, press_control, recording, words_of


class Thread:
    """A recording with its reply, and what people do with it."""

    def __init__(self, bench: Bench, share: Share) -> None:
        self.bench = bench
        self.slack = bench.slack
        self.share = share

    @property
    def reply(self) -> Message:
        return self.slack.replies(self.share)[0]

    @property
    def calls(self) -> list[str]:
        """The calls about reactions."""
        return [call.method for call in self.slack.calls if call.method in {"reactions.add", "reactions.remove"}]

    async def name(self, name: str) -> None:
        await self.slack.press(self.reply, NAME_SPEAKERS)
        [form] = self.slack.modals.values()
        await self.slack.send(form, {words.name_of("Speaker 1"): name})
        await eventually(lambda: name in words_of(self.reply))
        await self.bench.ended()

    async def undo(self, name: str) -> None:
        await press_control(self.slack, self.reply, UNDO_NAMING)
        await eventually(lambda: name not in words_of(self.reply))
        await self.bench.ended()

    async def export(self) -> None:
        await self.slack.press(self.reply, EXPORT)
        [form] = self.slack.modals.values()
        await self.slack.send(form, {})
        await eventually(lambda: len(self.slack.replies(self.share)) > 1)
        await self.bench.ended()

    async def rerun(self) -> None:
        await press_control(self.slack, self.reply, RERUN)
        [form] = self.slack.modals.values()
        await self.slack.send(form, {})
        await self.bench.ended()


async def answered(bench: Bench) -> Thread:
    await bench.start()
    thread = Thread(bench, await bench.slack.share(bench.slack.channel("general"), [recording()]))
    await bench.ended()
    return thread


def shown(thread: Thread) -> set[str]:
    return set(thread.slack.message(thread.share.channel.id, thread.share.ts).reactions)


async def test_names_an_undo_and_an_export_call_for_no_reaction(bench: Bench) -> None:
    thread = await answered(bench)
    before = thread.calls
    assert shown(thread) == {"white_check_mark"}
    await thread.name("Naledi")
    await thread.undo("Naledi")
    await thread.export()
    assert thread.calls == before
    assert shown(thread) == {"white_check_mark"}


async def test_another_run_shows_its_own_outcome_and_names_repeat_nothing_after_it(bench: Bench, slack: Slack) -> None:
    bench.botlhale.fail_next()
    thread = await answered(bench)
    assert shown(thread) == {"warning"}
    await thread.rerun()
    await only_reply(slack, thread.share)
    assert shown(thread) == {"white_check_mark"}
    before = thread.calls
    await thread.name("Naledi")
    assert thread.calls == before


async def test_a_run_that_is_repeated_takes_its_hourglass_away_again(bench: Bench) -> None:
    thread = await answered(bench)
    await thread.rerun()
    assert shown(thread) == {"white_check_mark"}


@pytest.mark.parametrize("fault", [faults.hang_up_before(), faults.answer(503)], ids=str)
async def test_a_reaction_that_could_not_be_set_yet_is_still_owed(
    bench: Bench, slack: Slack, fault: faults.Fault
) -> None:
    await bench.start()
    bench.botlhale.hold = True
    share = await slack.share(slack.channel("general"), [recording()])
    await eventually(lambda: bench.botlhale.uploads)
    slack.faults.arm("reactions.add", fault)
    bench.botlhale.release()
    await bench.ended_at_last()
    assert shown(Thread(bench, share)) == {"white_check_mark"}
