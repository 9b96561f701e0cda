"""The pages that people see in their browser when they install the app. Pure; nothing of a request is in them."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from html import escape
from types import MappingProxyType

from handlers import words

INSTALL, REDIRECT = "/slack/install", "/slack/oauth_redirect"
"""Where an installation begins, and where Slack sends the browser back to."""

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
"""No script, no frame, nothing from elsewhere, kept nowhere; the address, which holds a code of Slack's, stays here."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Link:
    """Where to go next, and what that is called."""

    text: str
    address: str


AGAIN = Link(text=words.INSTALL_AGAIN, address=INSTALL)


def installed(*, app: str | None, team: str | None) -> str:
    """It is done; the way to the app is there where its ids are as Slack writes them."""
    known = _is_id(app) and _is_id(team)
    link = Link(text=words.OPEN_SLACK, address=f"https://slack.com/app_redirect?app={app}&team={team}")
    return _page(words.INSTALLED, [words.INSTALLED_NEXT], link if known else None)


def installed_in_organisation(*, app: str | None, enterprise: str | None) -> str:
    """It is done, and an administrator says in which workspaces."""
    known = _is_id(app) and _is_id(enterprise)
    address = f"https://app.slack.com/manage/{enterprise}/integrations/profile/{app}/workspaces/add"
    link = Link(text=words.CHOOSE_WORKSPACES, address=address)
    return _page(words.INSTALLED, [words.INSTALLED_IN_ORGANISATION], link if known else None)


def denied() -> str:
    """They chose not to."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_DENIED], AGAIN)


def out_of_date() -> str:
    """It was begun elsewhere, too long ago, or is finished already."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_OUT_OF_DATE], AGAIN)


def failed() -> str:
    """Slack or we did not do it."""
    return _page(words.NOT_INSTALLED, [words.INSTALL_FAILED], AGAIN)


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
