"""Botlhale's presigned upload form, and the ticket in which it is stored until the upload. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AliasChoices, AwareDatetime, Field

from transcription.errors import Misunderstood, TicketExpired
from transcription.wire import LeadingNumber, Wire, read_as

LIFE = timedelta(hours=1)
"""How long the storage accepts a form, as documented. A shorter life in the answer takes precedence."""

MARGIN = timedelta(minutes=5)
"""Time reserved for the upload itself: a form with less time left counts as expired."""

SHARE = 4
"""For a short-lived form the margin is only 1/SHARE of its life, because such a form is meant to be used at once."""


class _FormAnswer(Wire):
    url: str = Field(validation_alias=AliasChoices("url", "upload_url"))
    fields: dict[str, str]
    expires_in: LeadingNumber = None


class UploadForm(Wire):
    """A presigned form, as the ticket stores it: all fields that the storage expects, in their order."""

    url: str
    fields: tuple[tuple[str, str], ...]
    made_at: AwareDatetime
    expires_in: Annotated[float, Field(ge=0, le=LIFE.total_seconds())]

    @property
    def key(self) -> str:
        """Return the object key: the recording's name in the storage, and also the name of Botlhale's job."""
        return dict(self.fields).get("key", "")

    def is_open(self, now: datetime) -> bool:
        """Return whether there is enough time left to start an upload now."""
        life = timedelta(seconds=self.expires_in)
        return now - self.made_at < life - min(MARGIN, life / SHARE)


def read_form(body: bytes, *, made_at: datetime) -> UploadForm:
    """Parse the answer to `/asr/async/upload`, in either naming scheme. Raises `Misunderstood`.

    The body is never logged or stored: anybody who has it can upload.
    """
    answer = read_as(_FormAnswer, body, what="the upload form", keep=False)
    if not _usable(answer.fields.get("key", "")):
        raise Misunderstood("the upload form has no usable key")
    seconds = min(answer.expires_in or LIFE.total_seconds(), LIFE.total_seconds())
    return UploadForm(url=answer.url, fields=tuple(answer.fields.items()), made_at=made_at, expires_in=seconds)


def read_ticket(ticket: str) -> UploadForm:
    """Parse a ticket of ours. Raises `TicketExpired` if it cannot be read, because it is then equally useless."""
    try:
        form = read_as(UploadForm, ticket, what="the ticket", keep=False)
    except Misunderstood:
        raise TicketExpired("the ticket cannot be read") from None
    if not _usable(form.key):
        raise TicketExpired("the ticket names no key")
    return form


def _usable(key: str) -> bool:
    # The key becomes the job's name: it is stored, and sent as a query parameter.
    return key != "" and key.isprintable()
