"""Every documented parameter does what it says, from the setting to the reply."""

from __future__ import annotations

import io
import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from handlers import words
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.script import Segment
from sandbox.slack import Slack, Upload
from tests.journeys.bench import Bench, gowajee_settings, only_reply, recording, tone, words_of
from tests.journeys.test_settings import PEOPLE, chosen, opened
from tests.transcription.recordings import Kind, encode
from transcription import remarks

TALK = [
    Segment(start=0, end=1, speaker=0, text="We begin."),
    Segment(start=1, end=2, speaker=1, text="Yes, we do."),
    Segment(start=2, end=3, speaker=0, text="Good."),
]
THAI = [Segment(start=0, end=1, speaker=0, text="สวัสดีครับ"), Segment(start=1, end=2, speaker=0, text="วันนี้ ประชุม")]


@pytest.fixture
async def gowajee() -> AsyncIterator[Gowajee]:
    async with Gowajee() as running:
        running.script = TALK
        yield running


def stereo() -> Upload:
    """A call with one speaker on each channel."""
    target = io.BytesIO()
    with wave.open(target, "wb") as written:
        written.setnchannels(2)
        written.setsampwidth(2)
        written.setframerate(8000)
        written.writeframes(b"\x10\x00\x20\x00" * 8000 * 3)
    return recording(content=target.getvalue(), name="call.wav", mimetype="audio/wav", filetype="wav")


def mono() -> Upload:
    return recording(content=tone(), name="tone.wav", mimetype="audio/wav", filetype="wav")


async def told(bench: Bench, slack: Slack, shared: Upload) -> str:
    share = await slack.share(slack.channel("general"), [shared])
    await bench.ended_at_last()
    return words_of(await only_reply(slack, share))


async def test_without_diarization_botlhale_s_sentences_are_a_paragraph_of_nobody_s(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = TALK
    await bench.start(botlhale_diarization=False)
    said = await told(bench, slack, recording())
    assert "0:00\nWe begin. Yes, we do. Good." in said
    assert "peaker 1" not in said
    assert "Unknown" not in said


@pytest.mark.parametrize(
    ("script", "read"),
    [(TALK, "0:00\nWe begin. Yes, we do. Good."), (THAI, "0:00\nสวัสดีครับวันนี้ ประชุม")],
    ids=["", "thai"],
)
async def test_without_diarization_gowajee_s_sentences_are_a_paragraph_of_nobody_s(
    bench: Bench, slack: Slack, gowajee: Gowajee, script: list[Segment], read: str
) -> None:
    gowajee.script = script
    await bench.start(**gowajee_settings(gowajee), gowajee_diarization=False)
    said = await told(bench, slack, recording())
    assert read in said
    assert "peaker 1" not in said
    assert "Unknown" not in said


RAW = {"gowajee_sample_rate": 16_000, "gowajee_sample_width": 2, "gowajee_channels": 1}


@pytest.mark.parametrize(
    ("shared", "channels", "diarized"), [(stereo(), 2, False), (mono(), 1, True)], ids=["stereo", "mono"]
)
@pytest.mark.parametrize("raw", [{}, RAW], ids=["", "raw"])
async def test_channels_tell_speakers_apart_where_there_are_two(
    bench: Bench, slack: Slack, gowajee: Gowajee, shared: Upload, channels: int, *, diarized: bool, raw: dict[str, Any]
) -> None:
    await bench.start(**gowajee_settings(gowajee), gowajee_multichannels=True, speakers=2, **raw)
    said = await told(bench, slack, shared)
    (job,) = gowajee.jobs.values()
    order = job.order
    assert (order.multichannels, order.diarization, order.num_speakers) == (
        not diarized,
        diarized,
        2 if diarized else None,
    )
    assert job.recording is not None
    assert job.recording.wav is not None
    assert job.recording.wav.channels == channels
    assert order.channels == (channels if raw else None)
    assert ("Speaker 1" if diarized else "Channel 1") in said


async def test_what_reaches_gowajee_is_wav_of_16_bits_at_16_khz_whatever_was_shared(
    bench: Bench, slack: Slack, gowajee: Gowajee
) -> None:
    await bench.start(**gowajee_settings(gowajee))
    for number, which in enumerate(("note", "clip", "meeting"), start=1):
        await slack.share(slack.channel(which), [recording(which)])
        await bench.ended_at_last(number)
    found = [job.recording.wav for job in gowajee.jobs.values() if job.recording is not None]
    forms = [(wav.encoding, wav.sample_rate, wav.sample_width, wav.channels) for wav in found if wav is not None]
    assert forms == [(1, 16_000, 2, 1)] * 3


async def test_a_score_counts_for_words_that_were_set_in_slack(bench: Bench, slack: Slack, gowajee: Gowajee) -> None:
    await bench.start(**gowajee_settings(gowajee), gowajee_boost_score=12)
    await told(bench, slack, recording())
    channel = slack.channel("other", people=PEOPLE)
    await chosen(slack, channel, {words.CHOOSE_WORDS: "Naledi, ubuntu"})
    await slack.share(channel, [mono()], user=slack.user("amara"))
    await bench.ended_at_last(2)
    without, boosted = (job.order for job in gowajee.jobs.values())
    assert (without.boost_word_list, without.boost_score) == ([], None)
    assert (boosted.boost_word_list, boosted.boost_score) == (["Naledi", "ubuntu"], 12)


@pytest.mark.parametrize("large", [False, True])
async def test_voices_go_with_what_is_sent_inline_and_the_reply_says_where_they_do_not(
    bench: Bench, slack: Slack, gowajee: Gowajee, tmp_path: Path, *, large: bool
) -> None:
    folder = tmp_path / "voices"
    folder.mkdir()
    encode(folder / "Somchai.wav", Kind(suffix=".wav", codec="pcm_s16le", rate=16_000), seconds=4.5)
    port = free_port()
    inline = {"gowajee_largest_inline": 1000} if large else {}
    address = {"http_port": port, "public_url": f"http://127.0.0.1:{port}"}
    await bench.start(**gowajee_settings(gowajee), gowajee_reference_speakers=folder, **address, **inline)
    said = await told(bench, slack, recording())
    (job,) = gowajee.jobs.values()
    assert (job.sent_as, job.voices) == (("url", ()) if large else ("multipart", ("Somchai",)))
    assert ("Somchai" in said) is not large
    assert (remarks.VOICES_NOT_SENT in said) is large


async def test_the_form_says_which_languages_have_to_be_chosen_until_one_is(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    told_so = words.only_if_chosen("Botlhale AI", ["Kiswahili", "Kikuyu", "Kikamba", "Kinyarwanda"])
    assert told_so == (
        "Botlhale AI doesn't detect Kiswahili, Kikuyu, Kikamba or Kinyarwanda automatically. "
        "If the recording is in one of these, choose it here."
    )
    form, _ = await opened(slack, channel)
    assert told_so in str(form)
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "Kinyarwanda"})
    form, _ = await opened(slack, channel)
    assert told_so not in str(form)


async def test_the_form_says_nothing_of_it_where_the_operator_has_set_a_language(bench: Bench, slack: Slack) -> None:
    await bench.start(botlhale_language="zu-ZA")
    form, _ = await opened(slack, slack.channel("general", people=PEOPLE))
    assert "automatically" not in str(form)


async def test_a_language_without_speakers_is_transcribed_without_them(bench: Bench, slack: Slack) -> None:
    bench.botlhale.script = TALK
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    await chosen(slack, channel, {words.CHOOSE_LANGUAGE: "Kinyarwanda"})
    share = await slack.share(channel, [recording()], user=slack.user("amara"))
    await bench.ended()
    said = words_of(await only_reply(slack, share))
    (asked,) = [
        request.fields for request in bench.botlhale.requests if request.fields and "LanguageCode" in request.fields
    ]
    assert asked == ["OrgID", "SampleRate", "LanguageCode"]
    assert "We begin. Yes, we do. Good." in said
