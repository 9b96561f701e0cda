"""Decide the outcome of a Gowajee job from the status call, or from a webhook's body if the status call cannot. Pure.

A webhook carries a token but no signature. So a body counts only for a job whose id Gowajee itself gave us.

| the status call              | a webhook's body decides                     |
| ---                          | ---                                          |
| does not exist               | at once                                      |
| refuses, or makes no sense   | after `AFTER` of nothing but such answers    |
| says that we ask too often   | after `AFTER_LIMITS` of that                 |
| does not know the job        | after `AFTER`                                |
| says that the work goes on   | when the job's deadline is reached           |
| says done or failed          | never                                        |
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Literal, assert_never

from transcription import remarks
from transcription.errors import Failed, Misunderstood, NotAuthorised, QuotaSpent, RateLimited, Unavailable
from transcription.gowajee.wire import GowajeeStatus, read_notice, report_in
from transcription.transcriber import Inquiry, Pending
from transcription.transcript import Transcript, remarked

Results = Literal["auto", "webhook", "status"]
"""Where results come from: both as in the table above, only webhooks, or only the status call."""

AFTER = timedelta(minutes=2)
"""How long the status call may give no usable answer before a webhook decides instead."""


AFTER_LIMITS = timedelta(hours=1)
"""The same for a rate limit of the status call, which is temporary."""


def decided(
    standing: GowajeeStatus | Literal["missing"], inquiry: Inquiry, *, results: Results
) -> Transcript | Pending:
    """Return the outcome of a job for this status. Raises `Failed`, or `Misunderstood` to ask again later."""
    match standing:
        case Transcript():
            return replace(standing, report=report_in(inquiry.notice) or standing.report)
        case "failed":
            raise Failed("the status says that the transcription failed", report=report_in(inquiry.notice))
        case "missing" if results == "status":
            raise Misunderstood("GET job/status is not there, and results are taken from nowhere else")
        case "missing":
            return _body(inquiry) or Pending()
        case "absent":
            return _unknown(inquiry, results=results)
        case "pending":
            body = _unconfirmed(inquiry, results=results) if inquiry.overdue else None
            return body or Pending(poll_after=_next_poll(inquiry.age) if inquiry.notice is not None else None)
    assert_never(standing)


def instead_of(
    error: Misunderstood | NotAuthorised | QuotaSpent | Unavailable, inquiry: Inquiry, *, results: Results
) -> Transcript:
    """Return the outcome from a webhook after the status call failed. Raises `error` if no webhook may decide yet."""
    if inquiry.failing_for < (AFTER_LIMITS if isinstance(error, RateLimited) else AFTER):
        raise error
    body = _unconfirmed(inquiry, results=results)
    if body is None:
        raise error
    return body


def _unknown(inquiry: Inquiry, *, results: Results) -> Transcript | Pending:
    """Handle a job that the status call does not know: not yet, or no longer."""
    body = _unconfirmed(inquiry, results=results) if inquiry.failing_for >= AFTER or inquiry.overdue else None
    if body is not None:
        return body
    if inquiry.overdue:
        raise Failed("the result is lost: the status does not know the job", report=report_in(inquiry.notice))
    if _can_decide(inquiry) and results != "status":
        raise Misunderstood("the status does not know a job of which a webhook tells")
    return Pending()


def _unconfirmed(inquiry: Inquiry, *, results: Results) -> Transcript | None:
    """Return the webhook's transcript, with a note that the status call did not confirm it."""
    body = None if results == "status" else _body(inquiry)
    return remarked(body, remarks.UNCONFIRMED) if body is not None else None


def _can_decide(inquiry: Inquiry) -> bool:
    try:
        return _body(inquiry) is not None
    except Failed:
        return True


def _body(inquiry: Inquiry) -> Transcript | None:
    """Return the transcript from the webhooks about a job of ours; None if there is none. Raises `Failed`."""
    if not inquiry.given:
        return None
    for body in (*inquiry.earlier, inquiry.notice):  # the first final body counts, whatever is sent later
        with suppress(Misunderstood):
            if body is not None:
                return read_notice(body, length=inquiry.length)
    return None


def _next_poll(age: timedelta) -> timedelta:
    """Return the delay until the next poll after a webhook.

    It is longer for older jobs: a forged webhook must not cause hours of fast polling.
    """
    return min(max(age / 60, timedelta(seconds=3)), timedelta(minutes=1))
