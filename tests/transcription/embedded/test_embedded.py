"""The offline engine as a transcriber: real processes, real recordings, and what happens when they are killed."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.voices import SAMPLES
from tests.corpus import processes
from tests.corpus.processes import needs_proc
from tests.transcription.spoken import Sound, as_wav, decoded, silence
from transcription import remarks
from transcription.embedded.transcriber import Embedded
from transcription.errors import Failed, Lost, Refused
from transcription.hints import Hints
from transcription.transcriber import Audio, Handle, Inquiry, Pending
from transcription.transcript import Transcript

PATIENCE = 120
"""Seconds, for a busy machine."""

NOW = timedelta(0)

ENGINE = "transcription.engine.worker"


@pytest.fixture
async def embedded() -> AsyncIterator[Embedded]:
    engine = Embedded()
    yield engine
    await engine.close()


def recording(folder: Path, sound: Sound) -> Audio:
    folder.mkdir(exist_ok=True)
    path = as_wav(sound, folder / "audio.wav")
    return Audio(key=folder.name, path=path, duration=timedelta(seconds=len(sound) / 16_000), sample_rate=16_000)


@pytest.fixture
def short(tmp_path: Path) -> Audio:
    return recording(tmp_path / "short", decoded(SAMPLES["note"].path)[: 16_000 * 4])


@pytest.fixture
def long(tmp_path: Path) -> Audio:
    """A recording that keeps the engine busy until a test has seen it."""
    return recording(tmp_path / "long", decoded(SAMPLES["meeting"].path))


async def sent(engine: Embedded, audio: Audio) -> Handle:
    return (await engine.submit(audio, await engine.prepare(audio))).handle


async def answer(engine: Embedded, handle: Handle) -> Transcript:
    async with asyncio.timeout(PATIENCE):
        while True:
            match await engine.check(handle, Inquiry(age=NOW)):
                case Transcript() as transcript:
                    return transcript
                case Pending(poll_after=pause):
                    assert pause is not None
                    await asyncio.sleep(pause.total_seconds() / 10)


def children() -> list[int]:
    """The engine's processes that this very process has started and that still live."""
    return processes.children(os.getpid(), module=ENGINE)


async def started() -> int:
    return await processes.started(os.getpid(), module=ENGINE)


async def test_a_recording_becomes_a_transcript_that_says_what_to_expect_of_it(
    embedded: Embedded, short: Audio
) -> None:
    transcript = await answer(embedded, await sent(embedded, short))
    assert "delivery" in transcript.turns[0].text
    assert [speaker.label for speaker in transcript.speakers] == ["voice_1"]
    assert transcript.languages == ("en",)
    assert transcript.duration == short.duration
    assert transcript.note == remarks.A_TRIAL


async def test_a_silent_recording_has_no_turns(embedded: Embedded, tmp_path: Path) -> None:
    transcript = await answer(embedded, await sent(embedded, recording(tmp_path / "silent", silence(2))))
    assert transcript.turns == ()


@pytest.mark.parametrize("language", ["th", "zu", "fr-CA", "", "auto"])
async def test_another_language_is_refused_and_never_guessed(language: str, short: Audio) -> None:
    with pytest.raises(Refused) as caught:
        await Embedded(language=language).prepare(short)
    assert "doesn't understand" in caught.value.sentence


@pytest.mark.parametrize("language", ["en", "en-GB", "EN_us"])
async def test_english_of_any_country_is_taken(language: str, short: Audio) -> None:
    assert await Embedded(language=language).prepare(short)


async def test_a_known_number_of_speakers_reaches_the_engine(tmp_path: Path) -> None:
    engine = Embedded(speakers=1)
    transcript = await answer(engine, await sent(engine, recording(tmp_path / "clip", decoded(SAMPLES["clip"].path))))
    assert len(transcript.speakers) == 1


async def test_what_is_wished_for_one_recording_comes_first(tmp_path: Path, short: Audio) -> None:
    clip = recording(tmp_path / "clip", decoded(SAMPLES["clip"].path))
    engine = Embedded(speakers=2)
    transcript = await answer(engine, await sent(engine, replace(clip, hints=Hints(speakers=(1, 1)))))
    assert len(transcript.speakers) == 1
    with pytest.raises(Refused):
        await engine.prepare(replace(short, hints=Hints(language="zu-ZA")))
    assert await Embedded(language="th").prepare(replace(short, hints=Hints(language="en")))


async def test_what_is_in_work_is_pending_and_found(embedded: Embedded, long: Audio) -> None:
    ticket = await embedded.prepare(long)
    submission = await embedded.submit(long, ticket)
    assert submission.keeps_audio
    assert await embedded.find(ticket, age=NOW, orphans=()) == submission
    looks = [await embedded.check(submission.handle, Inquiry(age=timedelta(seconds=age))) for age in (0, 3600)]
    assert looks == [Pending(poll_after=timedelta(seconds=0.5)), Pending(poll_after=timedelta(seconds=5))]


async def test_a_finished_result_outlives_a_restart(embedded: Embedded, short: Audio) -> None:
    ticket = await embedded.prepare(short)
    transcript = await answer(embedded, (await embedded.submit(short, ticket)).handle)
    restarted = Embedded()
    found = await restarted.find(ticket, age=NOW, orphans=())
    assert found is not None
    assert await restarted.check(found.handle, Inquiry(age=NOW)) == transcript


async def test_an_unfinished_one_is_lost_with_a_restart(embedded: Embedded, long: Audio) -> None:
    handle = await sent(embedded, long)
    restarted = Embedded()
    assert await restarted.find(await restarted.prepare(long), age=NOW, orphans=()) is None
    with pytest.raises(Lost):
        await restarted.check(handle, Inquiry(age=NOW))


async def test_a_broken_result_is_made_again(embedded: Embedded, short: Audio) -> None:
    (short.path.parent / "engine.json").write_text('{"milliseconds": 40')
    ticket = await embedded.prepare(short)
    assert await embedded.find(ticket, age=NOW, orphans=()) is None
    assert (await answer(embedded, (await embedded.submit(short, ticket)).handle)).turns


async def test_a_file_that_is_no_recording_fails(embedded: Embedded, short: Audio) -> None:
    short.path.write_bytes(b"this is not a wav file")
    with pytest.raises(Failed):
        await answer(embedded, await sent(embedded, short))


async def test_a_recording_that_is_gone_is_lost(embedded: Embedded, short: Audio) -> None:
    short.path.unlink()
    with pytest.raises(Lost):
        await answer(embedded, await sent(embedded, short))


@needs_proc
async def test_closing_kills_the_engine_and_leaves_nothing_half_done(embedded: Embedded, long: Audio) -> None:
    handle = await sent(embedded, long)
    await started()
    await embedded.close()
    assert children() == []
    assert [path.name for path in long.path.parent.iterdir()] == ["audio.wav"]
    with pytest.raises(Lost):
        await embedded.check(handle, Inquiry(age=NOW))


@needs_proc
async def test_a_killed_engine_is_a_failure_and_not_a_hang(embedded: Embedded, long: Audio) -> None:
    handle = await sent(embedded, long)
    os.kill(await started(), signal.SIGKILL)
    with pytest.raises(Failed):
        await answer(embedded, handle)


@needs_proc
async def test_what_failed_can_be_sent_again(embedded: Embedded, short: Audio) -> None:
    handle = await sent(embedded, short)
    os.kill(await started(), signal.SIGKILL)
    with pytest.raises(Failed):
        await answer(embedded, handle)
    assert (await answer(embedded, await sent(embedded, short))).turns


@needs_proc
async def test_sending_twice_is_working_once(embedded: Embedded, short: Audio) -> None:
    assert await sent(embedded, short) == await sent(embedded, short)
    first = await started()
    handle = await sent(embedded, short)
    assert children() == [first]
    assert (await answer(embedded, handle)).turns
    async with asyncio.timeout(PATIENCE):
        while children():  # noqa: ASYNC110 - the result is there before its process has ended
            await asyncio.sleep(0.02)
    await sent(embedded, short)
    assert children() == []


@needs_proc
async def test_no_more_recordings_are_worked_on_than_allowed(embedded: Embedded, tmp_path: Path) -> None:
    piece = decoded(SAMPLES["note"].path)[: 16_000 * 3]
    handles = [await sent(embedded, recording(tmp_path / name, piece)) for name in ("one", "two", "three")]
    waiting = [asyncio.create_task(answer(embedded, handle)) for handle in handles]
    while not all(task.done() for task in waiting):
        assert len(children()) <= 1
        await asyncio.sleep(0.02)
    assert all([(await task).turns for task in waiting])
