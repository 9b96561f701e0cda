"""The address of a hosted recording: ours alone can be found, nothing beside it, and only while it is there."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.web.hosting import Hosting
from transcription.transcriber import Audio

JOB = "abcdefgh23"


def hosting_in(folder: Path, secret: str = "known to nobody") -> Hosting:  # noqa: S107 - invented
    return Hosting(public_url="https://bot.example", secret=secret, folder=folder)


@pytest.fixture
def audio(tmp_path: Path) -> Audio:
    room = tmp_path / "spool" / f"job-{JOB}"
    room.mkdir(parents=True)
    (room / "audio.wav").write_bytes(b"RIFF")
    (room / "original").write_bytes(b"private")
    (tmp_path / "spool" / "beside.wav").write_bytes(b"private")
    (tmp_path / "outside.wav").write_bytes(b"private")
    return Audio(key=JOB, path=room / "audio.wav", duration=timedelta(seconds=1), sample_rate=16_000)


@pytest.fixture
def hosting(audio: Audio) -> Hosting:
    return hosting_in(audio.path.parent.parent)


def signature_of(hosting: Hosting, audio: Audio) -> str:
    return hosting.address(audio).split("/")[-2]


def test_the_address_leads_back_to_the_recording(hosting: Hosting, audio: Audio) -> None:
    address = hosting.address(audio)
    root, key, signature, name = address.rsplit("/", 3)
    assert root == "https://bot.example/recordings"
    assert hosting.find(key=key, signature=signature, name=name) == audio.path


def test_the_address_is_the_same_after_a_restart(hosting: Hosting, audio: Audio) -> None:
    assert hosting_in(audio.path.parent.parent).address(audio) == hosting.address(audio)


def test_another_secret_makes_another_address_that_does_not_work_here(hosting: Hosting, audio: Audio) -> None:
    other = signature_of(hosting_in(audio.path.parent.parent, secret="another"), audio)
    assert other != signature_of(hosting, audio)
    assert hosting.find(key=JOB, signature=other, name="audio.wav") is None


def test_the_address_does_not_hold_the_secret_itself(hosting: Hosting, audio: Audio) -> None:
    assert "nobody" not in hosting.address(audio)


def test_a_signature_opens_one_job_only(hosting: Hosting, audio: Audio) -> None:
    other = audio.path.parent.parent / "job-zzzzzzzz23"
    other.mkdir()
    (other / "audio.wav").write_bytes(b"private")
    assert hosting.find(key="zzzzzzzz23", signature=signature_of(hosting, audio), name="audio.wav") is None


@pytest.mark.parametrize(
    "change", [str.upper, lambda text: text[:-1], lambda text: text + "0", lambda _: "", lambda _: "é"]
)
def test_a_signature_that_is_not_exact_opens_nothing(hosting: Hosting, audio: Audio, change: object) -> None:
    assert callable(change)
    assert hosting.find(key=JOB, signature=change(signature_of(hosting, audio)), name="audio.wav") is None


@pytest.mark.parametrize(
    "name",
    [
        "original",
        "",
        ".",
        "..",
        "../beside.wav",
        "../../outside.wav",
        "..\\beside.wav",
        "/outside.wav",
        "audio.wav\x00",
        "audio.WAV",
    ],
)
def test_a_name_leads_nowhere_but_to_a_recording_in_the_jobs_folder(hosting: Hosting, audio: Audio, name: str) -> None:
    found = hosting.find(key=JOB, signature=signature_of(hosting, audio), name=name)
    assert found is None


@pytest.mark.parametrize("key", ["..", ".", "", "short", "UPPERCASE2", "abcdefgh23/", "a" * 33, "abcdefgh23\n"])
def test_a_key_that_is_no_jobs_is_not_even_looked_for(tmp_path: Path, key: str) -> None:
    hosting = hosting_in(tmp_path)
    odd = Audio(key=key, path=tmp_path / "audio.wav", duration=timedelta(seconds=1), sample_rate=16_000)
    (tmp_path / "audio.wav").write_bytes(b"private")
    assert hosting.find(key=key, signature=signature_of(hosting, odd), name="audio.wav") is None


def test_when_the_recording_is_gone_so_is_the_address(hosting: Hosting, audio: Audio) -> None:
    audio.path.unlink()
    assert hosting.find(key=JOB, signature=signature_of(hosting, audio), name="audio.wav") is None


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(name=st.text(), key=st.sampled_from([JOB, "..", "."]) | st.text(max_size=40))
def test_no_address_leads_out_of_the_spool(hosting: Hosting, audio: Audio, name: str, key: str) -> None:
    found = hosting.find(key=key, signature=signature_of(hosting, audio), name=name)
    assert found in {None, audio.path}
