"""What Prometheus is told while a real bot works: every number is of something that really happened."""

from __future__ import annotations

import time

import aiohttp
import pytest

from sandbox.faults import answer
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.slack import Slack
from storage.job import JobState, Reason
from tests.bot.prometheus_text import Told, scraped
from tests.journeys.bench import WEBHOOK_TOKEN, Bench, eventually, gowajee_settings, only_reply, recording

TITLE = "Salaries of the board"
IN_HTTP_MODE = {"slack_signing_secret": "sandbox-signing", "slack_app_token": None}

KNOWN = {
    "state": {str(state) for state in JobState},
    "provider": {"none", "embedded", "botlhale", "gowajee"},
    "call": {"prepare", "submit", "find", "check"},
    "outcome": {"transcript", "failure", "kept", "refused", "failed"},
    "kind": {"event", "command", "webhook", "other"},
    "decision": {"again", "given up"},
    "reason": {str(reason) for reason in Reason},
    "name": {"worker", "slack", "socket", "spool"},
    "error": {"Unavailable", "Misunderstood", "Failed", "SlackRefused", "SlackUnavailable"},
    "method": {
        "auth.test",
        "files.info",
        "conversations.info",
        "conversations.replies",
        "reactions.add",
        "reactions.remove",
        "chat.postMessage",
        "files.getUploadURLExternal",
        "files.completeUploadExternal",
        "upload",
    },
}
"""Every word that a label of ours may have here."""


ONE_OF_EACH = {
    ("threadscribe_replies_total", "transcript"): 1,
    ("threadscribe_replies_total", "failure"): 1,
    ("threadscribe_share_to_reply_seconds_count", "botlhale"): 2,
    ("threadscribe_jobs_given_up_total",): 1,
    ("threadscribe_jobs_given_up_total", "provider_failed"): 1,
    ("threadscribe_steps_failed_total",): 2,
    ("threadscribe_steps_failed_total", "submitted", "Unavailable", "again"): 1,
    ("threadscribe_steps_failed_total", "submitted", "Failed", "given up"): 1,
    ("threadscribe_provider_call_errors_total",): 2,
    ("threadscribe_provider_call_errors_total", "botlhale", "check", "Unavailable"): 1,
    ("threadscribe_provider_call_errors_total", "botlhale", "check", "Failed"): 1,
    ("threadscribe_provider_call_seconds_count", "botlhale", "prepare"): 2,
    ("threadscribe_provider_call_seconds_count", "botlhale", "submit"): 2,
    ("threadscribe_slack_call_seconds_count", "chat.postMessage"): 2,
    ("threadscribe_slack_call_errors_total",): 0,
    ("threadscribe_acknowledgement_seconds_count",): 2,
    ("threadscribe_acknowledgement_seconds_count", "event", "kept"): 2,
    ("threadscribe_jobs",): 0,
    ("threadscribe_queue_depth",): 0,
    ("threadscribe_oldest_job_age_seconds",): 0,
    ("threadscribe_database_up",): 1,
    ("threadscribe_database_unavailable_total",): 0,
    ("threadscribe_check", "socket"): 1,
    ("threadscribe_check", "slack"): 1,
    ("threadscribe_check", "spool"): 1,
    ("threadscribe_check", "worker"): 1,
}
"""The sum over every series of a metric that has these words among its labels."""


async def test_one_transcript_one_failure_and_one_retry_are_told_exactly(bench: Bench, slack: Slack) -> None:
    port, channel = free_port(), slack.channel("general")
    bench.botlhale.faults.arm("GET /asr/async/status", answer(500))
    bot = await bench.start(metrics_port=port)
    good = await slack.share(channel, [recording("note", title=TITLE)])
    await bench.ended_at_last()
    bench.botlhale.fail_next()
    bad = await slack.share(channel, [recording("second_note", mimetype="audio/ogg", title=TITLE)])
    jobs = await bench.ended_at_last(2)
    await eventually(lambda: bot.socket is not None and bot.socket.is_connected)
    said = await scraped(port)

    assert {of: said.total(of[0], among=of[1:]) for of in ONE_OF_EACH} == ONE_OF_EACH
    assert said.total("threadscribe_socket_connections_total") >= 1
    length = sum(job.duration.total_seconds() for job in jobs if job.duration)
    assert said.total("threadscribe_sent_audio_seconds_total") == pytest.approx(length, abs=0.01)
    assert _unknown_words(said) == {}
    _gives_nothing_away(said, slack, [job.id for job in jobs], [*good.file_ids, *bad.file_ids, channel.id])


def _unknown_words(said: Told) -> dict[str, set[str]]:
    """Of labels, other than those that only the program itself can write."""
    ours = {label: words for label, words in said.labels().items() if label not in {"le", "version", "python"}}
    return {label: words - KNOWN[label] for label, words in ours.items() if words - KNOWN[label]}


def _gives_nothing_away(said: Told, slack: Slack, jobs: list[str], ids: list[str]) -> None:
    secrets = (slack.bot_token, slack.app_token, slack.signing_secret)
    people = (slack.team_id, slack.user("amara"), TITLE, "Salaries", "delivery on Wednesday", "general")
    for kept_out in (*secrets, *people, *jobs, *ids):
        assert kept_out
        assert kept_out not in said.text


async def test_a_recording_that_waits_for_its_provider_is_told_as_such(bench: Bench, slack: Slack) -> None:
    port = free_port()
    bench.botlhale.hold = True
    await bench.start(metrics_port=port)
    share = await slack.share(slack.channel("general"), [recording()])
    await eventually(lambda: bench.botlhale.uploads)
    await bench.waits(JobState.SUBMITTED)
    said = await scraped(port)
    assert said.value("threadscribe_jobs", state="submitted", provider="botlhale") == 1
    assert said.total("threadscribe_jobs") == 1
    assert (said.value("threadscribe_oldest_job_age_seconds") or 0) > 0
    bench.botlhale.release()
    await only_reply(slack, share)


async def test_every_way_in_is_timed_when_slack_comes_over_http(bench: Bench, slack: Slack) -> None:
    port, channel = free_port(), slack.channel("general")
    bot = await bench.start(metrics_port=port, **IN_HTTP_MODE)
    share = await slack.share(channel, [recording()])
    await only_reply(slack, share)
    await (await slack.command("/transcripts", "", channel=channel)).wait_for_messages()
    forged = {"X-Slack-Signature": "v0=" + "0" * 64, "X-Slack-Request-Timestamp": str(int(time.time()))}
    root = f"http://127.0.0.1:{bot.listening.port}"
    async with aiohttp.ClientSession() as session:
        async with session.post(f"{root}/slack/events", data=b'{"type": "event_callback"}', headers=forged) as refused:
            assert refused.status == 401
        async with session.post(f"{root}/webhooks/T1-very-secret") as unknown:
            assert unknown.status == 404
    said = await scraped(port)
    answered = "threadscribe_acknowledgement_seconds_count"
    assert said.value(answered, kind="event", outcome="kept") == len(slack.deliveries)
    assert said.value(answered, kind="command", outcome="kept") == 1
    assert said.value(answered, kind="webhook", outcome="refused") == 1
    assert said.total(answered, among=["refused"]) == 2
    assert "very-secret" not in said.text


async def test_a_webhook_is_timed_and_a_provider_that_calls_back_is_measured_too(bench: Bench, slack: Slack) -> None:
    port, apart = free_port(), free_port()
    hook = f"http://127.0.0.1:{port}/webhooks/gowajee?token={WEBHOOK_TOKEN}"
    async with Gowajee(webhook_url=hook) as gowajee:
        await bench.start(http_port=port, metrics_port=apart, soonest_look=600.0, **gowajee_settings(gowajee))
        await slack.share(slack.channel("general"), [recording("dialogue")])
        await bench.ended()
        said = await scraped(apart)
        await bench.stop()
    assert said.total("threadscribe_acknowledgement_seconds_count", among=["webhook", "kept"]) == 1
    assert said.total("threadscribe_provider_call_seconds_count", among=["gowajee", "submit"]) == 1
    assert said.total("threadscribe_replies_total", among=["gowajee", "transcript"]) == 1
