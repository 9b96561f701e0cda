"""People steer what is in work and what is done: cancel, try again, transcribe in another way; nobody else's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from handlers import words
from handlers.action_ids import CANCEL, NAME_SPEAKERS, RERUN, RETRY
from sandbox.script import Segment
from sandbox.slack import Message, Share, Slack
from storage import transcripts
from storage.job import Job, JobState
from tests.journeys.bench import Bench, only_reply, press_control, recording, words_of

PEOPLE = ("amara", "thandi", "sipho")

LONG = [
    Segment(start=n / 100, end=(n + 1) / 100, speaker=n % 2, text=f"Sentence number {n} of a rather long meeting.")
    for n in range(400)
]
SHORT = [Segment(start=0, end=1, speaker=0, text="Something else entirely.")]


async def shared(bench: Bench) -> Share:
    slack = bench.slack
    channel = slack.channel("general", people=PEOPLE)
    return await slack.share(channel, [recording()], user=slack.user("amara"))


async def done(bench: Bench, **more: Any) -> tuple[Share, Message]:
    """A recording with its reply."""
    await bench.start(**more)
    share = await shared(bench)
    await bench.ended()
    return share, await only_reply(bench.slack, share)


async def reply_now(bench: Bench, share: Share) -> Message:
    """The one reply as it is once nothing is due any more."""
    await bench.ended()
    return await only_reply(bench.slack, share)


def said(answer: Any) -> list[str]:
    return [str(message["text"]) for message in answer.messages]


async def asked_again(slack: Slack, reply: Message, entered: dict[str, str], *, user: str | None = None) -> Any:
    """Fill in the form and send it."""
    await press_control(slack, reply, RERUN, user=user)
    [form] = slack.modals.values()
    return await slack.send(form, entered, user=user)


# In another way


@pytest.mark.parametrize(
    ("mode", "forms"),
    [
        ("socket", ("short", "short")),
        ("socket", ("short", "long")),
        ("socket", ("long", "short")),
        ("http", ("long", "long")),
    ],
)
async def test_the_new_transcript_takes_the_place_of_the_old(
    bench: Bench, slack: Slack, mode: str, forms: tuple[str, str]
) -> None:
    way_in: dict[str, Any] = {"slack_signing_secret": slack.signing_secret} if mode == "http" else {}
    bench.botlhale.script = LONG if forms[0] == "long" else None
    share, before = await done(bench, **way_in)
    bench.botlhale.script = LONG[1:] if forms[1] == "long" else SHORT
    answer = await asked_again(bench.slack, before, {words.CHOOSE_LANGUAGE: "isiZulu", words.CHOOSE_SPEAKERS: "2-4"})
    assert not answer.body
    assert slack.modals == {}
    after = await reply_now(bench, share)
    assert after.ts == before.ts
    assert ("Sentence number 1 " if forms[1] == "long" else "Something else entirely.") in words_of(after)
    assert len(after.files) == len(slack.own_files) == (2 if forms[1] == "long" else 0)
    [job] = await bench.jobs()
    assert (job.options.language, job.options.speakers, job.retried) == ("zu-ZA", (2, 4), 1)
    assert "zu-ZA" in list(bench.botlhale.uploads)[-1]
    [root] = [message for message in slack.messages(share.channel.id) if message.ts == share.ts]
    assert set(root.reactions) == {"white_check_mark"}


async def test_names_of_speakers_are_taken_away_with_the_old_voices(bench: Bench, slack: Slack) -> None:
    share, reply = await done(bench)
    await slack.press(reply, NAME_SPEAKERS)
    [form] = slack.modals.values()
    await slack.send(form, {words.name_of("Speaker 1"): "Naledi"})
    named = await reply_now(bench, share)
    assert "Naledi" in words_of(named)
    await slack.press(named, NAME_SPEAKERS)
    [open_before] = slack.modals.values()
    slack.modals.clear()
    await asked_again(bench.slack, named, {})
    after = await reply_now(bench, share)
    assert "Naledi" not in words_of(after)
    slack.modals[open_before["id"]] = open_before
    answer = await slack.send(open_before, {words.name_of("Speaker 1"): "Wrong"})
    assert words.VOICES_CHANGED in str(answer.body)
    assert "Wrong" not in words_of(await reply_now(bench, share))


async def test_doing_it_again_in_vain_leaves_what_is_there_and_tells_only_who_asked(bench: Bench, slack: Slack) -> None:
    share, before = await done(bench)
    bench.botlhale.fail_next()
    await asked_again(bench.slack, before, {words.CHOOSE_LANGUAGE: "isiZulu"})
    after = await reply_now(bench, share)
    assert words_of(after) == words_of(before)
    [job] = await bench.jobs()
    assert (job.state, job.failure, job.options.language) == (JobState.REPLIED, None, None)
    [whisper] = slack.ephemerals
    assert whisper["user"] == slack.user("amara")
    assert "The transcript in the thread stays." in whisper["text"]
    assert "Botlhale AI couldn't process it." in whisper["text"]


async def test_cancelling_what_is_done_again_keeps_the_old(bench: Bench, slack: Slack) -> None:
    share, before = await done(bench)
    bench.botlhale.hold = True
    await asked_again(bench.slack, before, {})
    job = await bench.waits(JobState.SUBMITTED)
    answer = await slack.command("/transcripts", f"cancel {job.id}", channel=share.channel)
    assert said(answer) == [words.RERUN_CANCELLED]
    assert words_of(await reply_now(bench, share)) == words_of(before)
    assert (await bench.jobs())[0].state is JobState.REPLIED


async def test_a_reply_that_was_deleted_meanwhile_is_posted_anew(bench: Bench, slack: Slack) -> None:
    share, before = await done(bench)
    slack.refuse("chat.update", "message_not_found")
    slack.delete_message(share.channel, before.ts)
    bench.botlhale.script = SHORT
    slack.modals.clear()
    [job] = await bench.jobs()
    await slack.interact(_pressed(slack, share, RERUN, job))
    [form] = slack.modals.values()
    await slack.send(form, {})
    assert "Something else entirely." in words_of(await reply_now(bench, share))


def _pressed(slack: Slack, share: Share, action: str, job: Job, **more: Any) -> dict[str, Any]:
    """As Slack sends it, and as somebody may have changed it."""
    return {
        "type": "block_actions",
        "user": {"id": slack.user("amara")},
        "channel": {"id": share.channel.id},
        "actions": [{"action_id": action, "type": "button", "value": job.id}],
        **more,
    }


async def test_what_is_no_number_of_speakers_is_said_under_its_field(bench: Bench, slack: Slack) -> None:
    _, reply = await done(bench)
    await press_control(slack, reply, RERUN)
    [form] = slack.modals.values()
    for entered in ("0", "21", "4-2", "two", "1-", "-1", "1-2-3"):
        answer = await slack.send(form, {words.CHOOSE_SPEAKERS: entered})
        assert words.SPEAKERS_PROBLEM in str(answer.body), entered
    assert (await bench.jobs())[0].retried == 0


async def test_a_language_that_the_transcriber_does_not_offer_is_said_under_its_field(bench: Bench) -> None:
    _, reply = await done(bench)
    answer = await asked_again(
        bench.slack, reply, {words.CHOOSE_TRANSCRIBER: "The offline engine", words.CHOOSE_LANGUAGE: "isiZulu"}
    )
    assert "doesn't support this language" in str(answer.body["errors"])


async def test_another_transcriber_may_be_chosen(bench: Bench) -> None:
    share, reply = await done(bench)
    await asked_again(bench.slack, reply, {words.CHOOSE_TRANSCRIBER: "The offline engine"})
    assert "offline engine" in words_of(await reply_now(bench, share))
    assert (await bench.jobs())[0].provider == "embedded"


# Try again


async def failed(bench: Bench, slack: Slack) -> tuple[Share, Message]:
    await bench.start()
    bench.botlhale.fail_next()
    share = await shared(bench)
    await bench.ended()
    return share, await only_reply(slack, share)


async def test_what_failed_is_tried_again_by_a_button_and_answered_in_place(bench: Bench, slack: Slack) -> None:
    share, sorry = await failed(bench, slack)
    answer = await slack.press(sorry, RETRY)
    assert (await answer.wait_for_messages())[0]["text"] == words.RERUN_STARTED
    after = await reply_now(bench, share)
    assert after.ts == sorry.ts
    assert "Transcribed by Botlhale AI" in words_of(after)
    [root] = [message for message in slack.messages(share.channel.id) if message.ts == share.ts]
    assert set(root.reactions) == {"white_check_mark"}
    replayed = await slack.interact(_pressed(slack, share, RETRY, (await bench.jobs())[0]))
    assert said(replayed) == [words.NOTHING_TO_RETRY]


async def test_and_by_command(bench: Bench, slack: Slack) -> None:
    share, _ = await failed(bench, slack)
    [job] = await bench.jobs()
    answer = await slack.command("/transcripts", f"retry {job.id}", channel=share.channel)
    assert said(answer) == [words.RERUN_STARTED]
    assert "Transcribed by Botlhale AI" in words_of(await reply_now(bench, share))


async def test_what_is_done_or_deleted_cannot_be_retried(bench: Bench, slack: Slack) -> None:
    share, _ = await done(bench)
    [job] = await bench.jobs()
    for wish, answered in (
        ("retry", words.NOTHING_TO_RETRY),
        ("delete", words.DELETED),
        ("retry", words.DELETED_BEFORE),
        ("cancel", words.DELETED_BEFORE),
    ):
        answer = await slack.command("/transcripts", f"{wish} {job.id}", channel=share.channel)
        assert said(answer) == [answered]
        await bench.ended()


async def test_what_has_no_transcript_and_cannot_get_one_is_not_sent_to_a_button(
    bench: Bench, slack: Slack, silent_video: bytes
) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    clip = recording(content=silent_video, name="clip.mp4", filetype="mp4", mimetype="video/mp4")
    await slack.share(channel, [clip], user=slack.user("amara"))
    [job] = await bench.ended()
    assert job.state is JobState.ABANDONED
    answer = await slack.command("/transcripts", f"retry {job.id}", channel=channel)
    assert said(answer) == [words.NO_USE_TO_RETRY]


# Who may


@pytest.mark.parametrize(("who", "allowed"), [("thandi", False), ("sipho", True), ("admin", True)])
async def test_only_some_people_steer(bench: Bench, slack: Slack, who: str, allowed: bool) -> None:  # noqa: FBT001
    slack.scopes.add("users:read")
    slack.admins.add(slack.user("admin"))
    bench.botlhale.hold = True
    await bench.start()
    channel = slack.channel("general", people=(*PEOPLE, "admin"))
    channel.creator = slack.user("sipho")
    await slack.share(channel, [recording()], user=slack.user("amara"))
    job = await bench.waits(JobState.SUBMITTED)
    answer = await slack.command("/transcripts", f"cancel {job.id}", channel=channel, user=slack.user(who))
    assert said(answer) == [words.CANCELLED if allowed else words.NOT_YOURS_TO_CHANGE]
    [job] = await bench.jobs() if not allowed else await bench.ended()
    assert (job.failure is not None) == allowed


async def _state_for(action: str, bench: Bench) -> tuple[Share, Job]:
    """A recording to which the action could well be done."""
    if action == RERUN:
        share, _ = await done(bench)
        return share, (await bench.jobs())[0]
    if action == RETRY:
        share, _ = await failed(bench, bench.slack)
        return share, (await bench.jobs())[0]
    bench.botlhale.hold = True
    await bench.start()
    return await shared(bench), await bench.waits(JobState.SUBMITTED)


@pytest.mark.parametrize("action", [CANCEL, RETRY, RERUN])
async def test_a_payload_that_was_changed_does_nothing(bench: Bench, slack: Slack, action: str) -> None:
    share, job = await _state_for(action, bench)
    changes: list[dict[str, Any]] = [
        {"team": {"id": "T0ELSEWHERE", "domain": "x"}},
        {"channel": {"id": slack.channel("other").id}},
        {"user": {"id": slack.user("thandi")}},
        {"actions": [{"action_id": action, "type": "button", "value": "nosuchjob1"}]},
    ]
    for change in changes:
        answer = await slack.interact(_pressed(slack, share, action, job, **change))
        await asyncio.sleep(0.05)
        assert not {words.RERUN_STARTED, words.CANCELLED} & set(said(answer)), change
        assert slack.modals == {}, change
        [now] = await bench.jobs()
        assert (now.state, now.retried) == (job.state, 0), change
    answer = await slack.interact(_pressed(slack, share, action, job))
    assert slack.modals or set(said(answer)) & {words.RERUN_STARTED, words.CANCELLED}, "the unchanged one is heard"


async def test_a_form_from_before_begins_nothing_twice(bench: Bench, slack: Slack) -> None:
    share, reply = await done(bench)
    await press_control(slack, reply, RERUN)
    [form] = slack.modals.values()
    await slack.send(form, {})
    await reply_now(bench, share)
    slack.modals[form["id"]] = form
    answer = await slack.send(form, {})
    assert words.STILL_IN_WORK in str(answer.body)
    assert (await bench.jobs())[0].retried == 1


async def test_a_form_of_somebody_else_or_that_was_changed_begins_nothing(bench: Bench, slack: Slack) -> None:
    _, reply = await done(bench)
    await press_control(slack, reply, RERUN)
    [form] = slack.modals.values()
    answer = await slack.send(form, {}, user=slack.user("thandi"))
    assert words.NOT_YOURS_TO_CHANGE in str(answer.body)
    for metadata in ("", "{}", "[]", '{"job": 1}', '{"job": "nosuchjob1", "retried": 0}'):
        slack.modals[form["id"]] = form
        await slack.send({**form, "private_metadata": metadata}, {})
    await bench.ended()
    assert (await bench.jobs())[0].retried == 0


async def test_a_trigger_that_is_over_is_a_sentence(bench: Bench, slack: Slack) -> None:
    _, reply = await done(bench)
    slack.refuse("views.open", "expired_trigger_id")
    answer = await press_control(slack, reply, RERUN)
    assert (await answer.wait_for_messages())[0]["text"] == words.NOT_NOW


async def test_the_stored_transcript_is_the_new_one(bench: Bench) -> None:
    share, reply = await done(bench)
    bench.botlhale.script = SHORT
    await asked_again(bench.slack, reply, {})
    await reply_now(bench, share)
    [job] = await bench.jobs()
    assert bench.bot is not None
    stored = await bench.bot.tools.database.read(lambda tx: transcripts.get(tx, job.id))
    assert stored is not None
    assert [turn.text for turn in stored.turns] == ["Something else entirely."]


# What a good transcript is not given up for


async def test_nothing_heard_is_nothing_better(bench: Bench, slack: Slack) -> None:
    share, before = await done(bench)
    bench.botlhale.script = []
    await asked_again(slack, before, {words.CHOOSE_LANGUAGE: "isiZulu"})
    assert words_of(await reply_now(bench, share)) == words_of(before)
    assert words.NOTHING_HEARD in slack.ephemerals[0]["text"]


@pytest.mark.parametrize("code", ["edit_window_closed", "msg_too_long"])
async def test_a_reply_that_cannot_be_changed_is_replaced_and_goes_with_the_rest(
    bench: Bench, slack: Slack, code: str
) -> None:
    share, before = await done(bench)
    bench.botlhale.script = SHORT
    slack.refuse("chat.update", code)
    await asked_again(slack, before, {})
    assert "Something else entirely." in words_of(await reply_now(bench, share))
    [job] = await bench.jobs()
    await slack.command("/transcripts", f"delete {job.id}", channel=share.channel)
    await bench.ended()
    assert slack.replies(share) == []


async def test_an_old_file_that_cannot_be_deleted_does_not_undo_the_change(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = LONG
    share, before = await done(bench)
    bench.botlhale.script = LONG[1:]
    slack.refuse("files.delete", "cant_delete_file", times=20)
    await asked_again(slack, before, {})
    after = await reply_now(bench, share)
    assert after.ts == before.ts
    assert "Sentence number 1 " in words_of(after)


async def test_names_given_while_it_is_done_again_are_refused_with_a_word(bench: Bench, slack: Slack) -> None:
    _, reply = await done(bench)
    await slack.press(reply, NAME_SPEAKERS)
    [naming] = slack.modals.values()
    slack.modals.clear()
    bench.botlhale.hold = True
    await asked_again(slack, reply, {})
    await bench.waits(JobState.SUBMITTED)
    slack.modals[naming["id"]] = naming
    answer = await slack.send(naming, {words.name_of("Speaker 1"): "Naledi"})
    assert words.STILL_IN_WORK in str(answer.body)
    pressed = await slack.press(reply, NAME_SPEAKERS)
    assert (await pressed.wait_for_messages())[0]["text"] == words.STILL_IN_WORK


async def test_what_failed_can_be_done_in_another_way(bench: Bench, slack: Slack) -> None:
    share, sorry = await failed(bench, slack)
    await asked_again(slack, sorry, {words.CHOOSE_LANGUAGE: "isiZulu"})
    assert "Transcribed by Botlhale AI" in words_of(await reply_now(bench, share))
    assert "zu-ZA" in list(bench.botlhale.uploads)[-1]
