"""What is not as it should be, one kind at a time: files, names, codecs. The whole corpus is in `test_corpus`."""

import gzip
import os
import signal
from collections.abc import Mapping
from contextlib import suppress

import pytest

from sandbox.faults import answer
from sandbox.script import Segment
from sandbox.slack import Message, Share, Slack, Upload
from sandbox.voices import SAMPLES
from storage.job import Job, JobState, Reason
from tests.corpus import files
from tests.corpus.items import PAGE, PDF, TEXT
from tests.corpus.processes import needs_proc, started
from tests.journeys.bench import Bench, only_reply, recording, silent, tone, words_of

NAMES = {
    "path": "../../../../etc/passwd.m4a",
    "windows": "C:\\Users\\amara\\voice.m4a",
    "slashes": "a/b//c/.m4a",
    "emoji": "🎙️👩‍👩‍👧 board meeting 🇿🇦.m4a",
    "right to left": "\u202ea4m.exe.\u202c שלום.m4a",
    "very long": "x" * 251 + ".m4a",
    "very long emoji": "🎙️" * 120 + ".m4a",
    "mention": "<!channel> <@U0SANDBOXBOT>.m4a",
    "link": "<https://evil.example|Transcript>.m4a",
    "marks": "*bold* _it_ ~no~ `code` &lt;!here&gt;.m4a",
    "control": "a\x00b\x1b[31mc\r\nd.m4a",
    "half a character": "a\ud83cb\udfff.m4a",
    "dots": "...",
    "spaces": "   ",
    "nothing": "",
    "device": "NUL",
    "format": "%s %n {0} {{}}.m4a",
    "quotes": "\"; DROP TABLE jobs; --'.m4a",
}
WORST = [NAMES[name] for name in ("path", "right to left", "very long emoji", "mention", "control", "half a character")]
"""What file names and sentences are tried with here; `tests/fuzz/test_what_is_shown.py` tries them with anything."""


async def each_answered(bench: Bench, slack: Slack, uploads: Mapping[str, Upload]) -> dict[str, tuple[Job, Message]]:
    """Share every upload in a channel of its own; its job at the end and the one reply."""
    shares = {
        name: await slack.share(slack.channel(f"place-{number}"), [upload])
        for number, (name, upload) in enumerate(uploads.items())
    }
    jobs = {job.origin.file: job for job in await bench.ended_at_last(len(shares))}
    await slack.quiet()
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []
    return {name: (jobs[share.file_ids[0]], the_reply(slack, share)) for name, share in shares.items()}


def the_reply(slack: Slack, share: Share) -> Message:
    (reply,) = [message for message in slack.messages(share.channel.id) if message.by_bot]
    assert reply.thread_ts == share.ts
    return reply


async def test_what_is_no_recording_is_told_in_its_thread_and_sent_to_nobody(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    root = slack.say(channel, "Here it comes")
    share = await slack.share(channel, [recording(content=PAGE, subtype="slack_audio")], thread_ts=root)
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure is None) == (JobState.REPLIED, False)
    reply = await only_reply(slack, share)
    assert reply.thread_ts == root
    assert set(slack.message(channel.id, share.ts).reactions) == {"warning"}
    assert not bench.botlhale.requests


async def test_a_page_is_a_page_whatever_it_calls_itself(bench: Bench, slack: Slack) -> None:
    await bench.start()
    suffixes = ["m4a", "ogg", "wav", "mp3", "webm", "mp4", "flac", "amr"]
    pages = {
        suffix: recording(content=PAGE, name=f"voice.{suffix}", filetype=suffix, mimetype=f"audio/{suffix}")
        for suffix in suffixes
    }
    for job, reply in (await each_answered(bench, slack, pages)).values():
        assert job.failure is not None
        assert "couldn't be read" in reply.text


async def test_a_recording_that_is_cut_off_is_answered_once_with_what_is_there_or_why_not(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    whole = {name: SAMPLES[name].path.read_bytes() for name in ("note", "second_note", "meeting", "clip", "call")}
    cut = {name: recording(name, content=content[: len(content) * 3 // 5]) for name, content in whole.items()}
    answers = (await each_answered(bench, slack, cut)).values()
    assert {job.state for job, _ in answers} == {JobState.REPLIED}
    assert len(bench.botlhale.uploads) == sum(job.failure is None for job, _ in answers) > 0


async def test_the_offline_engine_hears_nothing_in_silence_and_says_so(bench: Bench, slack: Slack) -> None:
    await bench.start(transcriber="embedded")
    upload = recording(content=tone(hertz=0), name="quiet.wav", filetype="wav", mimetype="audio/wav")
    ((job, reply),) = (await each_answered(bench, slack, {"silence": upload})).values()
    assert "No speech found in " in reply.text
    assert job.failure is None


async def test_whatever_a_recording_is_called_it_is_answered_and_its_name_does_no_harm(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    uploads = {case: recording(title=name, name=name) for case, name in NAMES.items()}
    for job, reply in (await each_answered(bench, slack, uploads)).values():
        assert (job.state, job.failure) == (JobState.REPLIED, None)
        assert_harmless(reply.text)
        assert "delivery on Wednesday" in words_of(reply)
        assert b"\x00" not in (job.title or "").encode(), "PostgreSQL keeps no NUL, nobody keeps half a character"


async def test_the_files_of_a_long_transcript_have_a_name_that_every_computer_takes(bench: Bench, slack: Slack) -> None:
    slack.refuse("chat.postMessage", "msg_too_long", times=len(WORST))
    await bench.start()
    for _, reply in (await each_answered(bench, slack, {name: recording(title=name) for name in WORST})).values():
        assert len(reply.files) == 2
        for file in reply.files:
            assert 5 <= len(file.name.encode()) <= 255
            assert not set(file.name) & set('<>:"/\\|?*\x00\r\n\u202e')
            assert not file.name.startswith((".", " "))
            assert file.title.strip()
            assert_harmless(file.title)


async def test_a_refusal_names_the_recording_harmlessly(bench: Bench, slack: Slack) -> None:
    await bench.start()
    uploads = {name: recording(title=name, content=PAGE) for name in WORST}
    for job, reply in (await each_answered(bench, slack, uploads)).values():
        assert job.failure is not None
        assert job.failure.reason is Reason.REFUSED
        assert_harmless(reply.text)


def assert_harmless(text: str) -> None:
    assert not [mark for mark in ("<!", "<@", "<#", "<http", "\u202e", "\x00", "\x1b") if mark in text]


async def test_good_and_bad_files_in_one_message_get_one_answer_each(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    uploads: list[Upload] = [recording(title="Good"), recording(content=PAGE, title="Bad")]
    share = await slack.share(channel, uploads)
    await bench.ended(2)
    replies = await slack.wait_for_replies(share, count=2)
    assert len(replies) == 2
    assert sorted("delivery on Wednesday" in words_of(reply) for reply in replies) == [False, True]
    assert [upload.received for upload in bench.botlhale.uploads.values()] == [1]


async def test_nothing_is_said_about_a_file_that_is_not_meant_to_be_a_recording(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    archive = files.zipped("voice.wav", tone())
    kinds = {"report.pdf": PDF, "notes.txt": TEXT, "site.html": PAGE, "all.zip": archive, "noext": TEXT}
    for name, content in kinds.items():
        suffix = name.rpartition(".")[2]
        await slack.share(channel, [recording(content=content, name=name, mimetype="text/plain", filetype=suffix)])
    await bench.ended(len(kinds))
    await slack.quiet()
    assert silent(slack, channel)
    assert not [call for call in slack.calls if call.method in {"download", "reactions.add"}]


async def test_a_download_that_unpacks_to_far_more_is_stopped_at_the_limit(bench: Bench, slack: Slack) -> None:
    packed = gzip.compress(bytes(200 * 2**20), compresslevel=1)
    slack.faults.arm("download", answer(200, packed, Content_Encoding="gzip", Content_Type="audio/mp4"))
    await bench.start(largest_file=2**20)
    ((job, reply),) = (await each_answered(bench, slack, {"bomb": recording()})).values()
    assert job.failure is not None
    assert "larger than 1 MB" in reply.text


async def in_decoding(slack: Slack) -> tuple[Share, int]:
    """A recording whose decoder was stopped in the middle of its work, as if it hung; the decoder's process."""
    upload = recording(content=files.flac(seconds=3_600), name="long.flac", filetype="flac")
    share = await slack.share(slack.channel("long"), [upload])
    decoder = await started(os.getpid())
    os.kill(decoder, signal.SIGSTOP)
    return share, decoder


@needs_proc
@pytest.mark.parametrize("end", [signal.SIGSEGV, signal.SIGALRM], ids=lambda end: end.name)
async def test_a_codec_that_hangs_and_crashes_costs_its_own_job_and_no_other(
    bench: Bench, slack: Slack, end: signal.Signals
) -> None:
    """SIGALRM is the clock that ends a decoder in which native code hangs; nobody waits here until it rings."""
    await bench.start()
    share, decoder = await in_decoding(slack)
    others = [await slack.share(slack.channel(f"other-{number}"), [recording()]) for number in range(3)]
    for other in others:
        assert "delivery on Wednesday" in words_of(await only_reply(slack, other))
    assert not slack.replies(share)
    for number in (end, signal.SIGCONT):
        with suppress(ProcessLookupError):
            os.kill(decoder, number)
    assert "couldn't be read" in (await only_reply(slack, share)).text
    jobs = await bench.ended_at_last(4)
    assert sorted(job.failure is None for job in jobs) == [False, True, True, True]
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


@needs_proc
async def test_a_decoder_that_is_told_to_stop_is_no_fault_of_the_recording(bench: Bench, slack: Slack) -> None:
    """A machine that shuts down tells every process to stop, the decoder before or after the bot."""
    bench.botlhale.script = [Segment(start=0, end=2, speaker=0, text="Tomorrow.")]
    await bench.start()
    share, decoder = await in_decoding(slack)
    os.kill(decoder, signal.SIGTERM)
    os.kill(decoder, signal.SIGCONT)
    (job,) = await bench.ended_at_last()
    assert job.failure is None
    assert "Tomorrow." in words_of(await only_reply(slack, share))
