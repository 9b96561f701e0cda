"""What a voice would say, with nothing left that Slack would parse."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.plain_text import harmless, spoken


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Good morning: it's 3.14, isn't it? (Yes!)", "Good morning: it's 3.14, isn't it? (Yes!)"),
        ("<!channel>", "!channel"),
        ("<https://evil.example|a link>", "https //evil. example a link"),
        ("www.example.com", "www. example. com"),
        ("mailto:a@b.example", "mailto a b. example"),
        ("a :smile: b", "a smile: b"),
        ("at 10:30:45", "at 10 30 45"),
        ("*b* _i_ ~s~ `c`", "b i s c"),
        ("@here #general", "here general"),
        ("สวัสดี ครับ", "สวัสดี ครับ"),
        ("AT&T &lt;", "AT&amp;T &amp;lt;"),
    ],
)
def test_words_stay_and_markup_goes(written: str, said: str) -> None:
    assert spoken(written) == said


@given(st.text())
def test_what_is_harmless_stays_as_it_is(text: str) -> None:
    assert harmless(harmless(text)) == harmless(text)
