"""Botlhale AI as a transcriber: a presigned upload, then polling. `botlhale.wire` parses the answers.

Source of the wire format: the vendor's page "Speech-to-Text API: Asynchronous Request" and its later versions. The
audio is uploaded directly to a storage service, and the upload starts the job. The key in the presigned form is the
job's name, so uploading twice with one ticket leads to one job (idempotent).
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
from transcription.apart import Apart
from transcription.bodies import Body, multipart, urlencoded
from transcription.botlhale.dialects import NAMES, ApiDialect
from transcription.botlhale.form import read_form, read_ticket
from transcription.botlhale.languages import LANGUAGES, UNDETECTED, WITHOUT_SPEAKERS, is_among
from transcription.botlhale.storage import store
from transcription.botlhale.token import AccessToken, Bearer, read_token
from transcription.botlhale.wire import JobStatus, read_result, read_status
from transcription.bounds import most_bytes
from transcription.errors import Failed, Lost, Misunderstood, NotAuthorised, QuotaSpent, TicketExpired
from transcription.http import Response, failure, send
from transcription.transcriber import Audio, Capabilities, Handle, Inquiry, Pending, PollSchedule, Submission, Ticket
from transcription.transcript import Transcript

Encoding = Literal["multipart", "urlencoded"]

LAG = timedelta(minutes=10)
"""How long after the upload the status call may still not know the name."""

RESULT_PATHS: Final = ("/asr/async/getdata", "/asr/async/data")
"""The paths of the result call: Botlhale moved it from the first to the second in September 2023.

Both are still documented.
"""

NOWHERE: Final = frozenset({403, 404, 405})
"""Status codes of a gateway for a path that does not exist."""

MANY_WORDS = 100
"""Maximum number of different undocumented status words that are logged.

It protects the log from a provider that invents one for each answer.
"""

_log = structlog.get_logger()


class Botlhale:
    """A transcriber that sends recordings to Botlhale AI.

    The caller owns and closes `client`. `language` is the vendor's code, passed on unchanged; with None, Botlhale
    detects the language of each sentence. With `token_path` None the naming scheme's default path is used. With
    `bare_names`, status and result calls name only the last part of a key that contains a folder. `clock` returns the
    aware UTC time. `apart` parses large answers.
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
        apart: Apart | None = None,
    ) -> None:
        self._client = client
        self._base_url = base_url.rstrip("/")
        self._org_id = org_id
        self._refresh_token = refresh_token
        self._clock = clock
        self._apart = apart or Apart()
        self._names = NAMES[dialect]
        self._language = language
        if language:
            self.capabilities = replace(self.capabilities, undetected=(), assumed=language)
        self._diarization = diarization
        self._encoding = encoding
        self._result_path = result_path
        self._token_path = token_path or self._names.token_path
        self._bare_names = bare_names
        self._logged_words: set[str] = set()
        self._bearer = Bearer(fetch=self._fetch_token, clock=clock)

    async def prepare(self, audio: Audio) -> Ticket:
        """Request a presigned form. An unused form costs nothing."""
        made_at = self._clock()
        answer = await self._call("POST", "/asr/async/upload", body=lambda: self._options_body(audio))
        if answer.status == HTTPStatus.NOT_FOUND:
            raise NotAuthorised("POST /asr/async/upload answered 404: is the organisation or the address right?")
        form = read_form(_succeeded(answer, call="POST /asr/async/upload"), made_at=made_at)
        if not may_receive(form.url, provider=self._base_url):
            raise Misunderstood("the upload form leads to an address without encryption or in a network of our own")
        return Ticket(form.model_dump_json())

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        """Upload the recording. A second upload with the same form replaces the first one under the same name."""
        form = read_ticket(ticket)
        if not form.is_open(self._clock()):
            raise TicketExpired("the upload form is too old")
        await store(self._client, audio=audio, form=form)
        return Submission(handle=Handle(form.key))

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        """Ask for the status of the ticket's key; "working", "done" or "failed" shows that the recording has arrived.

        Any other status can also mean that the key still waits for its upload. In that case the caller uploads again
        under the same key, which leads to the same result.
        """
        del age, orphans
        handle = Handle(read_ticket(ticket).key)
        standing = await self._standing(handle, length=None)
        arrived = standing is not None and standing.phase in {"working", "done", "failed"}
        return Submission(handle=handle) if arrived else None

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        """Ask for the status, and for the result once the status is "done".

        An answer about another recording, or an incomplete one, is ignored and asked for again. Only an explicit status
        or result ends a job.
        """
        standing = await self._standing(handle, length=inquiry.length)
        if standing is None:
            if inquiry.failing_for >= LAG:
                raise Lost("the status does not know the recording")
            if inquiry.age > LAG:  # a single such answer may be an error: a rerun would be billed again
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
        """Do nothing: the HTTP client is the only resource, and the caller closes it."""

    async def _standing(self, handle: Handle, *, length: timedelta | None) -> JobStatus | None:
        answer = await self._ask("/asr/async/status", handle, length=length)
        if answer.status == HTTPStatus.NOT_FOUND:
            return None
        body = _succeeded(answer, call="GET /asr/async/status")
        standing = await self._apart.read(read_status, body, file_name=self._file_name(handle), length=length)
        self._log_unknown_word(standing.odd_word)
        return standing

    def _log_unknown_word(self, word: str | None) -> None:
        """Log an undocumented status word, once per word."""
        if word and word not in self._logged_words and len(self._logged_words) < MANY_WORDS:
            self._logged_words.add(word)
            _log.warning("provider_status_unknown", provider=self.name, word=word)

    async def _result(self, handle: Handle, *, length: timedelta | None) -> Transcript | Pending:
        other = RESULT_PATHS[1] if self._result_path == RESULT_PATHS[0] else RESULT_PATHS[0]
        for path, nowhere in ((self._result_path, {HTTPStatus.NOT_FOUND}), (other, NOWHERE)):
            answer = await self._ask(path, handle, length=length)
            if answer.status in nowhere:
                continue
            body = _succeeded(answer, call=f"GET {path}")
            found = await self._apart.read(read_result, body, file_name=self._file_name(handle), length=length)
            self._result_path = path
            return found
        raise Misunderstood("the status says that it is done, but neither result path has it")

    async def _ask(self, path: str, handle: Handle, *, length: timedelta | None) -> Response:
        asked = {self._names.org_id: self._org_id, self._names.file_name: self._file_name(handle)}
        return await self._call("GET", path, params=asked, largest=most_bytes(length))

    def _file_name(self, handle: Handle) -> str:
        return handle.rsplit("/", 1)[-1] if self._bare_names else handle

    def _options_body(self, audio: Audio) -> Body:
        fields = {self._names.org_id: self._org_id, self._names.sample_rate: str(audio.sample_rate)}
        if language := audio.hints.language or self._language:
            fields[self._names.language] = language
        if self._diarization and not is_among(language or "", WITHOUT_SPEAKERS):
            # The published samples send Python's "True", and omit the field if diarization is off.
            fields[self._names.diarization] = "True"
        return multipart(list(fields.items())) if self._encoding == "multipart" else urlencoded(fields)

    async def _call(
        self,
        method: str,
        path: str,
        *,
        params: dict[str, str] | None = None,
        body: Callable[[], Body] | None = None,
        largest: int | None = None,
    ) -> Response:
        """Make a call with the bearer token; after a 401, retry once with a fresh token."""
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
                largest=largest,
            )
            if answer.status != HTTPStatus.UNAUTHORIZED or rejected:
                return answer
            rejected = bearer

    async def _fetch_token(self) -> AccessToken:
        call = f"POST {self._token_path}"
        body = urlencoded({self._names.refresh_token: self._refresh_token})
        answer = await send(self._client, "POST", self._base_url + self._token_path, call=call, body=body)
        if answer.status in {400, 401, 403, 404, 405, 422}:
            # All these codes are for the operator: the secret, the address or the naming scheme is wrong.
            raise NotAuthorised(f"{call} answered {answer.status}: are the secret, the address and the dialect right?")
        return read_token(_succeeded(answer, call=call))


def _succeeded(answer: Response, *, call: str) -> bytes:
    if answer.is_success:
        return answer.body
    if answer.status == HTTPStatus.BAD_REQUEST and b"allocation exceeded" in answer.body.lower():
        raise QuotaSpent(f"{call} answered 400: the allocation is used up")
    raise failure(answer, call=call)
