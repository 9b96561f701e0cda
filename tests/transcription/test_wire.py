"""What the readers of both providers agree on."""

from __future__ import annotations

import pytest

from transcription.wire import known


@pytest.mark.parametrize(
    "label",
    [
        None,
        "",
        "  ",
        "unknown",
        "UNKNOWN",
        " Unknown\t",
        "unknown_speaker",
        "Unknown speaker",
        "unknown  speaker",
        "UNKNOWN-SPEAKER",
        "speaker_unknown",
        "SPEAKER_UNKNOWN",
        "<unknown>",
        "(Unknown)",
        "[unk]",
        "unk",
        "UNK",
        "n/a",
        "N/A",
        "none",
        "None",
        "null",
        "NULL",
        "?",
        "???",
        "-",
        "\u200b",
        "\uff35\uff2e\uff2b\uff2e\uff2f\uff37\uff2e",
    ],
)
def test_no_spelling_of_unknown_is_somebody(label: str | None) -> None:
    assert known(label) is None


@pytest.mark.parametrize(
    "label",
    [
        "SPEAKER_00",
        "speaker_0",
        "0",
        "Na",
        "Nina",
        "Noner",
        "Unkel",
        "Speaker",
        "\u0e2a\u0e21\u0e0a\u0e32\u0e22",
        "Anna (?)",
        "?1",
    ],
)
def test_every_other_label_is_somebody_and_kept_as_it_came(label: str) -> None:
    assert known(f" {label} ") == label
