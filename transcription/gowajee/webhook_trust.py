"""Decide the outcome of a Gowajee job from the status call, or from a webhook's body if the status call cannot.

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

from dataclasses import replace
from datetime import timedelta
from typing import Literal, assert_never

from transcription import remarks
from transcription.apart import Apart
from transcription.errors import (
    AnswerTooLarge,
    Failed,
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    RateLimited,
    Unavailable,
)
from transcription.gowajee.wire import GowajeeStatus, read_notice, report_in
from transcription.transcriber import Handle, Inquiry, Pending
from transcription.transcript import Report, Transcript, remarked

Results = Literal["auto", "webhook", "status"]
"""Where results come from: both as in the table above, only webhooks, or only the status call."""

AFTER = timedelta(minutes=2)
"""How long the status call may give no usable answer before a webhook decides instead."""


AFTER_LIMITS = timedelta(hours=1)
"""The same for a rate limit of the status call, which is temporary."""


class Webhooks:
    """The webhooks about one job, read only where they are needed."""

    def __init__(self, inquiry: Inquiry, *, handle: Handle, results: Results, apart: Apart) -> None:
        self._inquiry = inquiry
        self._handle = handle
        self._results = results
        self._apart = apart

    async def decided(self, standing: GowajeeStatus | Literal["missing"]) -> Transcript | Pending:
        """Return the outcome for this status.

        Raises `Failed`, `AnswerTooLarge`, or `Misunderstood` to ask again later.
        """
        match standing:
            case Transcript():
                return replace(standing, report=await self._report() or standing.report)
            case "failed":
                raise Failed("the status says that the transcription failed", report=await self._report())
            case "missing" if self._results == "status":
                raise Misunderstood("GET job/status is not there, and results are taken from nowhere else")
            case "missing":
                return await self._body() or Pending()
            case "absent":
                return await self._unknown()
            case "pending":
                inquiry = self._inquiry
                body = await self._unconfirmed() if inquiry.overdue else None
                return body or Pending(poll_after=_next_poll(inquiry.age) if inquiry.notice is not None else None)
        assert_never(standing)

    async def instead_of(self, error: Misunderstood | NotAuthorised | QuotaSpent | Unavailable) -> Transcript:
        """Return the outcome from a webhook after the status call failed. Raises `error` if none may decide yet."""
        if self._inquiry.failing_for < (AFTER_LIMITS if isinstance(error, RateLimited) else AFTER):
            raise error
        body = await self._unconfirmed()
        if body is None:
            raise error
        return body

    async def _unknown(self) -> Transcript | Pending:
        """Handle a job that the status call does not know: not yet, or no longer."""
        inquiry = self._inquiry
        body = await self._unconfirmed() if inquiry.failing_for >= AFTER or inquiry.overdue else None
        if body is not None:
            return body
        if inquiry.overdue:
            raise Failed("the result is lost: the status does not know the job", report=await self._report())
        if self._results != "status" and await self._can_decide():
            raise Misunderstood("the status does not know a job of which a webhook tells")
        return Pending()

    async def _unconfirmed(self) -> Transcript | None:
        """Return the webhook's transcript, with a note that the status call did not confirm it."""
        body = None if self._results == "status" else await self._body()
        return remarked(body, remarks.UNCONFIRMED) if body is not None else None

    async def _can_decide(self) -> bool:
        try:
            return await self._body() is not None
        except (Failed, AnswerTooLarge):
            return True

    async def _body(self) -> Transcript | None:
        """Return the transcript from the webhooks about a job of ours; None if there is none.

        Raises `Failed`, and `AnswerTooLarge` if all that came is larger than anything about the recording can be.
        """
        inquiry = self._inquiry
        if not inquiry.given:
            return None
        too_large = AnswerTooLarge("a webhook is larger than anything about the recording can be")
        beyond = too_large if inquiry.oversized else None
        for body in (*inquiry.earlier, inquiry.notice):  # the first final body counts, whatever is sent later
            try:
                if body is not None:
                    return await self._apart.read(read_notice, body, length=inquiry.length, handle=self._handle)
            except Misunderstood:
                continue
            except AnswerTooLarge as error:
                beyond = error
        if beyond is not None:
            raise beyond
        return None

    async def _report(self) -> Report | None:
        notice = self._inquiry.notice
        return None if notice is None else await self._apart.read(report_in, notice)


def _next_poll(age: timedelta) -> timedelta:
    """Return the delay until the next poll after a webhook.

    It is longer for older jobs: a forged webhook must not cause hours of fast polling.
    """
    return min(max(age / 60, timedelta(seconds=3)), timedelta(minutes=1))
