"""A stand-in for Botlhale AI: tokens, presigned uploads, status and results, on two loopback origins.

A client requests a form, uploads the recording to the storage, polls the status and reads the result. The documentation
has several versions; each difference between them is an argument here. Undocumented requests are rejected.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from types import TracebackType
from typing import Literal, Self

from aiohttp import hdrs, web

from sandbox.botlhale import answers
from sandbox.botlhale.answers import Entry
from sandbox.botlhale.jobs import Job, Jobs, Uploaded
from sandbox.botlhale.options import Options
from sandbox.botlhale.orders import NAMES, Dialect, Order, name_job, read_order
from sandbox.botlhale.refusals import not_found, refuse
from sandbox.botlhale.storage import Storage, StorageShape
from sandbox.botlhale.tokens import Tokens, TokenShape
from sandbox.faults import Faults
from sandbox.forms import NotAForm, read_form
from sandbox.provider_server import ProviderServer, Seen
from sandbox.script import Segment

__all__ = ["Botlhale", "Order", "Uploaded"]

ResultPath = Literal["getdata", "data"]
LIMIT = 1 << 16
SOMEBODY_ELSES = "These are the words of somebody else's recording."


class Botlhale(Options):
    """One account at a stand-in for Botlhale.

    Processing starts as soon as the storage has a recording. A recording that is not a complete PCM16 mono WAV at the
    requested rate, or is longer than 400 minutes, ends as `failed`. Faults are armed by these names: `POST
    /generateAuthToken` or `POST /auth/generate`, `POST /asr/async/upload`, `POST storage`, `GET /asr/async/status` and
    the value of `result_call`.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        dialect: Dialect = "camel",
        token_shape: TokenShape = "B2",  # noqa: S107 - a generation of the documentation
        result_path: ResultPath = "getdata",
        speed: float = 0.0,
        storage_shape: StorageShape = "sigv2",
        refresh_token: str = "invented-refresh-token",  # noqa: S107 - invented; the stand-in's own
    ) -> None:
        camel = dialect == "camel"
        super().__init__(
            done_word="complete" if camel else "completed",
            status_shape="data" if camel else "flat",
            audio_length="text" if camel else "number",
            speed=speed,
        )
        self.origin = self.storage_origin = ""
        self.org_id = "InventedOrg01"
        self.refresh_token = refresh_token
        self.result_call = f"GET /asr/async/{result_path}"
        self.faults = Faults()
        self.requests: list[Seen] = []
        self._port = port
        self._dialect = dialect
        self._quota_code: int | None = None
        self._jobs = Jobs(self)
        self._storage = Storage(
            shape=storage_shape,
            faults=self.faults,
            requests=self.requests,
            received=self._jobs.receive,
            wire_log=lambda: self.wire_log,
        )
        self._server = ProviderServer(
            faults=self.faults,
            requests=self.requests,
            name=lambda seen: f"{seen.method} {seen.path}",
            party="botlhale",
            wire_log=lambda: self.wire_log,
        )
        self.tokens = Tokens(shape=token_shape, refresh_token=self.refresh_token, server=self._server)
        self._server.serve(hdrs.METH_POST, "/asr/async/upload", self._upload)
        self._server.serve(hdrs.METH_GET, "/asr/async/status", self._status)
        self._server.serve(hdrs.METH_GET, f"/asr/async/{result_path}", self._result)

    async def __aenter__(self) -> Self:
        self.origin = await self._server.open(self._port)
        self.storage_origin = await self._storage.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._server.close()
        await self._storage.close()

    @property
    def uploads(self) -> dict[str, Uploaded]:
        """Return what the storage received, by key."""
        return self._jobs.uploads

    def order(self, key: str) -> Order:
        """Return the options that were requested for a key."""
        return self._jobs.order(key)

    def release(self, key: str | None = None) -> None:
        """Continue one held recording. Without a key, continue all and hold no more."""
        self.hold = self.hold and key is not None
        self._jobs.release(key)

    def fail_next(self, word: str = "failed") -> None:
        """Make the next recording that arrives end with this status."""
        self._jobs.fail_next(word)

    def expire_forms(self) -> None:
        """Expire all forms issued so far."""
        self._storage.expire_forms()

    def expire_tokens(self) -> None:
        """Invalidate all access tokens issued so far."""
        self.tokens.expire()

    def spend_quota(self, code: Literal[400, 402] = 402) -> None:
        """Reject every new upload request, in one of the two documented ways, until `restore_quota`."""
        self._quota_code = code

    def restore_quota(self) -> None:
        """Accept upload requests again."""
        self._quota_code = None

    async def _upload(self, request: web.Request) -> web.Response:
        self.tokens.admit(request)
        try:
            parts = await read_form(request, limit=LIMIT)
        except NotAForm:
            raise refuse(400, "a form is required") from None
        order = read_order(parts, dialect=self._dialect, org_id=self.org_id)
        if self._quota_code is not None:
            raise refuse(self._quota_code, "Allocation exceeded", code="allocation_exceeded")
        key = name_job(order, dialect=self._dialect, org_id=self.org_id)
        self._jobs.open(key, order)
        fields = self._storage.issue(key, life=timedelta(seconds=self.form_life))
        form: dict[str, object] = {"fields": fields, self.url_name: f"{self.storage_origin}/"}
        return web.json_response(form | ({"expires_in": self.form_life} if self.url_name == "upload_url" else {}))

    async def _status(self, request: web.Request) -> web.Response:
        job, word = self._look_up(request)
        if job.is_odd("refused"):
            raise refuse(400, "not now")
        body = answers.status(
            self._entries(job, word), dialect=self._dialect, shape=self.status_shape, org_id=self.org_id
        )
        if self.status_shape == "whole" and job.done:
            body |= self._whole_result(job, word)
        return web.json_response(body)

    def _entries(self, job: Job, word: str) -> list[Entry]:
        """Return the entries of `data`: those of other recordings, duplicates of this job, and the job itself last."""
        if job.is_odd("strange status"):
            return [Entry(name=answers.foreign_name(), word=self.done_word, number=job.number, took="10.9")]
        own = Entry(
            name=answers.spell(job.name, self.name_form), word=word, number=job.number, took="10.9" if job.done else ""
        )
        others = [replace(own, name=answers.foreign_name(), word=other) for other in self.foreign_entries]
        duplicates = [
            replace(own, word=other, number=job.number - place)
            for place, other in enumerate(self.duplicate_entries, start=1)
        ]
        return [*others, *duplicates, own]

    async def _result(self, request: web.Request) -> web.Response:
        job, word = self._look_up(request)
        if not job.done:
            # This case is undocumented. A careless client would read a body without the list as "no speech".
            return web.json_response({"filename": f"/{job.name}", "status": word})
        if job.is_odd("absent"):
            raise not_found()
        if job.is_odd("lacking"):
            return web.json_response({"filename": f"/{job.name}", "status": word})
        if job.is_odd("strange result"):
            strange = [Segment(start=0.0, end=1.0, speaker=0, text=SOMEBODY_ELSES)]
            return web.json_response(self._whole_result(job, word, name=f"/{answers.foreign_name()}", heard=strange))
        return web.json_response(self._whole_result(job, word))

    def _whole_result(
        self, job: Job, word: str, *, name: str | None = None, heard: Sequence[Segment] | None = None
    ) -> dict[str, object]:
        return answers.result(
            name or answers.spell(job.name, self.name_form, published=f"/{job.name}"),
            self._jobs.hear(job) if heard is None else heard,
            dialect=self._dialect,
            diarization=job.order.diarization,
            seconds=self.uploads[job.name].seconds,
            audio_length=self.audio_length,
            word=word,
            first_segment_lacks=self.first_segment_lacks,
        )

    def _look_up(self, request: web.Request) -> tuple[Job, str]:
        self.tokens.admit(request)
        names = NAMES[self._dialect]
        if request.content_length or request.headers.get(hdrs.TRANSFER_ENCODING):
            raise refuse(400, "a GET has no body")
        if sorted(request.query) != sorted([names.org_id, names.file_name]):
            raise refuse(400, f"{names.org_id} and {names.file_name}, and nothing else, are required")
        if request.query[names.org_id] != self.org_id:
            raise refuse(403, "no such organisation", code="forbidden")
        job = self._jobs.find(request.query[names.file_name])
        if job is None or (word := job.word(self)) is None:
            raise not_found()
        return job, word
