"""`threadscribe doctor`: everything that can be wrong is named with its fix; nothing is changed, sent or given away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.cli.doctor import examine
from bot.oauth.token_encryption import TokenCipher
from bot.slack.manifest import OPTIONAL_SCOPES, REQUIRED_SCOPES
from sandbox.botlhale import Botlhale
from sandbox.faults import Fault, answer, hang_up_before, rate_limited
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack
from storage import folding, installations, provider_facts
from storage.installations import Installed
from storage.job import JobState
from tests.bot.job_fixtures import NOON, a_job, new_database
from tests.journeys.bench import WEBHOOK_TOKEN, botlhale_settings, gowajee_settings, settings_of
from tests.journeys.installing import KEY, many_settings

HTTP_MODE = {"slack_signing_secret": "signing-very-secret", "slack_app_token": None}


class Examination:
    """What doctor said, on one line, and its exit code."""

    def __init__(self, code: int, said: str) -> None:
        self.code = code
        self.said = " ".join(said.split())
        self.squeezed = "".join(said.split())

    @property
    def bad(self) -> list[str]:
        return [part.split(" ✓ ")[0].split(" ! ")[0] for part in f" {self.said}".split(" ✗ ")[1:]]


class Practice:
    """A doctor for the bot of one Slack."""

    def __init__(self, slack: Slack, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.slack = slack
        self.folder = folder
        self._capsys = capsys

    async def examine(self, **more: Any) -> Examination:
        self._capsys.readouterr()
        code = await examine(settings_of(self.slack, self.folder, **more))
        said, err = self._capsys.readouterr()
        assert err == ""
        return Examination(code, said)


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as running:
        yield running


@pytest.fixture
def practice(slack: Slack, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Practice:
    return Practice(slack, tmp_path, capsys)


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


async def test_when_all_is_good_it_says_so(practice: Practice) -> None:
    seen = await practice.examine()
    assert seen.code == 0
    assert seen.bad == []
    assert "every required scope is granted" in seen.said
    assert "Socket Mode is open" in seen.said
    assert "Slack knows the bot in https://" in seen.said


async def test_it_changes_nothing_and_asks_slack_only_who_we_are(practice: Practice) -> None:
    await practice.examine()
    assert [call.method for call in practice.slack.calls] == ["auth.test", "apps.connections.open"]
    assert names_in(practice.folder) == []


@pytest.mark.parametrize("scope", sorted(REQUIRED_SCOPES))
async def test_a_missing_scope_is_named_with_what_it_is_for_and_the_fix(practice: Practice, scope: str) -> None:
    practice.slack.scopes.discard(scope)
    seen = await practice.examine()
    assert seen.code == 1
    [bad] = seen.bad
    assert f"scope {scope} is missing" in bad
    assert REQUIRED_SCOPES[scope] in bad
    assert "threadscribe manifest" in bad
    assert "reinstall" in bad


async def test_every_missing_scope_is_named_at_once(practice: Practice) -> None:
    practice.slack.scopes.clear()
    seen = await practice.examine()
    assert len(seen.bad) == len(REQUIRED_SCOPES)


async def test_an_optional_scope_that_is_off_is_noted_and_no_fault(practice: Practice) -> None:
    practice.slack.scopes.discard("reactions:write")
    seen = await practice.examine()
    assert seen.code == 0
    assert all(f"optional scope {scope} is off" in seen.said for scope in OPTIONAL_SCOPES)


async def test_with_every_scope_nothing_is_noted_about_them(practice: Practice) -> None:
    practice.slack.scopes.update(OPTIONAL_SCOPES)
    assert "optional scope" not in (await practice.examine()).said


async def test_scopes_that_slack_does_not_tell_are_noted_once_and_none_is_called_missing(practice: Practice) -> None:
    practice.slack.tells_scopes = False
    seen = await practice.examine()
    assert (seen.code, seen.bad) == (0, [])
    assert seen.said.count("Slack did not tell which scopes the app has") == 1
    assert "is missing" not in seen.said
    assert "is off" not in seen.said
    assert "every required scope is granted" not in seen.said


async def test_a_wrong_token_is_told_without_being_shown(practice: Practice) -> None:
    seen = await practice.examine(slack_bot_token="xoxb-very-secret")
    assert seen.code == 1
    [bad] = seen.bad
    assert "invalid_auth" in bad
    assert "SLACK_BOT_TOKEN" in bad
    assert "very-secret" not in seen.squeezed


async def test_a_slack_that_is_away_is_told_with_what_to_check(practice: Practice) -> None:
    async with Slack() as gone:
        address = gone.api_url
    seen = await practice.examine(slack_api_url=address)
    assert seen.code == 1
    [bad] = seen.bad
    assert "cannot be reached" in bad
    assert "SLACK_API_URL" in bad


@pytest.mark.parametrize("fault", [answer(500), answer(200, b"<html>"), hang_up_before(), rate_limited(30)], ids=str)
async def test_a_slack_that_is_in_trouble_is_not_taken_for_a_wrong_token(practice: Practice, fault: Fault) -> None:
    practice.slack.faults.arm("auth.test", fault)
    seen = await practice.examine()
    assert seen.code == 1
    [bad] = seen.bad
    assert "SLACK_BOT_TOKEN" not in bad


async def test_socket_mode_that_is_refused_is_told_with_the_scope_it_needs(practice: Practice) -> None:
    practice.slack.app_scopes.clear()
    seen = await practice.examine()
    assert seen.code == 1
    [bad] = seen.bad
    assert "Socket Mode is refused" in bad
    assert "connections:write" in bad
    assert "SLACK_APP_TOKEN" in bad


async def test_a_wrong_app_token_is_told_without_being_shown(practice: Practice) -> None:
    seen = await practice.examine(slack_app_token="xapp-very-secret")
    assert seen.code == 1
    assert "SLACK_APP_TOKEN" in " ".join(seen.bad)
    assert "very-secret" not in seen.squeezed


async def test_a_slack_in_trouble_is_not_taken_for_a_wrong_app_token(practice: Practice) -> None:
    practice.slack.faults.arm("apps.connections.open", answer(500))
    seen = await practice.examine()
    assert "SLACK_APP_TOKEN" not in seen.said


async def test_in_http_mode_it_says_which_address_slack_must_reach(practice: Practice) -> None:
    with_address = await practice.examine(**HTTP_MODE, public_url="https://bot.example")
    assert "https://bot.example/slack/events" in with_address.said
    assert with_address.code == 0
    without = await practice.examine(**HTTP_MODE)
    assert "PUBLIC_URL" in without.said
    assert without.code == 0
    assert "very-secret" not in with_address.squeezed + without.squeezed


async def test_missing_settings_are_told_one_by_one_and_the_rest_is_examined(practice: Practice) -> None:
    seen = await practice.examine(slack_bot_token=None, slack_app_token=None, transcriber="gowajee")
    assert seen.code == 1
    named = [bad.split(" ")[0] for bad in seen.bad]
    assert named == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "GOWAJEE_API_KEY",
        "GOWAJEE_WEBHOOK_ID",
        "GOWAJEE_WEBHOOK_TOKEN",
    ]
    assert all("→" in bad for bad in seen.bad)
    assert "no database yet" in seen.said


async def test_a_database_with_jobs_is_good_whatever_waits_in_it(practice: Practice) -> None:
    async with new_database(practice.folder / "bot.db") as database:
        await a_job(database, JobState.RECEIVED, held=True)
    seen = await practice.examine()
    assert seen.code == 0
    assert "jobs are waiting" in seen.said


async def test_it_may_be_asked_while_the_bot_is_running(practice: Practice) -> None:
    async with new_database(practice.folder / "bot.db"):
        seen = await practice.examine()
    assert seen.code == 0
    assert "the database answers" in seen.said


async def test_a_file_that_is_no_database_is_told_with_its_setting(practice: Practice) -> None:
    write(practice.folder / "bot.db", "This is a letter, not a database. " * 40)
    seen = await practice.examine()
    assert seen.code == 1
    [bad] = seen.bad
    assert "DATABASE_URL" in bad


async def test_the_offline_engine_is_told_with_its_model_or_its_last_resort(practice: Practice) -> None:
    seen = await practice.examine()
    assert seen.code == 0
    assert "the offline engine works with" in seen.said
    assert ("Whisper" in seen.said) != ("more than half of real people's words wrong" in seen.said)


async def test_a_model_that_was_chosen_and_is_not_there_is_bad(practice: Practice) -> None:
    seen = await practice.examine(embedded_model="large-v3-turbo")
    assert seen.code == 1
    assert "large-v3-turbo" in seen.said


async def test_the_host_in_use_is_told_because_botlhales_has_moved_between_generations(practice: Practice) -> None:
    async with Botlhale() as botlhale:
        seen = await practice.examine(**botlhale_settings(botlhale))
    assert f"Botlhale AI answers and knows the account, at {botlhale.origin}" in seen.said


async def test_botlhale_that_knows_us_is_good_and_gets_no_audio(practice: Practice) -> None:
    async with Botlhale() as botlhale:
        seen = await practice.examine(**botlhale_settings(botlhale))
    assert seen.code == 0
    assert "Botlhale AI answers and knows the account" in seen.said
    assert botlhale.uploads == {}
    assert not [request for request in botlhale.requests if "upload" in request.path]


@pytest.mark.parametrize(
    "wrong", [{"botlhale_refresh_token": "very-secret"}, {"botlhale_org_id": "Other"}], ids=["token", "organisation"]
)
async def test_botlhale_that_refuses_us_is_told_with_the_settings(practice: Practice, wrong: dict[str, str]) -> None:
    async with Botlhale() as botlhale:
        seen = await practice.examine(**(botlhale_settings(botlhale) | wrong))
    assert seen.code == 1
    [bad] = seen.bad
    assert "refuses the account" in bad
    assert "BOTLHALE_" in bad
    assert "very-secret" not in seen.squeezed


async def test_botlhale_that_is_away_is_told_with_its_address_setting(practice: Practice) -> None:
    async with Botlhale() as gone:
        settings = botlhale_settings(gone)
    seen = await practice.examine(**settings)
    assert seen.code == 1
    [bad] = seen.bad
    assert "cannot be reached" in bad
    assert "BOTLHALE_BASE_URL" in bad


async def test_gowajee_that_knows_us_is_good_and_gets_no_audio(practice: Practice) -> None:
    async with Gowajee() as gowajee:
        seen = await practice.examine(**gowajee_settings(gowajee))
    assert seen.code == 0
    assert "Gowajee answers and knows the account" in seen.said
    assert gowajee.jobs == {}


async def test_gowajee_without_a_public_address_is_noted_with_what_that_means(practice: Practice) -> None:
    async with Gowajee() as gowajee:
        seen = await practice.examine(**gowajee_settings(gowajee))
    assert "PUBLIC_URL is not set" in seen.said
    assert "20 MB" in seen.said


async def test_gowajee_with_a_public_address_says_what_to_register_without_the_token(practice: Practice) -> None:
    async with Gowajee() as gowajee:
        seen = await practice.examine(**gowajee_settings(gowajee), public_url="https://bot.example")
    assert "https://bot.example/webhooks/gowajee?token=…" in seen.squeezed
    assert WEBHOOK_TOKEN not in seen.squeezed


async def test_gowajee_without_a_status_call_is_noted_and_useless_without_a_public_address(practice: Practice) -> None:
    async with Gowajee(status_path="none") as gowajee:
        alone = await practice.examine(**gowajee_settings(gowajee))
        reached = await practice.examine(**gowajee_settings(gowajee), public_url="https://bot.example")
    assert alone.code == 1
    assert "without PUBLIC_URL nothing could ever come back" in alone.bad[-1]
    assert reached.code == 0
    said = "the status call was not seen: results come by webhook only, and the key could not be checked"
    assert said in reached.said
    assert "knows the account" not in reached.said


async def test_what_the_bot_found_out_about_gowajee_the_doctor_knows_too(practice: Practice) -> None:
    """A status call that was there before and is not now is no Gowajee that has none."""
    async with Gowajee(status_path="none") as gowajee:
        async with new_database(practice.folder / "bot.db") as database:
            facts = {f"status call of {gowajee.origin}": "/v1/speech-to-text/job/status"}
            await database.write(lambda tx: provider_facts.learn(tx, facts, provider="gowajee", now=NOON))
        seen = await practice.examine(**gowajee_settings(gowajee), public_url="https://bot.example")
    assert seen.code == 1
    assert "was there before" in seen.bad[-1]


async def test_gowajee_that_refuses_us_is_told_with_the_settings(practice: Practice) -> None:
    async with Gowajee() as gowajee:
        seen = await practice.examine(**(gowajee_settings(gowajee) | {"gowajee_api_key": "very-secret"}))
    assert seen.code == 1
    [bad] = seen.bad
    assert "refuses the account" in bad
    assert "GOWAJEE_" in bad
    assert "very-secret" not in seen.squeezed


async def test_gowajee_that_is_away_is_told_with_its_address_setting(practice: Practice) -> None:
    async with Gowajee() as gone:
        settings = gowajee_settings(gone)
    seen = await practice.examine(**settings)
    assert seen.code == 1
    [bad] = seen.bad
    assert "cannot be reached" in bad
    assert "GOWAJEE_BASE_URL" in bad


async def test_a_host_that_is_not_the_providers_is_not_called_good(practice: Practice) -> None:
    async with Gowajee() as gowajee:
        gowajee.faults.arm("GET job/status", answer(200, b"<html>Welcome</html>", Content_Type="text/html"), times=2)
        seen = await practice.examine(**gowajee_settings(gowajee))
    assert "knows the account" not in seen.said


async def test_no_secret_is_in_anything_it_says(practice: Practice) -> None:
    async with Gowajee() as gowajee, Botlhale() as botlhale:
        both = botlhale_settings(botlhale) | gowajee_settings(gowajee) | {"slack_signing_secret": "signing-very-secret"}
        seen = await practice.examine(**both, slack_app_token=practice.slack.app_token)
        secrets = [
            practice.slack.bot_token,
            practice.slack.app_token,
            "signing-very-secret",
            WEBHOOK_TOKEN,
            botlhale.refresh_token,
            gowajee.api_key,
        ]
    assert seen.code == 0
    assert not [secret for secret in secrets if secret in seen.squeezed]


async def test_for_many_workspaces_it_looks_at_the_app_and_at_every_installation(
    practice: Practice, tmp_path: Path
) -> None:
    slack, settings = practice.slack, many_settings(practice.slack, http=False)
    seen = await practice.examine(**settings)
    assert seen.code == 0, seen.said
    assert "knows the app's client id and secret" in seen.said
    assert "no workspace has installed the app yet" in seen.said
    assert f"{settings['public_url']}/slack/install" in seen.said
    assert names_in(practice.folder) == []

    cipher = TokenCipher([SecretStr(KEY)])
    async with new_database(tmp_path / "bot.db") as database:
        tokens = {"T0SANDBOX": slack.bot_token, "T0GONE": "xoxb-very-secret"}
        for place, token in tokens.items():
            one = Installed(
                place=place,
                url="",
                bot_user="U1",
                scopes=frozenset(),
                token=cipher.encrypt(SecretStr(token), place=place),
                installed_by="U2",
                installed_at=NOON,
            )
            await database.write(lambda tx, one=one: installations.put(tx, one))  # type: ignore[misc]
    seen = await practice.examine(**settings)
    assert seen.code == 1
    [bad] = seen.bad
    assert "the installation of T0GONE does not open it (auth.test: invalid_auth)" in bad
    assert "Slack knows the bot in T0SANDBOX" in seen.said
    assert "very-secret" not in seen.squeezed
    other_key = {**settings, "token_key": "YW5vdGhlciBzZXQgb2YgdGhpcnR5LXR3byBieXRlcyE="}
    both_keys = {**settings, "token_key": f"{other_key['token_key']},{KEY}"}
    assert "still sealed with an earlier key" in (await practice.examine(**both_keys)).said
    assert len((await practice.examine(**other_key)).bad) == 2


async def test_a_client_secret_that_is_not_the_apps_is_told(practice: Practice) -> None:
    settings = many_settings(practice.slack, http=False) | {"slack_client_secret": "very-secret"}
    seen = await practice.examine(**settings)
    [bad] = seen.bad
    assert "bad_client_secret" in bad
    assert "SLACK_CLIENT_SECRET" in bad
    assert "very-secret" not in seen.squeezed


@pytest.mark.parametrize(
    ("fold", "told"),
    [
        ("never", "long transcripts are not folded (FOLD=never)"),
        ("always", "long transcripts are folded (FOLD=always); refused in T2"),
        (
            "auto",
            "(FOLD=auto): T1 takes it (20 November 2026), T2 refuses it (20 November 2026), T3 has not answered (20 ",
        ),
    ],
)
async def test_it_tells_whether_transcripts_are_folded(practice: Practice, fold: str, told: str) -> None:
    async with new_database(practice.folder / "bot.db") as database:
        for team, taken in (("T1", True), ("T2", False)):
            await database.write(partial(folding.note, team=team, taken=taken, now=NOON))
        await database.write(partial(folding.claim, team="T3", seen=None, now=NOON))
    seen = await practice.examine(fold=fold)
    assert told in seen.said
    assert seen.code == 0
    assert "blocks.validate" not in {call.method for call in practice.slack.calls}


async def test_before_anybody_was_asked_it_says_so(practice: Practice) -> None:
    assert "no workspace was asked yet" in (await practice.examine(fold="auto")).said
