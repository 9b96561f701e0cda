"""A title becomes a file name that is safe on every computer."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.file_names import stem


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Weekly stand-up.m4a", "Weekly stand-up"),
        ("audio_message.mp4", "audio_message"),
        ("v1.2 review.tar.gz", "v1.2 review.tar"),
        ("../../etc/passwd", "etc passwd"),
        ("C:\\temp\\x", "C temp x"),
        ("invoice\u202egpj.exe", "invoicegpj"),
        ("การประชุม.m4a", "การประชุม"),
        ("line\none", "lineone"),
        (".hidden", "hidden"),
        ("con.m4a", "recording"),
        ("LPT1", "recording"),
        ("...", "recording"),
        ("", "recording"),
        (None, "recording"),
    ],
)
def test_a_title_becomes_a_safe_name(title: str | None, name: str) -> None:
    assert stem(title) == name


@given(st.text())
def test_every_name_is_short_visible_and_no_path(title: str) -> None:
    name = stem(title)
    assert 1 <= len(name.encode()) <= 150
    assert not set(name) & set('/\\:*?"<>|')
    assert not any(unicodedata.category(character).startswith("C") for character in name)
    assert name == name.strip(". ")
