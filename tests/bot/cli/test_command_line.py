"""The command line: what each command prints, its exit code, and never a traceback."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click
import pytest
from click.testing import CliRunner, Result

from bot.__main__ import main
from bot.cli.job_commands import jobs as jobs_group
from bot.cli.model_commands import models as models_group
from sandbox.gowajee import Gowajee
from sandbox.slack import Slack
from sandbox.voices import SAMPLES
from storage import jobs
from storage.job import Failure, HandleFrom, Job, JobState, Reason
from storage.sqlite import SQLite
from tests.bot.job_fixtures import NOON, TITLE, a_job, new_database
from tests.bot.processes import Ended, environment, for_slack, running, threadscribe
from transcription.transcript import Report

T = TypeVar("T")

NOTE = SAMPLES["note"].path
COMMANDS = ["run", "demo", "doctor", "jobs", "models", "transcribe", "manifest", "migrate", "backup", "copy-database"]
JOB_COMMANDS = ["list", "show", "retry", "cancel"]
MODEL_COMMANDS = ["list", "fetch", "verify", "remove"]


@pytest.fixture
async def slack() -> AsyncIterator[Slack]:
    async with Slack() as started:
        yield started


def said_plainly(ended: Ended, *words: str, code: int = 2) -> None:
    assert ended.code == code, ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""
    for word in words:
        assert word in ended.err


def within(path: Path, work: Callable[[SQLite], Awaitable[T]]) -> T:
    async def visit() -> T:
        async with new_database(path) as database:
            return await work(database)

    return asyncio.run(visit())


def prepared(folder: Path, *states: JobState, failure: Failure | None = None, held: bool = False) -> list[Job]:
    async def prepare(database: SQLite) -> list[Job]:
        return [
            await a_job(database, state, file=f"F{n}", failure=failure, held=held) for n, state in enumerate(states)
        ]

    return within(folder / "bot.db", prepare)


def stored(folder: Path, job: Job) -> Job:
    found = within(folder / "bot.db", lambda database: database.read(lambda tx: jobs.get(tx, job.id)))
    assert found is not None
    return found


def command(folder: Path, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"DATABASE_URL": f"sqlite:///{folder}/bot.db", "COLUMNS": "200"})


def every_command() -> list[list[str]]:
    grouped = {"jobs": JOB_COMMANDS, "models": MODEL_COMMANDS}
    return [[], *([name] for name in COMMANDS), *([group, name] for group, names in grouped.items() for name in names)]


def test_the_commands_are_these() -> None:
    assert sorted(main.commands) == sorted(COMMANDS)
    assert isinstance(main.commands["jobs"], click.Group)
    assert sorted(jobs_group.commands) == sorted(JOB_COMMANDS)
    assert sorted(models_group.commands) == sorted(MODEL_COMMANDS)


@pytest.mark.parametrize("name", every_command(), ids=" ".join)
@pytest.mark.parametrize("option", ["--help", "-h"])
def test_every_command_explains_itself(name: Sequence[str], option: str) -> None:
    result = CliRunner().invoke(main, [*name, option])
    assert result.exit_code == 0
    assert result.output.startswith("Usage: ")
    assert option in result.output


def test_the_version_is_told() -> None:
    result = CliRunner().invoke(main, ["--version"])
    assert result.exit_code == 0
    assert "version" in result.output


@pytest.mark.parametrize(
    "arguments", [["dance"], ["jobs", "dance"], ["jobs", "show"], ["transcribe"], ["demo", "--mode", "pigeon"]]
)
def test_what_is_no_command_is_a_usage_error(arguments: list[str]) -> None:
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2
    assert "Usage: " in result.output


async def test_help_as_a_process_of_its_own_comes_without_a_setting(tmp_path: Path) -> None:
    ended = await threadscribe("--help", folder=tmp_path)
    assert ended.code == 0
    assert ended.err == ""
    assert all(name in ended.out for name in COMMANDS)


async def test_run_without_settings_names_both_problems_and_their_fix(tmp_path: Path) -> None:
    ended = await threadscribe("run", folder=tmp_path)
    said_plainly(ended, "SLACK_BOT_TOKEN", "xoxb-", "SLACK_APP_TOKEN", "xapp-", "SLACK_SIGNING_SECRET")
    assert list_of(tmp_path) == []


async def test_run_names_what_the_provider_lacks_beside_what_slack_lacks(tmp_path: Path) -> None:
    ended = await threadscribe("run", folder=tmp_path, env=environment(TRANSCRIBER="gowajee"))
    named = ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN", "GOWAJEE_API_KEY", "GOWAJEE_WEBHOOK_ID", "GOWAJEE_WEBHOOK_TOKEN")
    said_plainly(ended, *named)


@pytest.mark.parametrize("arguments", [["run"], ["doctor"], ["migrate"], ["transcribe", str(NOTE)], ["jobs", "list"]])
async def test_every_wrong_value_is_named_at_once_by_every_command(tmp_path: Path, arguments: list[str]) -> None:
    wrong = environment(HTTP_PORT="many", DATABASE_URL="oracle://x", PUBLIC_URL="http://very-secret@bot.example")
    ended = await threadscribe(*arguments, folder=tmp_path, env=wrong)
    said_plainly(ended, "HTTP_PORT: ", "DATABASE_URL: ", "PUBLIC_URL: ")
    assert "very-secret" not in ended.err


@pytest.mark.parametrize("name", ["run", "doctor"])
async def test_an_emoji_that_is_none_is_refused_by_name(tmp_path: Path, name: str) -> None:
    wrong = environment(REACTION_REQUEST="⏳", REACTION_DONE="White_Check_Mark", REACTION_PENDING=":wave:")
    ended = await threadscribe(name, folder=tmp_path, env=wrong)
    said_plainly(ended, "REACTION_REQUEST: write the emoji's name", "REACTION_DONE: write the emoji's name")
    assert "REACTION_PENDING" not in ended.err


async def test_wrong_values_and_missing_ones_are_told_together(tmp_path: Path) -> None:
    ended = await threadscribe("run", folder=tmp_path, env=environment(HTTP_PORT="many"))
    said_plainly(ended, "HTTP_PORT", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN")


async def test_the_env_file_in_the_folder_is_read(tmp_path: Path) -> None:
    write(tmp_path / ".env", "SLACK_BOT_TOKEN=xoxb-very-secret\n")
    ended = await threadscribe("run", folder=tmp_path)
    said_plainly(ended, "SLACK_APP_TOKEN: ")
    assert "SLACK_BOT_TOKEN" not in ended.err
    assert "very-secret" not in ended.err


async def test_an_env_file_in_another_encoding_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / ".env", "HTTP_PORT=1\n", encoding="utf-16")
    said_plainly(await threadscribe("run", folder=tmp_path), ".env")


async def test_a_refused_token_is_a_sentence_that_does_not_quote_it(slack: Slack, tmp_path: Path) -> None:
    wrong = for_slack(slack, SLACK_BOT_TOKEN="xoxb-very-secret")
    ended = await threadscribe("run", folder=tmp_path, env=wrong)
    said_plainly(ended, "SLACK_BOT_TOKEN", "invalid_auth")
    assert "very-secret" not in ended.err


@pytest.mark.parametrize(
    ("name", "token"),
    [("run", "xoxb-very-secret…"), ("run", "xoxb-very-\nsecret"), ("doctor", "xoxb-very-\nsecret")],
    ids=["run, a stray letter", "run, a line break inside", "doctor, a line break inside"],
)
async def test_a_token_with_a_stray_character_is_refused_and_no_breakdown(
    slack: Slack, tmp_path: Path, name: str, token: str
) -> None:
    ended = await threadscribe(name, folder=tmp_path, env=for_slack(slack, SLACK_BOT_TOKEN=token))
    assert ended.code in {1, 2}
    assert "SLACK_BOT_TOKEN" in ended.err + ended.out
    assert "Traceback" not in ended.err
    assert "xoxb-very" not in ended.err + ended.out


async def test_a_port_that_is_taken_is_a_sentence(slack: Slack, tmp_path: Path) -> None:
    taken = slack.origin.rpartition(":")[2]
    ended = await threadscribe("run", folder=tmp_path, env=for_slack(slack, HTTP_PORT=taken))
    assert ended.code == 2
    assert "Traceback" not in ended.err
    assert "in use" in ended.err


async def test_a_port_that_is_taken_is_told_with_the_name_of_its_setting(slack: Slack, tmp_path: Path) -> None:
    taken = slack.origin.rpartition(":")[2]
    said_plainly(await threadscribe("run", folder=tmp_path, env=for_slack(slack, HTTP_PORT=taken)), "HTTP_PORT")


async def test_a_folder_of_voices_that_is_not_there_is_told_by_its_name(tmp_path: Path) -> None:
    settings = environment(
        TRANSCRIBER="gowajee",
        GOWAJEE_API_KEY="key",
        GOWAJEE_WEBHOOK_ID="id",
        GOWAJEE_WEBHOOK_TOKEN="token",
        GOWAJEE_REFERENCE_SPEAKERS="voices",
    )
    ended = await threadscribe("transcribe", str(NOTE), folder=tmp_path, env=settings)
    said_plainly(ended, "GOWAJEE_REFERENCE_SPEAKERS")


async def test_settings_of_a_provider_that_do_not_go_together_are_a_sentence(tmp_path: Path) -> None:
    settings = environment(
        TRANSCRIBER="gowajee",
        GOWAJEE_API_KEY="key",
        GOWAJEE_WEBHOOK_ID="id",
        GOWAJEE_WEBHOOK_TOKEN="token",
        GOWAJEE_MODEL="astro",
        GOWAJEE_BOOST_WORDS="alpha",
    )
    said_plainly(await threadscribe("transcribe", str(NOTE), folder=tmp_path, env=settings), "GOWAJEE")


async def test_run_stops_in_good_order_and_refuses_a_second_one_on_the_same_database(
    slack: Slack, tmp_path: Path
) -> None:
    env = for_slack(slack)
    async with running(tmp_path, env) as first:
        await first.ready()
        second = await threadscribe("run", folder=tmp_path, env=env)
        said_plainly(second, "threadscribe.db", "DATABASE_URL")
        beside = await threadscribe("jobs", "list", folder=tmp_path, env=env)
        assert beside.code == 0
        assert await first.stop() == 0
    async with running(tmp_path, env) as again:
        await again.ready()
        assert await again.stop() == 0


async def test_a_database_that_is_none_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "threadscribe.db", "This is a letter, not a database. " * 40)
    said_plainly(await threadscribe("migrate", folder=tmp_path), "not a database")


async def test_a_folder_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    write(tmp_path / "plain", "a file where a folder is wanted")
    env = environment(DATABASE_URL="sqlite:///plain/bot.db")
    said_plainly(await threadscribe("migrate", folder=tmp_path, env=env), "database")


async def test_migrate_says_what_it_did_and_then_that_there_is_nothing_to_do(tmp_path: Path) -> None:
    first = await threadscribe("migrate", folder=tmp_path)
    again = await threadscribe("migrate", folder=tmp_path)
    assert (first.code, again.code) == (0, 0)
    assert "applied 0001_" in first.out
    assert again.out == "The database is at the newest schema.\n"


async def test_jobs_before_the_bot_ever_ran_is_a_sentence(tmp_path: Path) -> None:
    said_plainly(await threadscribe("jobs", "list", folder=tmp_path), "Has the bot run here yet?")


async def test_jobs_before_the_bot_ever_ran_leaves_no_database_behind(tmp_path: Path) -> None:
    await threadscribe("jobs", "list", folder=tmp_path)
    assert list_of(tmp_path) == []


def test_jobs_list_shows_what_is_open_and_with_all_what_has_ended(tmp_path: Path) -> None:
    waiting, ended = prepared(tmp_path, JobState.SUBMITTED, JobState.REPLIED)
    shown = command(tmp_path, "jobs", "list")
    assert shown.exit_code == 0
    assert waiting.id in shown.output
    assert ended.id not in shown.output
    everything = command(tmp_path, "jobs", "list", "--all").output
    assert waiting.id in everything
    assert ended.id in everything
    assert "submitted" in everything


def test_jobs_list_keeps_to_its_limit(tmp_path: Path) -> None:
    found = prepared(tmp_path, *[JobState.RECEIVED] * 3)
    shown = command(tmp_path, "jobs", "list", "--limit", "2").output
    assert sum(job.id in shown for job in found) == 2


def test_an_empty_list_is_a_sentence(tmp_path: Path) -> None:
    prepared(tmp_path)
    assert command(tmp_path, "jobs", "list").output == "Nothing is waiting.\n"
    assert command(tmp_path, "jobs", "list", "--all").output == "No jobs.\n"


async def test_a_piped_list_shows_ids_that_can_be_used(tmp_path: Path) -> None:
    async with new_database(tmp_path / "threadscribe.db") as database:
        failure = Failure(reason=Reason.NOWHERE_TO_REPLY)
        job = await a_job(database, JobState.ABANDONED, failure=failure)
    ended = await threadscribe("jobs", "list", "--all", folder=tmp_path)
    assert job.id in ended.out
    assert "nowhere_to_reply" in ended.out


def test_jobs_show_tells_one_job_and_its_history(tmp_path: Path) -> None:
    [job] = prepared(tmp_path, JobState.REPLYING, failure=Failure(reason=Reason.GAVE_UP))
    shown = command(tmp_path, "jobs", "show", job.id)
    assert shown.exit_code == 0
    for told in (job.id, "replying", "C1", "F0", "botlhale", "gave_up", "2026-11-20 12:00:00 received", "a step"):
        assert told in shown.output


async def test_a_file_is_not_sent_where_its_result_could_come_by_webhook_only(tmp_path: Path) -> None:
    async with Gowajee(status_path="none") as gowajee:
        settings = environment(
            TRANSCRIBER="gowajee",
            GOWAJEE_BASE_URL=gowajee.origin,
            GOWAJEE_API_KEY=gowajee.api_key,
            GOWAJEE_WEBHOOK_ID=gowajee.webhook_id,
            GOWAJEE_WEBHOOK_TOKEN="token",
        )
        ended = await threadscribe("transcribe", str(NOTE), folder=tmp_path, env=settings)
        assert (ended.code, ended.out) == (1, "")
        assert "sends results to its webhook only" in " ".join(ended.err.split())
        assert gowajee.jobs == {}


def test_jobs_show_tells_what_the_provider_says_of_its_work(tmp_path: Path) -> None:
    [job] = prepared(tmp_path, JobState.SUBMITTED)
    report = Report(kind="ASR_PULSE", amount=4.517, version="2.2.0", message="an \x1b[31minvented reason")

    async def reported(database: SQLite) -> None:
        held = await database.write(lambda tx: jobs.locked(tx, job.id))
        assert held is not None
        told = replace(held, handle="h1", handle_from=HandleFrom.ANSWER, report=report)
        await database.write(lambda tx: jobs.save(tx, held, told, now=NOON))

    within(tmp_path / "bot.db", reported)
    shown = command(tmp_path, "jobs", "show", job.id).output
    lines = dict(line.split(":", 1) for line in shown.splitlines() if ":" in line)
    told = {name: text.strip() for name, text in lines.items()}
    assert (told["reported type"], told["reported amount"], told["reported version"]) == ("ASR_PULSE", "4.517", "2.2.0")
    assert (told["id at the provider"], told["told of it by"]) == ("h1", "answer")
    assert "invented reason" in shown
    assert "\x1b" not in shown


@pytest.mark.parametrize("arguments", [["list", "--all"], ["show"]], ids=" ".join)
def test_titles_stay_out_of_the_operators_view(tmp_path: Path, arguments: list[str]) -> None:
    [job] = prepared(tmp_path, JobState.SUBMITTED)
    shown = command(tmp_path, "jobs", *arguments, *([job.id] if arguments == ["show"] else []))
    assert job.id in shown.output
    assert TITLE not in shown.output


@pytest.mark.parametrize("name", ["show", "retry", "cancel"])
def test_a_job_that_is_not_there_is_a_sentence(tmp_path: Path, name: str) -> None:
    prepared(tmp_path)
    result = command(tmp_path, "jobs", name, "nosuchjob2")
    assert result.exit_code == 2
    assert result.output == "There is no job nosuchjob2.\n"


@pytest.mark.parametrize("state", [JobState.ABANDONED, JobState.REPLIED])
def test_retry_starts_a_failed_job_again(tmp_path: Path, state: JobState) -> None:
    [job] = prepared(tmp_path, state, failure=Failure(reason=Reason.GAVE_UP))
    result = command(tmp_path, "jobs", "retry", job.id)
    assert result.exit_code == 0
    assert job.id in result.output
    again = stored(tmp_path, job)
    assert again.state is JobState.RECEIVED
    assert again.failure is None
    assert again.due_at is not None


def test_retry_hurries_a_waiting_job_and_leaves_its_state(tmp_path: Path) -> None:
    [job] = prepared(tmp_path, JobState.SUBMITTED)
    assert stored(tmp_path, job).due_at is None
    assert command(tmp_path, "jobs", "retry", job.id).exit_code == 0
    hurried = stored(tmp_path, job)
    assert hurried.state is JobState.SUBMITTED
    assert hurried.due_at is not None


def test_retry_of_a_job_with_its_transcript_is_refused(tmp_path: Path) -> None:
    [job] = prepared(tmp_path, JobState.REPLIED)
    result = command(tmp_path, "jobs", "retry", job.id)
    assert result.exit_code == 2
    assert "transcript" in result.output
    assert stored(tmp_path, job).state is JobState.REPLIED


def test_retry_of_a_job_that_is_just_being_tidied_up_is_a_sentence(tmp_path: Path) -> None:
    [job] = prepared(tmp_path, JobState.ABANDONED, failure=Failure(reason=Reason.GAVE_UP), held=True)
    result = command(tmp_path, "jobs", "retry", job.id)
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    assert job.id in result.output


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("state", [JobState.RECEIVED, JobState.SUBMITTING, JobState.SUBMITTED])
def test_cancel_ends_a_job_that_has_no_reply_yet_even_from_under_the_worker(
    tmp_path: Path, state: JobState, *, held: bool
) -> None:
    [job] = prepared(tmp_path, state, held=held)
    assert command(tmp_path, "jobs", "cancel", job.id).exit_code == 0
    ended = stored(tmp_path, job)
    assert ended.state is JobState.ABANDONED
    assert ended.failure == Failure(reason=Reason.CANCELLED)
    assert ended.lease is None
    assert ended.due_at is not None


@pytest.mark.parametrize("state", [JobState.READY, JobState.REPLYING, JobState.REPLIED, JobState.ABANDONED])
def test_cancel_of_a_job_that_is_too_far_is_refused(tmp_path: Path, state: JobState) -> None:
    [job] = prepared(tmp_path, state)
    result = command(tmp_path, "jobs", "cancel", job.id)
    assert result.exit_code == 2
    assert str(state) in result.output
    assert stored(tmp_path, job).state is state


@pytest.mark.parametrize(("form", "begins"), [("text", "16 seconds"), ("json", "{")])
async def test_transcribe_writes_every_form_with_the_engine_that_needs_no_account(
    tmp_path: Path, form: str, begins: str
) -> None:
    ended = await threadscribe("transcribe", str(NOTE), "--format", form, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.startswith(begins)
    assert ended.out.endswith("\n")
    assert not ended.out.endswith("\n\n\n")
    assert "wednesday" in ended.out.lower()
    if form == "json":
        assert json.loads(ended.out)


async def test_transcribe_writes_a_file_where_it_is_told_to_and_nothing_on_the_screen(tmp_path: Path) -> None:
    ended = await threadscribe("transcribe", str(NOTE), "-o", "note.txt", folder=tmp_path)
    assert ended.code == 0
    assert ended.out == ""
    assert list_of(tmp_path) == ["note.txt"]
    assert "wednesday" in text_of(tmp_path / "note.txt").lower()


@pytest.mark.parametrize("content", ["Minutes of the meeting. " * 100, ""])
async def test_transcribe_of_a_text_file_is_a_sentence_and_exit_code_1(tmp_path: Path, content: str) -> None:
    write(tmp_path / "minutes.txt", content)
    ended = await threadscribe("transcribe", "minutes.txt", folder=tmp_path)
    said_plainly(ended, code=1)
    sentence = ended.err.strip()
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert "minutes.txt" not in sentence.replace(str(tmp_path), "")


@pytest.mark.parametrize("arguments", [["nothing.m4a"], ["."], [str(NOTE), "--format", "pdf"]], ids=str)
async def test_transcribe_of_what_is_not_there_is_a_usage_error(tmp_path: Path, arguments: list[str]) -> None:
    said_plainly(await threadscribe("transcribe", *arguments, folder=tmp_path))


async def test_transcribe_names_what_the_chosen_provider_lacks(tmp_path: Path) -> None:
    ended = await threadscribe("transcribe", str(NOTE), folder=tmp_path, env=environment(TRANSCRIBER="botlhale"))
    said_plainly(ended, "BOTLHALE_ORG_ID", "BOTLHALE_REFRESH_TOKEN")


def write(path: Path, text: str, *, encoding: str = "utf-8") -> None:
    path.write_text(text, encoding=encoding)


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def list_of(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())
