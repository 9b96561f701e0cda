"""Gowajee as a transcriber: one request with the audio, then a webhook or polling. `gowajee.wire` parses the answers.

Source of the wire format: the vendor's page "Asynchronous API (Webhook Notification)" and the pages that it links to. A
request cannot be made idempotent, so after a broken submission only an unclaimed webhook with the same duration shows
that it arrived. Webhooks are not signed: if there is a status call, it decides. `gowajee.webhook_trust` contains the
rules.
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
from transcription.apart import LARGE, Apart
from transcription.bounds import most_bytes
from transcription.errors import (
    AnswerTooLarge,
    BadSignature,
    Misunderstood,
    NotAuthorised,
    QuotaSpent,
    TimedOut,
    TooLong,
    Unavailable,
)
from transcription.gowajee.body import body_of
from transcription.gowajee.capabilities import LONGEST, capabilities_of
from transcription.gowajee.options import GowajeeOptions, ModelName
from transcription.gowajee.reference_speakers import is_without_voices
from transcription.gowajee.webhook_trust import Results, Webhooks
from transcription.gowajee.wire import (
    GowajeeStatus,
    Plan,
    are_alike,
    claimed,
    ids_around,
    read_accepted,
    read_envelope,
    read_status,
    read_ticket,
)
from transcription.http import failure, send
from transcription.transcriber import Audio, Callback, Handle, Inquiry, Pending, Submission, Ticket
from transcription.transcript import Transcript, remarked

DOCUMENTED_STATUS_PATH = "/v1/speech-to-text/job/status"

NO_SUCH_CALL = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.METHOD_NOT_ALLOWED, HTTPStatus.GONE})
"""Status codes for a path that does not exist. The page "Asynchronous API" documents no status call."""

MISSING = "missing"
"""The stored fact for a status call that was never seen."""

UNCERTAIN = timedelta(minutes=2)
"""The minimum time to wait for a webhook before a recording counts as not sent."""

WEBHOOK_CHECK = timedelta(seconds=30)
"""How often to check for such a webhook. This sends no request to the provider."""


class Gowajee:
    """A transcriber that sends recordings to Gowajee and accepts its webhooks.

    The caller owns and closes `client`. The first of `webhook_ids` is the webhook registered in the vendor's console;
    the others are accepted, too, during a replacement. The same holds for `webhook_tokens`, the values of the webhook's
    `token` parameter. `results` selects where results come from. Recordings above `largest_inline` bytes are sent as a
    short-lived public address from `host`, which must stay valid for hours and is fetched once the job is queued.
    `apart` parses large answers. Raises `ValueError` for options that do not fit `model`.
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
        apart: Apart | None = None,
    ) -> None:
        if not webhook_tokens or not all(webhook_tokens):
            raise ValueError("webhook_tokens holds at least one token and no empty one")
        if not webhook_ids or not all(webhook_ids):
            raise ValueError("webhook_ids holds at least one id and no empty one")
        self._client = client
        self._apart = apart or Apart()
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
        self.capabilities = capabilities_of(
            model, largest=None if host else largest_inline, stereo=self._options.multichannels
        )

    async def prepare(self, audio: Audio) -> Ticket:
        """Measure the recording and choose how to send it. Raises `TooLong` if it cannot be sent."""
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
        """Send the recording or its address. Sending again creates a second job, which is billed."""
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
            # Accepted and billed, under an id that we cannot read: only a webhook can tell it.
            raise TimedOut(f"{call} answered {answer.status} without a readable job") from None
        return Submission(handle=handle, keeps_audio=plan.way == "hosted")

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Return the job of the only unclaimed webhook that matches this recording, if the status call knows it.

        Anybody with the token can send a webhook, so without a status call none is trusted.
        """
        plan = read_ticket(ticket)
        ids, length = list(self._webhook_ids), plan.length
        read = [await self._apart.read(claimed, orphan, webhook_ids=ids, length=length) for orphan in orphans]
        handles = set(read) - {None}
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
        """Poll the status call, which decides if it can. Otherwise a webhook about a job of ours decides.

        Adds a note to the transcript if voice samples could not be sent.
        """
        answer = await self._asked(handle, inquiry)
        if isinstance(answer, Pending):
            return answer
        without = is_without_voices(answer, self._options, length=inquiry.length, largest_inline=self._largest_inline)
        return remarked(answer, remarks.VOICES_NOT_SENT) if without else answer

    async def _asked(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        webhooks = Webhooks(inquiry, handle=handle, results=self._results, apart=self._apart)
        try:
            standing = await self._standing(handle, length=inquiry.length, largest=most_bytes(inquiry.length))
        except (Misunderstood, NotAuthorised, QuotaSpent, Unavailable) as error:
            return await webhooks.instead_of(error)
        return await webhooks.decided(standing)

    async def close(self) -> None:
        """Do nothing: the HTTP client is the only resource, and the caller closes it."""

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        """Raise `BadSignature` unless the address carries one of the tokens. Compared in constant time."""
        del headers
        shown = query.get("token", "").encode(errors="surrogatepass")
        # A list and not a generator: every token is compared, even after a match.
        if not any([hmac.compare_digest(shown, token) for token in self._webhook_tokens]):  # noqa: C419 - see above
            raise BadSignature("the webhook's token is missing or wrong")

    def admit(self, callback: Callback) -> Handle:
        """Return the job of a webhook that carries a token and one of our registrations."""
        self.authenticate(query=callback.query, headers=callback.headers)
        body = callback.body
        envelope = read_envelope(body, what="the webhook") if len(body) < LARGE else ids_around(body)
        if envelope.webhook_id not in self._webhook_ids:
            raise BadSignature("the webhook is about another registration")
        return envelope.handle

    def _options_for(self, audio: Audio) -> GowajeeOptions:
        vocabulary = audio.hints.vocabulary if self.capabilities.vocabulary else ()
        return self._options.wished(speakers=audio.hints.speakers, vocabulary=vocabulary, channels=audio.channels)

    @property
    def can_be_asked(self) -> bool:
        """Return whether there is a status call, as far as is known."""
        return self._results != "webhook" and self._facts.get(self._fact) != MISSING

    @property
    def facts(self) -> Mapping[str, str]:
        """Return the path of the status call once it was seen, or that there is none."""
        return dict(self._facts)

    def recall(self, facts: Mapping[str, str]) -> None:
        """Restore facts learned earlier. A known path is not replaced by "missing"."""
        known = facts.get(self._fact)
        if known is not None and self._facts.get(self._fact, MISSING) == MISSING:
            self._facts[self._fact] = known

    async def _is_known(self, handle: Handle, *, length: timedelta) -> bool:
        """Return whether the status call knows this job, with a duration that fits ours."""
        try:
            standing = await self._standing(handle, largest=most_bytes(length))
        except (Misunderstood, AnswerTooLarge):
            return False
        if isinstance(standing, Transcript):
            return are_alike(standing.duration, length)
        return standing in {"pending", "failed"}

    async def _standing(
        self, handle: Handle, *, largest: int, length: timedelta | None = None
    ) -> GowajeeStatus | Literal["missing"]:
        """Poll the status at both published paths. Return `missing` if neither has ever answered as a status call."""
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
                largest=largest,
            )
            if answer.status in NO_SUCH_CALL:
                continue
            self._facts[self._fact] = path
            if not answer.is_success:
                raise failure(answer, call="GET job/status")
            return await self._apart.read(read_status, answer.body, handle=handle, length=length)
        if self._facts.setdefault(self._fact, MISSING) == MISSING:
            return "missing"
        raise Misunderstood("GET job/status was there before, and is not now")

    def _paths(self) -> list[str]:
        """Return the paths to try: first the one that worked before, then the configured one."""
        with_model = f"/v1/speech-to-text/{self._model}/job/status"
        other = with_model if self._status_path == DOCUMENTED_STATUS_PATH else DOCUMENTED_STATUS_PATH
        seen = self._facts.get(self._fact, MISSING)
        return list(dict.fromkeys([*([] if seen == MISSING else [seen]), self._status_path, other]))
