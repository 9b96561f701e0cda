from typing import Any

import av
import numpy as np
import pytest

from sandbox.slack import Share, Slack, Upload
from sandbox.voices import SAMPLES
from storage.job import JobState, Reason
from tests.journeys.bench import Bench, only_reply, recording, silent, tone, words_of

NOTE = SAMPLES["note"].path.read_bytes()
PAGE = b"<!DOCTYPE html><html><head><title>Not found</title></head><body><script>alert(1)</script></body></html>"
PDF = b"%PDF-1.7\n" + bytes(range(256)) * 40
ZIP = b"PK\x03\x04" + bytes(2000)
BAD = {
    "empty": b"",
    "one byte": b"\x00",
    "text": b"Dear all, please find the recording attached.\n" * 200,
    "page": PAGE,
    "pdf": PDF,
    "zip": ZIP,
    "zeros": bytes(100_000),
    "picture": b"\x89PNG\r\n\x1a\n" + bytes(500),
    "only a head": NOTE[:200],
    "cut in the middle": NOTE[: len(NOTE) // 2],
    "no head": NOTE[len(NOTE) // 2 :],
    "playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\nhttp://127.0.0.1:9/secret\n#EXT-X-ENDLIST\n",
    "list of files": b"ffconcat version 1.0\nfile /etc/passwd\n",
    "session": b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\n",
}
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
    "dots": "...",
    "spaces": "   ",
    "nothing": "",
    "device": "NUL",
    "format": "%s %n {0} {{}}.m4a",
    "quotes": "\"; DROP TABLE jobs; --'.m4a",
}


def looks_spoken(text: str) -> bool:
    """Whether it can be read aloud: no code, no markup, no trace of a program."""
    return not any(mark in text for mark in ("<", ">", "Error", "None", "Traceback", "{", "_"))


async def refused(bench: Bench, slack: Slack, share: Share) -> str:
    """Wait for the end; there is one reply with a sentence, the reaction warns, and nobody outside was told."""
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure is None) == (JobState.REPLIED, False)
    reply = await only_reply(slack, share)
    assert reply.thread_ts == share.root_ts
    assert looks_spoken(reply.text)
    assert "share" in reply.text.lower()
    assert set(slack.message(share.channel.id, share.ts).reactions) == {"warning"}
    assert not bench.botlhale.requests
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []
    return reply.text


@pytest.mark.parametrize("name", BAD)
async def test_what_is_no_recording_is_told_in_its_thread_and_sent_to_nobody(
    bench: Bench, slack: Slack, name: str
) -> None:
    await bench.start()
    channel = slack.channel("general")
    root = slack.say(channel, "Here it comes")
    share = await slack.share(channel, [recording(content=BAD[name], subtype="slack_audio")], thread_ts=root)
    await refused(bench, slack, share)


async def test_a_voice_note_in_which_nothing_was_recorded_is_told_in_its_thread(bench: Bench, slack: Slack) -> None:
    await bench.start()
    upload = recording(content=tone(seconds=0), name="audio_message.wav", mimetype="audio/wav", subtype="slack_audio")
    await refused(bench, slack, await slack.share(slack.channel("general"), [upload]))


@pytest.mark.parametrize("suffix", ["m4a", "ogg", "wav", "mp3", "webm", "mp4", "flac", "amr"])
async def test_a_page_is_a_page_whatever_it_calls_itself(bench: Bench, slack: Slack, suffix: str) -> None:
    await bench.start()
    upload = recording(content=PAGE, name=f"voice.{suffix}", filetype=suffix, mimetype=f"audio/{suffix}")
    await refused(bench, slack, await slack.share(slack.channel("general"), [upload]))


@pytest.mark.parametrize("which", ["note", "second_note", "meeting", "clip", "call"])
async def test_a_recording_that_is_cut_off_is_answered_once_with_what_is_there_or_why_not(
    bench: Bench, slack: Slack, which: str
) -> None:
    content = SAMPLES[which].path.read_bytes()
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(which, content=content[: len(content) * 3 // 5])])
    (job,) = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.state is JobState.REPLIED
    assert len(bench.botlhale.uploads) == (job.failure is None)


async def test_a_recording_with_a_hole_in_it_is_transcribed_with_a_remark(bench: Bench, slack: Slack) -> None:
    content = bytearray(NOTE)
    middle = len(content) // 2
    content[middle : middle + 4000] = b"\xff" * 4000
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(content=bytes(content))])
    await bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert "Parts of the recording could not be read, so words may be missing." in words_of(reply)


@pytest.mark.parametrize("name", ["note", "second_note", "meeting", "clip", "dialogue"])
async def test_what_the_file_is_decides_and_not_what_it_is_called(bench: Bench, slack: Slack, name: str) -> None:
    await bench.start()
    upload = recording(name, name="voice.mp3", filetype="mp3", mimetype="audio/mpeg")
    share = await slack.share(slack.channel("general"), [upload])
    (job,) = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.failure is None


async def test_silence_is_told_to_be_silence(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = []
    await bench.start()
    upload = recording(content=tone(hertz=0), name="quiet.wav", filetype="wav", mimetype="audio/wav")
    share = await slack.share(slack.channel("general"), [upload])
    reply = await only_reply(slack, share)
    await bench.ended()
    assert "No speech was found in this recording." in reply.text
    assert set(slack.message(share.channel.id, share.ts).reactions) <= {"white_check_mark", "warning"}


async def test_a_recording_of_a_tenth_of_a_second_is_answered(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = []
    await bench.start()
    upload = recording(content=tone(seconds=0.1), name="click.wav", filetype="wav", mimetype="audio/wav")
    share = await slack.share(slack.channel("general"), [upload])
    await bench.ended_at_last()
    await only_reply(slack, share)


@pytest.mark.parametrize("field", ["title", "name"])
@pytest.mark.parametrize("name", NAMES)
async def test_whatever_a_recording_is_called_it_is_answered_and_its_name_does_no_harm(
    bench: Bench, slack: Slack, name: str, field: str
) -> None:
    await bench.start()
    more: dict[str, Any] = {field: NAMES[name]}
    share = await slack.share(slack.channel("general"), [recording(**more)])
    (job,) = await bench.ended_at_last()
    assert (job.state, job.failure) == (JobState.REPLIED, None)
    reply = await only_reply(slack, share)
    assert_harmless(reply.text)
    assert "delivery on Wednesday" in words_of(reply)
    assert list((bench.folder / "threadscribe-spool").iterdir()) == []


@pytest.mark.parametrize("name", NAMES)
async def test_the_files_of_a_long_transcript_have_a_name_that_every_computer_takes(
    bench: Bench, slack: Slack, name: str
) -> None:
    slack.refuse("chat.postMessage", "msg_too_long")
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(title=NAMES[name])])
    await bench.ended_at_last()
    reply = await only_reply(slack, share)
    for file in reply.files:
        assert 5 <= len(file.name.encode()) <= 255
        assert not set(file.name) & set('<>:"/\\|?*\x00\r\n\u202e')
        assert not file.name.startswith((".", " "))
        assert file.title.strip()
        assert_harmless(file.title)


@pytest.mark.parametrize("name", NAMES)
async def test_a_refusal_names_the_recording_harmlessly(bench: Bench, slack: Slack, name: str) -> None:
    await bench.start()
    share = await slack.share(slack.channel("general"), [recording(content=PAGE, title=NAMES[name])])
    (job,) = await bench.ended_at_last()
    reply = await only_reply(slack, share)
    assert job.failure is not None
    assert job.failure.reason is Reason.REFUSED
    assert_harmless(reply.text)


def assert_harmless(text: str) -> None:
    assert not [mark for mark in ("<!", "<@", "<#", "<http", "\u202e", "\x00", "\x1b") if mark in text]


async def test_a_recording_that_claims_to_be_endless_is_judged_by_its_sound(bench: Bench, slack: Slack) -> None:
    content = bytearray(tone())
    content[4:8] = content[40:44] = b"\xff\xff\xff\x7f"
    await bench.start()
    upload = recording(content=bytes(content), name="endless.wav", filetype="wav", mimetype="audio/wav")
    share = await slack.share(slack.channel("general"), [upload])
    (job,) = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.state is JobState.REPLIED


async def test_good_and_bad_files_in_one_message_get_one_answer_each(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    files: list[Upload] = [recording(title="Good"), recording(content=PAGE, title="Bad")]
    share = await slack.share(channel, files)
    await bench.ended(2)
    replies = await slack.wait_for_replies(share, count=2)
    assert len(replies) == 2
    assert sorted("delivery on Wednesday" in words_of(reply) for reply in replies) == [False, True]
    assert [upload.received for upload in bench.botlhale.uploads.values()] == [1]


async def test_a_picture_in_a_sound_file_is_no_obstacle(bench: Bench, slack: Slack, with_cover: bytes) -> None:
    await bench.start()
    upload = recording(content=with_cover, name="song.mkv", filetype="mkv", mimetype="video/x-matroska")
    share = await slack.share(slack.channel("general"), [upload])
    (job,) = await bench.ended_at_last()
    await only_reply(slack, share)
    assert job.failure is None


@pytest.fixture(scope="session")
def with_cover(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("cover") / "song.mkv"
    with av.open(path, "w") as container:
        picture = container.add_stream("mjpeg", rate=1)
        picture.width, picture.height, picture.pix_fmt = 32, 32, "yuvj420p"
        sound = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        container.mux(picture.encode(av.VideoFrame(32, 32, "yuvj420p")))
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 16_000), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(sound.encode(frame))
        container.mux(picture.encode())
        container.mux(sound.encode())
    return path.read_bytes()


async def test_nothing_is_said_about_a_file_that_is_not_meant_to_be_a_recording(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general")
    kinds = {"report.pdf": PDF, "notes.txt": BAD["text"], "site.html": PAGE, "all.zip": ZIP, "noext": BAD["text"]}
    for name, content in kinds.items():
        suffix = name.rpartition(".")[2]
        await slack.share(channel, [recording(content=content, name=name, mimetype="text/plain", filetype=suffix)])
    await bench.ended(len(kinds))
    await slack.quiet()
    assert silent(slack, channel)
    assert not [call for call in slack.calls if call.method in {"download", "reactions.add"}]
