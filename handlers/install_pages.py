"""HTML pages of an installation in the browser. Pure; apart from checked ids nothing of the request is in them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from handlers import words

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
"""Paths: the start of an installation, and the OAuth redirect from Slack."""

_STYLE = (
    "body{font:1.125rem/1.5 system-ui,sans-serif;color:#1d1c1d;background:#fff;margin:0}"
    "main{max-width:34rem;margin:0 auto;padding:3rem 1.25rem}h1{font-size:1.5rem;line-height:1.25}a{color:#0b4c8c}"
)
_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Type": "text/html; charset=utf-8",
        "Cache-Control": "no-store",
        "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_DIGEST}'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)
"""No scripts, frames, outside content or caching. No referrer, because the address contains Slack's OAuth code."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """A link to the next step."""

    text: str
    address: str


START_OVER = Link(text=words.INSTALL_RETRY, address=INSTALL)


def installed(*, app: str | None, team: str | None) -> str:
    """Return the page for a finished installation, with a link to the app if both ids are valid."""
    known = _is_id(app) and _is_id(team)
    link = Link(text=words.OPEN_SLACK, address=f"https://slack.com/app_redirect?app={app}&team={team}")
    return _page(words.INSTALLED, [words.INSTALLED_NEXT], link if known else None)


def installed_in_organisation(*, app: str | None, enterprise: str | None) -> str:
    """Return the page for a finished enterprise install, where an admin now chooses the workspaces."""
    known = _is_id(app) and _is_id(enterprise)
    address = f"https://app.slack.com/manage/{enterprise}/integrations/profile/{app}/workspaces/add"
    link = Link(text=words.CHOOSE_WORKSPACES, address=address)
    return _page(words.INSTALLED, [words.INSTALLED_IN_ORGANISATION], link if known else None)


def denied() -> str:
    """Return the page for a person who declined."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_DENIED], START_OVER)


def out_of_date() -> str:
    """Return the page for an installation that was started elsewhere or too long ago, or is finished already."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_OUT_OF_DATE], START_OVER)


def failed() -> str:
    """Return the page for a failure of Slack or of the bot."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_FAILED], START_OVER)


def _is_id(text: str | None) -> bool:
    return bool(text) and str(text).isascii() and str(text).isalnum()


def _page(title: str, sentences: list[str], link: Link | None) -> str:
    said = "".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)
    further = f'<p><a href="{escape(link.address)}">{escape(link.text)}</a></p>' if link else ""
    return (
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style></head>"
        f"<body><main><h1>{escape(title)}</h1>{said}{further}</main></body></html>"
    )
