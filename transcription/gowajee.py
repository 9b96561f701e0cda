"""Gowajee: one request with the audio, then a webhook or polling. `gowajee_wire` reads what it answers.

Source of the wire format: the vendor's page "Asynchronous API (Webhook Notification)" and the pages it leads to.
Nothing in a request makes a repeat recognisable, so after a broken submission only an unclaimed webhook of the
same length tells that it had arrived. A webhook is not signed: it says when to look, the status says what is true.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from http import HTTPStatus

import aiohttp

from transcription import remarks
from transcription.errors import BadSignature, Failed, Misunderstood, TimedOut, TooLong, Unavailable
from transcription.gowajee_body import body_of
from transcription.gowajee_options import BOOSTING, GowajeeOptions, Model
from transcription.gowajee_voices import is_without_voices
from transcription.gowajee_wire import (
    Plan,
    Standing,
    claimed,
    read_accepted,
    read_envelope,
    read_notice,
    read_status,
    read_ticket,
)
from transcription.http import failure, send
from transcription.transcriber import Audio, Callback, Capabilities, Handle, Inquiry, Pace, Pending, Submission, Ticket
from transcription.transcript import Transcript, remarked

DOCUMENTED_STATUS_PATH = "/v1/speech-to-text/job/status"

LONGEST = timedelta(hours=5)
"""The longest recording that any model takes."""

LAG = timedelta(minutes=1)
"""How long the status may not know a job that was just accepted."""

UNCERTAIN = timedelta(minutes=2)
"""The least time to wait for a webhook before a recording is taken for not sent."""

LOOK = timedelta(seconds=30)
"""How often to look for such a webhook; nothing is asked of the provider for it."""


class Gowajee:
    """Sends recordings to Gowajee and takes its webhooks.

    `client` stays the property of whoever gave it. `webhook_id` names the address registered in the vendor's
    console; `webhook_tokens` are the values accepted in its `token` parameter, two while one replaces the other.
    Recordings above `largest_inline` bytes go by the short-lived public address that `host` gives, which must work
    for hours and is read once the job is queued. Raises `ValueError` for options that do not fit `model`.
    """

    name = "gowajee"
    title = "Gowajee"

    def __init__(
        self,
        *,
        client: aiohttp.ClientSession,
        base_url: str,
        api_key: str,
        model: Model,
        webhook_id: str,
        webhook_tokens: Sequence[str],
        options: GowajeeOptions | None = None,
        largest_inline: int = 20 * 2**20,
        host: Callable[[Audio], str] | None = None,
        status_path: str = DOCUMENTED_STATUS_PATH,
    ) -> None:
        if not webhook_tokens or not all(webhook_tokens):
            raise ValueError("webhook_tokens holds at least one token and no empty one")
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key
        self._model: Model = model
        self._webhook_id = webhook_id
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
            params={"webhookId": self._webhook_id},
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
        """Look for the one unclaimed webhook that can only be this recording's; nothing is asked of Gowajee."""
        plan = read_ticket(ticket)
        handles = {claimed(orphan, webhook_id=self._webhook_id, length=plan.length) for orphan in orphans} - {None}
        match list(handles):
            case [str(handle)]:
                return Submission(handle=handle, keeps_audio=plan.way == "hosted")
            case _:
                left = max(UNCERTAIN, 2 * plan.length) - age
        if left > timedelta(0):
            raise Unavailable("a webhook may still tell that the recording arrived", retry_after=min(left, LOOK))
        return None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask once, and say under a transcript what it had to be made without."""
        answer = await self._asked(handle, inquiry)
        if isinstance(answer, Pending):
            return answer
        without = is_without_voices(answer, self._options, length=inquiry.length, largest_inline=self._largest_inline)
        return remarked(answer, remarks.VOICES_NOT_SENT) if without else answer

    async def _asked(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask for the status, which decides; a notice only counts where the status no longer knows the job."""
        match await self._standing(handle):
            case Transcript() as transcript:
                return transcript
            case "failed":
                raise Failed("the status says that the transcription failed")
            case "pending":
                return Pending(look_after=_soon(inquiry.age) if inquiry.notice is not None else None)
            case "absent":
                return _unkept(age=inquiry.age, notice=inquiry.notice)

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
        """Name the job of a webhook that shows a token and our registration."""
        self.authenticate(query=callback.query, headers=callback.headers)
        envelope = read_envelope(callback.body, what="the webhook")
        if envelope.webhook_id != self._webhook_id:
            raise BadSignature("the webhook is about another registration")
        return envelope.handle

    def _options_for(self, audio: Audio) -> GowajeeOptions:
        vocabulary = audio.wishes.vocabulary if self.capabilities.vocabulary else ()
        return self._options.wished(speakers=audio.wishes.speakers, vocabulary=vocabulary, channels=audio.channels)

    async def _standing(self, handle: Handle) -> Standing:
        with_model = f"/v1/speech-to-text/{self._model}/job/status"
        other = with_model if self._status_path == DOCUMENTED_STATUS_PATH else DOCUMENTED_STATUS_PATH
        for path in (self._status_path, other):
            answer = await send(
                self._client,
                "GET",
                self._base_url + path,
                call="GET job/status",
                params={"id": handle},
                headers={"x-api-key": self._api_key},
            )
            if answer.status == HTTPStatus.NOT_FOUND:
                continue
            if not answer.is_success:
                raise failure(answer, call="GET job/status")
            self._status_path = path
            return read_status(answer.body, handle=handle)
        return "absent"


def _capabilities(model: Model, *, largest: int | None, stereo: bool) -> Capabilities:
    return Capabilities(
        pace=Pace(
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


def _soon(age: timedelta) -> timedelta:
    """Look again soon after a notice, less often for older jobs: a forged notice must not make us knock for hours."""
    return min(max(age / 60, timedelta(seconds=3)), timedelta(minutes=1))


def _unkept(*, age: timedelta, notice: bytes | None) -> Transcript | Pending:
    """Decide about a job of ours that the status does not know: by the webhook's copy, or not yet, or not at all."""
    copy = _success(notice) if notice is not None else None
    if copy is not None:
        return replace(copy, note=remarks.UNCONFIRMED)
    if age < LAG:
        return Pending()
    raise Failed("the result is lost: the status no longer knows the job")


def _success(notice: bytes) -> Transcript | None:
    try:
        return read_notice(notice)
    except (Failed, Misunderstood):
        return None
