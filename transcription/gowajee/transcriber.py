"""Gowajee: one request with the audio, then a webhook or polling. `gowajee_wire` reads what it answers.

Source of the wire format: the vendor's page "Asynchronous API (Webhook Notification)" and the pages it leads to.
Nothing in a request makes a repeat recognisable, so after a broken submission only an unclaimed webhook of the
same length tells that it had arrived. A webhook is not signed: where there is a status call, that says what is true.
`gowajee_deciding` has what decides where.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import Literal

import httpx

from transcription import remarks
from transcription.errors import BadSignature, Misunderstood, NotAuthorised, QuotaSpent, TimedOut, TooLong, Unavailable
from transcription.gowajee.body import body_of
from transcription.gowajee.options import BOOSTING, GowajeeOptions, ModelName
from transcription.gowajee.reference_speakers import is_without_voices
from transcription.gowajee.webhook_trust import Results, decided, instead_of
from transcription.gowajee.wire import (
    GowajeeStatus,
    Plan,
    are_alike,
    claimed,
    read_accepted,
    read_envelope,
    read_status,
    read_ticket,
)
from transcription.http import failure, send
from transcription.transcriber import (
    Audio,
    Callback,
    Capabilities,
    Handle,
    Inquiry,
    Pending,
    PollSchedule,
    Submission,
    Ticket,
)
from transcription.transcript import Transcript, remarked

DOCUMENTED_STATUS_PATH = "/v1/speech-to-text/job/status"

LONGEST = timedelta(hours=5)
"""The longest recording that any model takes."""

NO_SUCH_CALL = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
"""What a path answers that is not there. The page "Asynchronous API" knows no status call."""

MISSING = "missing"
"""What is noted of a status call that was never seen."""

UNCERTAIN = timedelta(minutes=2)
"""The least time to wait for a webhook before a recording is taken for not sent."""

WEBHOOK_CHECK = timedelta(seconds=30)
"""How often to look for such a webhook; nothing is asked of the provider for it."""


class Gowajee:
    """Sends recordings to Gowajee and takes its webhooks.

    `client` stays the property of whoever gave it. The first of `webhook_ids` names the address registered in the
    vendor's console; the others are taken, too, while one replaces the other, as are all `webhook_tokens`, the
    values of its `token` parameter. `results` says where they are taken from.
    Recordings above `largest_inline` bytes go by the short-lived public address that `host` gives, which must work
    for hours and is read once the job is queued. Raises `ValueError` for options that do not fit `model`.
    """

    name = "gowajee"
    title = "Gowajee"

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str,
        api_key: str,
        model: ModelName,
        webhook_ids: Sequence[str],
        webhook_tokens: Sequence[str],
        options: GowajeeOptions | None = None,
        largest_inline: int = 20 * 2**20,
        host: Callable[[Audio], str] | None = None,
        status_path: str = DOCUMENTED_STATUS_PATH,
        results: Results = "auto",
    ) -> None:
        if not webhook_tokens or not all(webhook_tokens):
            raise ValueError("webhook_tokens holds at least one token and no empty one")
        if not webhook_ids or not all(webhook_ids):
            raise ValueError("webhook_ids holds at least one id and no empty one")
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._model: ModelName = model
        self._webhook_ids = tuple(webhook_ids)
        self._results: Results = results
        self._fact = f"status call of {self._base_url}"
        self._facts: dict[str, str] = {}
        self._webhook_tokens = tuple(token.encode() for token in webhook_tokens)
        self._options = options or GowajeeOptions()
        self._options.check_model(model)
        self._largest_inline = largest_inline
        self._host = host
        self._status_path = status_path
        self.capabilities = _capabilities(
            model, largest=None if host else largest_inline, stereo=self._options.multichannels
        )

    async def prepare(self, audio: Audio) -> Ticket:
        """Note the length and choose how to send. Raises `TooLong` for what can be sent in no way."""
        if audio.duration > LONGEST:
            raise TooLong("more than Gowajee takes", sentence=remarks.too_long("5 hours"))
        size = (await asyncio.to_thread(audio.path.stat)).st_size
        seconds = audio.duration.total_seconds()
        if size <= self._largest_inline:
            plan = Plan(seconds=seconds, way="multipart" if self._options_for(audio).reference_speakers else "inline")
        elif self._host:
            plan = Plan(seconds=seconds, way="hosted")
        else:
            raise TooLong(
                "larger than what may be sent inline, and there is no public address",
                sentence=remarks.TOO_LARGE_FOR_GOWAJEE,
            )
        return Ticket(plan.model_dump_json())

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Send the recording, or its address. A repeat makes a second job, which is billed."""
        plan = read_ticket(ticket)
        call = f"POST {self._model}/transcribe/async"
        answer = await send(
            self._client,
            "POST",
            f"{self._base_url}/v1/speech-to-text/{self._model}/transcribe/async",
            call=call,
            params={"webhookId": self._webhook_ids[0]},
            headers={"x-api-key": self._api_key},
            body=await body_of(audio, plan=plan, options=self._options_for(audio), host=self._host),
        )
        if not answer.is_success:
            raise failure(answer, call=call, uncertain=True)
        try:
            handle = read_accepted(answer.body)
        except Misunderstood:
            # Accepted, and billed, under a name we cannot read: only a webhook can tell it.
            raise TimedOut(f"{call} answered {answer.status} without a readable job") from None
        return Submission(handle=handle, keeps_audio=plan.way == "hosted")

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Look for the one unclaimed webhook that can only be this recording's, about a job that the status knows.

        Anybody who has the token can send one: where there is no status call, none is believed.
        """
        plan = read_ticket(ticket)
        ids, length = self._webhook_ids, plan.length
        handles = {claimed(orphan, webhook_ids=ids, length=length) for orphan in orphans} - {None}
        match list(handles):
            case [str(handle)] if await self._is_known(Handle(handle), length=length):
                return Submission(handle=Handle(handle), keeps_audio=plan.way == "hosted", given=False)
            case _:
                left = max(UNCERTAIN, 2 * length) - age
        if left > timedelta(0):
            raise Unavailable(
                "a webhook may still tell that the recording arrived", retry_after=min(left, WEBHOOK_CHECK)
            )
        return None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask for the status, which decides where it can; where it cannot, a webhook about a job of ours does.

        Says under a transcript what it had to be made without.
        """
        answer = await self._asked(handle, inquiry)
        if isinstance(answer, Pending):
            return answer
        without = is_without_voices(answer, self._options, length=inquiry.length, largest_inline=self._largest_inline)
        return remarked(answer, remarks.VOICES_NOT_SENT) if without else answer

    async def _asked(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        try:
            standing = await self._standing(handle, length=inquiry.length)
        except (Misunderstood, NotAuthorised, QuotaSpent, Unavailable) as error:
            return instead_of(error, inquiry, results=self._results)
        return decided(standing, inquiry, results=self._results)

    async def close(self) -> None:
        """Nothing is held but the client, which its owner closes."""

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Raise `BadSignature` unless the address carries one of the tokens; the time taken tells nothing."""
        del headers
        shown = query.get("token", "").encode(errors="surrogatepass")
        # A list, so that every token is compared whichever one fits.
        if not any([hmac.compare_digest(shown, token) for token in self._webhook_tokens]):  # noqa: C419 - see above
            raise BadSignature("the webhook's token is missing or wrong")

    def admit(self, callback: Callback) -> Handle:
        """Name the job of a webhook that shows a token and one of our registrations."""
        self.authenticate(query=callback.query, headers=callback.headers)
        envelope = read_envelope(callback.body, what="the webhook")
        if envelope.webhook_id not in self._webhook_ids:
            raise BadSignature("the webhook is about another registration")
        return envelope.handle

    def _options_for(self, audio: Audio) -> GowajeeOptions:
        vocabulary = audio.hints.vocabulary if self.capabilities.vocabulary else ()
        return self._options.wished(speakers=audio.hints.speakers, vocabulary=vocabulary, channels=audio.channels)

    @property
    def can_be_asked(self) -> bool:
        """Whether there is a status call, as far as is known."""
        return self._results != "webhook" and self._facts.get(self._fact) != MISSING

    @property
    def facts(self) -> Mapping[str, str]:
        """The path of the status call, once one was seen, or that there is none."""
        return dict(self._facts)

    def recall(self, facts: Mapping[str, str]) -> None:
        """Go on from what was found out earlier. A path that was seen is not forgotten for one that was not."""
        known = facts.get(self._fact)
        if known is not None and self._facts.get(self._fact, MISSING) == MISSING:
            self._facts[self._fact] = known

    async def _is_known(self, handle: Handle, *, length: timedelta) -> bool:
        """Whether the status knows this job, and as one that can be ours."""
        try:
            standing = await self._standing(handle)
        except Misunderstood:
            return False
        if isinstance(standing, Transcript):
            return are_alike(standing.duration, length)
        return standing in {"pending", "failed"}

    async def _standing(self, handle: Handle, *, length: timedelta | None = None) -> GowajeeStatus | Literal["missing"]:
        """Ask for the status at both published paths; `missing` where neither has ever answered as a status call."""
        if self._results == "webhook":
            return "missing"
        for path in self._paths():
            answer = await send(
                self._client,
                "GET",
                self._base_url + path,
                call="GET job/status",
                params={"id": handle},
                headers={"x-api-key": self._api_key},
            )
            if answer.status in NO_SUCH_CALL:
                continue
            self._facts[self._fact] = path
            if not answer.is_success:
                raise failure(answer, call="GET job/status")
            return read_status(answer.body, handle=handle, length=length)
        if self._facts.setdefault(self._fact, MISSING) == MISSING:
            return "missing"
        raise Misunderstood("GET job/status was there before, and is not now")

    def _paths(self) -> list[str]:
        """Where the status may be asked for: first where it was seen, else where it is set to be."""
        with_model = f"/v1/speech-to-text/{self._model}/job/status"
        other = with_model if self._status_path == DOCUMENTED_STATUS_PATH else DOCUMENTED_STATUS_PATH
        seen = self._facts.get(self._fact, MISSING)
        return list(dict.fromkeys([*([] if seen == MISSING else [seen]), self._status_path, other]))


def _capabilities(model: ModelName, *, largest: int | None, stereo: bool) -> Capabilities:
    return Capabilities(
        poll_schedule=PollSchedule(
            first=1.0,
            every=0.25,
            soonest=timedelta(seconds=15),
            latest=timedelta(seconds=120),
            patience=4,
            patience_floor=timedelta(minutes=60),
            called=True,
        ),
        model=model,
        longest=LONGEST,
        largest=largest,
        stereo=stereo,
        speaker_hints=True,
        place=remarks.TO_GOWAJEE,
        vocabulary=model in BOOSTING,
    )
