"""Botlhale's presigned form, and the ticket that keeps it until the recording is sent. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AliasChoices, AwareDatetime, Field

from transcription.errors import Misunderstood, TicketExpired
from transcription.wire import LeadingNumber, Wire, read_as

LIFE = timedelta(hours=1)
"""How long storage accepts a form, as documented; one that says less is believed."""

MARGIN = timedelta(minutes=5)
"""What an upload itself may take: a form with less left is taken for expired."""

SHARE = 4
"""Of a form that lives for a few minutes or less, this part is the margin: it is meant to be used at once."""


class _FormAnswer(Wire):
    url: str = Field(validation_alias=AliasChoices("url", "upload_url"))
    fields: dict[str, str]
    expires_in: LeadingNumber = None


class UploadForm(Wire):
    """A presigned form, as the ticket keeps it: everything storage wants to see, in its order."""

    url: str
    fields: tuple[tuple[str, str], ...]
    made_at: AwareDatetime
    expires_in: Annotated[float, Field(ge=0, le=LIFE.total_seconds())]

    @property
    def key(self) -> str:
        """The name that storage will give the recording, which is also the job's name."""
        return dict(self.fields).get("key", "")

    def is_open(self, now: datetime) -> bool:
        """Whether an upload that starts now should still be let in."""
        life = timedelta(seconds=self.expires_in)
        return now - self.made_at < life - min(MARGIN, life / SHARE)


def read_form(body: bytes, *, made_at: datetime) -> UploadForm:
    """Read the answer to `/asr/async/upload` in either spelling. Raises `Misunderstood`.

    The body is never kept: whoever has it can upload.
    """
    answer = read_as(_FormAnswer, body, what="the upload form", keep=False)
    if not _usable(answer.fields.get("key", "")):
        raise Misunderstood("the upload form has no usable key")
    seconds = min(answer.expires_in or LIFE.total_seconds(), LIFE.total_seconds())
    return UploadForm(url=answer.url, fields=tuple(answer.fields.items()), made_at=made_at, expires_in=seconds)


def read_ticket(ticket: str) -> UploadForm:
    """Read a ticket of ours. Raises `TicketExpired` for one that cannot be read: it is worth as little."""
    try:
        form = read_as(UploadForm, ticket, what="the ticket", keep=False)
    except Misunderstood:
        raise TicketExpired("the ticket cannot be read") from None
    if not _usable(form.key):
        raise TicketExpired("the ticket names no key")
    return form


def _usable(key: str) -> bool:
    # It becomes the job's name: kept, and asked for in an address.
    return key != "" and key.isprintable()
