"""The samples of the two vendors' pages, as they are: same keys, types and numbers, other words and ids.

`samples/pages` holds one file for each sample of Gowajee's "Asynchronous API (Webhook Notification)" and of Botlhale's
"Speech-to-Text API: Asynchronous Request".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from tests.transcription.partners import sample
from transcription.botlhale.form import read_form
from transcription.botlhale.wire import read_result, read_status
from transcription.errors import Failed
from transcription.gowajee.wire import read_accepted, read_envelope, read_notice
from transcription.transcript import Report, Transcript

JOB, WEBHOOK = "5f0c1d52-1111-4222-8333-944445555666", "c0ffee00-1111-4222-8333-944445555666"
KEY = "asr_k1_zu-ZA_16000_k2.wav"
LENGTH = timedelta(seconds=30)


def page(name: str) -> bytes:
    return sample(f"pages/{name}")


def test_gowajees_immediate_answer_names_the_job() -> None:
    assert read_accepted(page("gowajee_immediate")) == JOB
    assert read_envelope(page("gowajee_immediate"), what="the sample").webhook_id == WEBHOOK


def test_gowajees_success_is_one_turn_in_seconds_with_its_report() -> None:
    transcript = read_notice(page("gowajee_success"))
    (turn,) = transcript.turns
    assert (turn.start, turn.end) == (timedelta(0), timedelta(seconds=4.517))
    assert (turn.text, turn.speaker) == ("สวัสดีค่ะ วันนี้อากาศดีมาก", None)
    assert transcript.duration == timedelta(seconds=4.517)
    assert transcript.report == Report(kind="ASR_PULSE", amount=4.517, version="2.2.0")


def test_gowajees_failure_is_final_and_keeps_its_message_for_the_operator() -> None:
    with pytest.raises(Failed) as caught:
        read_notice(page("gowajee_failure"))
    assert caught.value.report == Report(message="invented reason")
    assert "invented reason" not in str(caught.value)


def test_botlhales_form_is_kept_field_by_field() -> None:
    form = read_form(page("botlhale_upload"), made_at=datetime(2026, 11, 20, tzinfo=UTC))
    assert form.key == KEY
    assert [name for name, _ in form.fields] == ["AWSAccessKeyId", "key", "policy", "signature", "x-amz-security-token"]
    assert form.expires_in == timedelta(hours=1).total_seconds()


def test_botlhales_status_says_that_the_work_goes_on() -> None:
    standing = read_status(page("botlhale_status"), file_name=KEY, length=LENGTH)
    assert (standing.phase, standing.transcript) == ("working", None)


@pytest.fixture(scope="module")
def result() -> Transcript:
    transcript = read_result(page("botlhale_getdata"), file_name=KEY, length=LENGTH)
    assert isinstance(transcript, Transcript)
    return transcript


def test_botlhales_twenty_segments_are_twenty_turns_of_two_voices(result: Transcript) -> None:
    assert [turn.text for turn in result.turns] == [f"Sentence {number} of our own." for number in range(1, 21)]
    assert [speaker.label for speaker in result.speakers] == ["speaker_0", "speaker_1"]
    assert result.languages == ("nso-ZA",)
    assert result.note is None


def test_the_float_noise_of_botlhales_times_becomes_whole_milliseconds(result: Transcript) -> None:
    first, second, last = result.turns[0], result.turns[1], result.turns[-1]
    assert (first.start, first.end) == (timedelta(milliseconds=660), timedelta(milliseconds=1260))
    assert second.start == first.end
    # 30000.000000000353 in the sample, of a recording of 30 s
    assert (last.start, last.end) == (timedelta(milliseconds=29_220), LENGTH)
    assert result.duration == LENGTH


def test_botlhales_segments_follow_each_other_with_gaps_and_without_overlap(result: Transcript) -> None:
    gaps = [after.start - before.end for before, after in pairwise(result.turns)]
    assert min(gaps) == timedelta(0)
    assert timedelta(milliseconds=300) in gaps  # between the eighth and the ninth
