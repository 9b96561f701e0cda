"""Who decides about a job of Gowajee's: the status call where it can, the webhook's own body where it cannot. Pure.

A webhook carries a token and no signature, so a body counts only for a job whose id Gowajee itself gave us.

| the status call              | a body of ours decides                       |
| ---                          | ---                                          |
| is not there                 | at once                                      |
| refuses, or makes no sense   | after `AFTER` of nothing but such answers    |
| asks for fewer questions     | after `AFTER_LIMITS` of that                 |
| does not know the job        | the same                                     |
| says that the work goes on   | when the job has waited for as long as it may|
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
"""Where results are taken from: what decides as above, only from webhooks, or only from the status call."""

AFTER = timedelta(minutes=2)
"""For how long a status call may give no usable answer before a webhook decides in its place."""


AFTER_LIMITS = timedelta(hours=1)
"""The same where it says that it is asked too often, which will pass."""


def decided(
    standing: GowajeeStatus | Literal["missing"], inquiry: Inquiry, *, results: Results
) -> Transcript | Pending:
    """What becomes of a job of which the status says this. Raises `Failed`; `Misunderstood` to be asked again."""
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
            return body or Pending(poll_after=_soon(inquiry.age) if inquiry.notice is not None else None)
    assert_never(standing)


def instead_of(
    error: Misunderstood | NotAuthorised | QuotaSpent | Unavailable, inquiry: Inquiry, *, results: Results
) -> Transcript:
    """What a webhook says in place of a status call that went wrong. Raises `error` while there is nothing to go by."""
    if inquiry.failing_for < (AFTER_LIMITS if isinstance(error, RateLimited) else AFTER):
        raise error
    body = _unconfirmed(inquiry, results=results)
    if body is None:
        raise error
    return body


def _unknown(inquiry: Inquiry, *, results: Results) -> Transcript | Pending:
    """The status does not know a job that it took: it may not know it yet, or not keep it any more."""
    body = _unconfirmed(inquiry, results=results) if inquiry.failing_for >= AFTER or inquiry.overdue else None
    if body is not None:
        return body
    if inquiry.overdue:
        raise Failed("the result is lost: the status does not know the job", report=report_in(inquiry.notice))
    if _can_decide(inquiry) and results != "status":
        raise Misunderstood("the status does not know a job of which a webhook tells")
    return Pending()


def _unconfirmed(inquiry: Inquiry, *, results: Results) -> Transcript | None:
    """What the body says where there is a status call that should have said it."""
    body = None if results == "status" else _body(inquiry)
    return remarked(body, remarks.UNCONFIRMED) if body is not None else None


def _can_decide(inquiry: Inquiry) -> bool:
    try:
        return _body(inquiry) is not None
    except Failed:
        return True


def _body(inquiry: Inquiry) -> Transcript | None:
    """What the body of a webhook says about a job of ours; None where it says nothing. Raises `Failed`."""
    if not inquiry.given:
        return None
    for body in (*inquiry.earlier, inquiry.notice):  # the first end counts, whatever is sent after it
        with suppress(Misunderstood):
            if body is not None:
                return read_notice(body, length=inquiry.length)
    return None


def _soon(age: timedelta) -> timedelta:
    """Ask again soon after a webhook, less often for older jobs: a forged one must not make us ask for hours."""
    return min(max(age / 60, timedelta(seconds=3)), timedelta(minutes=1))
