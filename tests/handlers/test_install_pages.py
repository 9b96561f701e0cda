"""The pages of an installation: readable, the same for everybody, and closed to whatever comes with a request."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape
from html.parser import HTMLParser

import pytest

from handlers import install_pages as pages

ALL = {
    "installed": pages.installed(app="A0APP", team="T0TEAM"),
    "in an organisation": pages.installed_in_organisation(app="A0APP", enterprise="E0ORG"),
    "denied": pages.denied(),
    "out of date": pages.out_of_date(),
    "failed": pages.failed(),
}


class Reader(HTMLParser):
    """What stands on a page, and in which elements."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.links: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.links += [value or "" for name, value in attrs if name == "href"]


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_every_page_has_a_language_one_heading_and_a_way_on(page: str) -> None:
    read = Reader(page)
    assert '<html lang="en">' in page
    assert read.tags.count("h1") == read.tags.count("main") == read.tags.count("title") == 1
    assert len(read.links) == 1
    assert set(read.tags) <= {"html", "head", "meta", "title", "style", "body", "main", "h1", "p", "a"}
    said = unescape(re.sub(r"<[^>]+>", " ", page.partition("</style>")[2]))
    assert not re.search(r"\b(error|token|OAuth|state|code|cookie)\b", said)


@pytest.mark.parametrize("page", ALL.values(), ids=ALL)
def test_the_policy_allows_the_page_its_own_style_and_nothing_else(page: str) -> None:
    [style] = re.findall(r"<style>(.*?)</style>", page)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = pages.HEADERS["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'" in policy
    assert "style=" not in page


@pytest.mark.parametrize("odd", ['"><script>', "T1&x=", None, "", "ก"])
def test_nothing_of_slacks_answer_gets_into_a_page_but_ids(odd: str | None) -> None:
    for page in (
        pages.installed(app=odd, team="T0TEAM"),
        pages.installed(app="A0APP", team=odd),
        pages.installed_in_organisation(app="A0APP", enterprise=odd),
    ):
        assert Reader(page).links == []
        assert not odd or odd not in page
