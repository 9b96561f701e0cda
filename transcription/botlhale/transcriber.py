"""Botlhale AI: a presigned upload, then polling. Speaks to the provider; `botlhale_wire` reads what it answers.

Source of the wire format: the vendor's page "Speech-to-Text API: Asynchronous Request" and its later generations.
The audio goes straight to a storage service, and the upload itself starts the job: the key in the presigned form
is the job's name, so a repeated upload of one ticket leads to one job.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final, Literal, assert_never

import httpx
import structlog

from transcription import remarks
from transcription.addresses import may_receive
from transcription.bodies import Body, multipart, urlencoded
from transcription.botlhale.dialects import NAMES, ApiDialect
from transcription.botlhale.form import read_form, read_ticket
from transcription.botlhale.languages import LANGUAGES, UNDETECTED, WITHOUT_SPEAKERS, is_among
from transcription.botlhale.storage import store
from transcription.botlhale.token import AccessToken, Bearer, read_token
from transcription.botlhale.wire import JobStatus, read_result, read_status
from transcription.errors import Failed, Lost, Misunderstood, NotAuthorised, QuotaSpent, TicketExpired
from transcription.http import Response, failure, send
from transcription.transcriber import Audio, Capabilities, Handle, Inquiry, Pending, PollSchedule, Submission, Ticket
from transcription.transcript import Transcript

Encoding = Literal["multipart", "urlencoded"]

LAG = timedelta(minutes=10)
"""How long after the upload a name that the status does not know may still become known."""

RESULT_PATHS: Final = ("/asr/async/getdata", "/asr/async/data")
"""The result moved from the first to the second in September 2023; both are still published."""

NOWHERE: Final = frozenset({403, 404, 405})
"""How a gateway answers at a path that it does not have."""

MANY_WORDS = 100
"""Undocumented status words that are told of, at most: a provider that makes one for each answer would fill the log."""

_log = structlog.get_logger()


class Botlhale:
    """Sends recordings to Botlhale AI.

    `client` stays the property of whoever gave it. `language` is the vendor's code, passed on as it is; None lets
    Botlhale detect it sentence by sentence. `token_path` is None for the dialect's own. `bare_names` asks about a
    key by its last part where the key holds a folder. `clock` tells the aware UTC time.
    """

    name = "botlhale"
    title = "Botlhale AI"
    capabilities = Capabilities(
        poll_schedule=PollSchedule(
            first=0.05,
            every=0.014,
            soonest=timedelta(seconds=2),
            latest=timedelta(seconds=60),
            patience=3,
            patience_floor=timedelta(minutes=30),
        ),
        longest=timedelta(minutes=400),
        offers=LANGUAGES,
        undetected=UNDETECTED,
        place=remarks.TO_BOTLHALE,
    )

    def __init__(
        self,
        *,
        client: httpx.AsyncClient,
        base_url: str,
        org_id: str,
        refresh_token: str,
        clock: Callable[[], datetime],
        dialect: ApiDialect = "camel",
        language: str | None = None,
        diarization: bool = True,
        encoding: Encoding = "multipart",
        result_path: str = RESULT_PATHS[0],
        token_path: str | None = None,
        bare_names: bool = False,
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._org_id = org_id
        self._refresh_token = refresh_token
        self._clock = clock
        self._names = NAMES[dialect]
        self._language = language
        if language:
            self.capabilities = replace(self.capabilities, undetected=())
        self._diarization = diarization
        self._encoding = encoding
        self._result_path = result_path
        self._token_path = token_path or self._names.token_path
        self._bare_names = bare_names
        self._odd_words: set[str] = set()
        self._bearer = Bearer(exchange=self._exchange, clock=clock)

    async def prepare(self, audio: Audio) -> Ticket:
        """Ask for a presigned form. One that is never used costs nothing."""
        made_at = self._clock()
        answer = await self._call("POST", "/asr/async/upload", body=lambda: self._wishes(audio))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotAuthorised("POST /asr/async/upload answered 404: is the organisation or the address right?")
        form = read_form(_succeeded(answer, call="POST /asr/async/upload"), made_at=made_at)
        if not may_receive(form.url, provider=self._base_url):
            raise Misunderstood("the upload form leads to an address without encryption or in a network of our own")
        return Ticket(form.model_dump_json())

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Upload the recording. A repeat within the form's hour replaces it under the same name."""
        form = read_ticket(ticket)
        if not form.is_open(self._clock()):
            raise TicketExpired("the upload form is too old")
        await store(self._client, audio=audio, form=form)
        return Submission(handle=Handle(form.key))

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Ask the status about the ticket's key: a word of work or of its end shows that the recording arrived.

        Any other word could also be said of a key that waits for its recording. Sent again under the same key, it
        leads to the same result.
        """
        del age, orphans
        handle = Handle(read_ticket(ticket).key)
        standing = await self._standing(handle, length=None)
        arrived = standing is not None and standing.phase in {"working", "done", "failed"}
        return Submission(handle=handle) if arrived else None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask for the status, and for the result once that says it is done.

        What is another recording's, or not whole yet, is no answer: it is asked for again. Nothing but the word of the
        status or of the result ends a job.
        """
        standing = await self._standing(handle, length=inquiry.length)
        if standing is None:
            if inquiry.failing_for >= LAG:
                raise Lost("the status does not know the recording")
            if inquiry.age > LAG:  # once may be anybody's answer: sent again, it is billed again
                raise Misunderstood("the status does not know the recording")
            return Pending()
        match standing.phase:
            case "absent" | "pending" | "working":
                return Pending()
            case "failed":
                raise Failed("the status says that the transcription failed")
            case "done":
                return standing.transcript or await self._result(handle, length=inquiry.length)
        assert_never(standing.phase)

    async def close(self) -> None:
        """Nothing is held but the client, which its owner closes."""

    async def _standing(self, handle: Handle, *, length: timedelta | None) -> JobStatus | None:
        answer = await self._ask("/asr/async/status", handle)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        body = _succeeded(answer, call="GET /asr/async/status")
        standing = read_status(body, file_name=self._file_name(handle), length=length)
        self._tell_of(standing.odd_word)
        return standing

    def _tell_of(self, word: str | None) -> None:
        """Log an undocumented status word, once."""
        if word and word not in self._odd_words and len(self._odd_words) < MANY_WORDS:
            self._odd_words.add(word)
            _log.warning("provider_status_unknown", provider=self.name, word=word)

    async def _result(self, handle: Handle, *, length: timedelta | None) -> Transcript | Pending:
        other = RESULT_PATHS[1] if self._result_path == RESULT_PATHS[0] else RESULT_PATHS[0]
        for path, nowhere in ((self._result_path, {HTTPStatus.NOT_FOUND}), (other, NOWHERE)):
            answer = await self._ask(path, handle)
            if answer.status in nowhere:
                continue
            body = _succeeded(answer, call=f"GET {path}")
            found = read_result(body, file_name=self._file_name(handle), length=length)
            self._result_path = path
            return found
        raise Misunderstood("the status says that it is done, but neither result path has it")

    async def _ask(self, path: str, handle: Handle) -> Response:
        asked = {self._names.org_id: self._org_id, self._names.file_name: self._file_name(handle)}
        return await self._call("GET", path, params=asked)

    def _file_name(self, handle: Handle) -> str:
        return handle.rsplit("/", 1)[-1] if self._bare_names else handle

    def _wishes(self, audio: Audio) -> Body:
        fields = {self._names.org_id: self._org_id, self._names.sample_rate: str(audio.sample_rate)}
        if language := audio.hints.language or self._language:
            fields[self._names.language] = language
        if self._diarization and not is_among(language or "", WITHOUT_SPEAKERS):
            # The published samples send Python's own word for it, and leave the field out where it is off.
            fields[self._names.diarization] = "True"
        return multipart(list(fields.items())) if self._encoding == "multipart" else urlencoded(fields)

    async def _call(
        self, method: str, path: str, *, params: dict[str, str] | None = None, body: Callable[[], Body] | None = None
    ) -> Response:
        """Make a call with the bearer; a 401 is answered once with a fresh one."""
        rejected: str | None = None
        while True:
            bearer = await self._bearer.current(rejected=rejected)
            answer = await send(
                self._client,
                method,
                self._base_url + path,
                call=f"{method} {path}",
                params=params,
                headers={"Authorization": f"Bearer {bearer}"},
                body=body() if body else None,
            )
            if answer.status != HTTPStatus.UNAUTHORIZED or rejected:
                return answer
            rejected = bearer

    async def _exchange(self) -> AccessToken:
        call = f"POST {self._token_path}"
        body = urlencoded({self._names.refresh_token: self._refresh_token})
        answer = await send(self._client, "POST", self._base_url + self._token_path, call=call, body=body)
        if answer.status in {400, 401, 403, 404, 405, 422}:
            # Whatever the code, it is for the operator: the secret, the address or the dialect is wrong.
            raise NotAuthorised(f"{call} answered {answer.status}: are the secret, the address and the dialect right?")
        return read_token(_succeeded(answer, call=call))


def _succeeded(answer: Response, *, call: str) -> bytes:
    if answer.is_success:
        return answer.body
    if answer.status == HTTPStatus.BAD_REQUEST and b"allocation exceeded" in answer.body.lower():
        raise QuotaSpent(f"{call} answered 400: the allocation is used up")
    raise failure(answer, call=call)
