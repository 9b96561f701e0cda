"""A stand-in for Gowajee: submissions, job status and the webhook, on a loopback origin.

A client submits a recording and gets a job id. The result is available from the status call and is sent to the webhook
that was registered before. Undocumented requests are rejected.
"""

from __future__ import annotations

from contextlib import AsyncExitStack
from types import TracebackType
from typing import Literal, Self
from uuid import uuid4

from aiohttp import ClientSession, TCPConnector, hdrs, web
from yarl import URL

from sandbox.faults import Faults
from sandbox.gowajee import answers
from sandbox.gowajee.jobs import Delivery, Fetch, Job
from sandbox.gowajee.orders import MODELS, Order, Request, read_request, refuse
from sandbox.gowajee.webhook import Webhook
from sandbox.gowajee.work import Options, WebhookMode, Work
from sandbox.provider_server import ProviderServer, Seen

__all__ = ["Delivery", "Fetch", "Gowajee", "Job", "Order"]

StatusPath = Literal["plain", "model", "none"]
REGISTERED: Literal["(the registered token)"] = "(the registered token)"
PREFIX = "/v1/speech-to-text"


class Gowajee(Options):
    """One account at a stand-in for Gowajee, with one registered webhook.

    Faults are armed by the names `POST transcribe/async`, `GET job/status` and `webhook`. The last one is for the call
    that the stand-in makes: a fault without effect drops the call, and one that hangs up does not wait for the answer.
    """

    def __init__(
        self,
        *,
        port: int = 0,
        webhook_url: str | None = None,
        webhook_mode: WebhookMode = "normal",
        speed: float = 0.0,
        status_path: StatusPath = "plain",
        api_key: str = "invented-api-key",
    ) -> None:
        super().__init__(webhook_mode=webhook_mode, speed=speed)
        self.origin = ""
        self.api_key = api_key
        self.webhook_id = str(uuid4())
        self.faults = Faults()
        self.requests: list[Seen] = []
        self.jobs: dict[str, Job] = {}
        self._port = port
        self._webhook = Webhook(url=URL(webhook_url), faults=self.faults) if webhook_url else None
        self._open = AsyncExitStack()
        self._server = ProviderServer(
            faults=self.faults, requests=self.requests, name=_name, party="gowajee", wire_log=lambda: self.wire_log
        )
        models, model = "|".join(MODELS), "/{model}" if status_path == "model" else ""
        self._server.serve(hdrs.METH_POST, f"{PREFIX}/{{model:{models}}}/transcribe/async", self._submit)
        if status_path == "none":  # as on the page "Asynchronous API", which documents no status call
            return
        self._server.serve(
            hdrs.METH_GET, f"{PREFIX}{model.replace('model', f'model:{models}')}/job/status", self._status
        )

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            session = await stack.enter_async_context(ClientSession(connector=TCPConnector(force_close=True)))
            self._work = Work(self, session=session, webhook=self._webhook, webhook_id=self.webhook_id)
            stack.push_async_callback(self._work.stop)
            self.origin = await self._server.open(self._port)
            stack.push_async_callback(self._server.close)
            self._open = stack.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._open.aclose()

    @property
    def webhook_token(self) -> str | None:
        """Return the token in the registered webhook address."""
        return self._webhook.token if self._webhook else None

    def release(self, job_id: str | None = None) -> None:
        """Continue one held job. Without an id, continue all and hold no more."""
        self.hold = self.hold and job_id is not None
        for job in self.jobs.values() if job_id is None else [self.jobs[job_id]]:
            job.released.set()

    def fail_next(self, message: str = "error message") -> None:
        """Make the next job that finishes fail with this message."""
        self._work.failures.append(message)

    def forget(self, job_id: str) -> None:
        """Answer `UNKNOWN` for this job from now on. Its webhook is still sent."""
        self.jobs[job_id].forgotten = True

    async def settled(self) -> None:
        """Wait until no job is being processed and no webhook is pending. A held job is being processed."""
        await self._work.settled()

    async def call_back(self, job_id: str, body: object = None, *, token: str | None = REGISTERED) -> int | None:
        """Send the webhook by hand and return the status of the answer.

        `body` is sent unchanged (bytes) or as JSON; without one, the genuine body of the job is sent. `token` None
        sends no token.
        """
        job = self.jobs[job_id]
        if token == REGISTERED:
            token = self.webhook_token
        return await self._work.call(job, body=self._work.notice(job) if body is None else body, token=token)

    async def _submit(self, request: web.Request) -> web.Response:
        self._admit(request)
        if list(request.query) != ["webhookId"] or request.query["webhookId"] != self.webhook_id:
            raise refuse(400, "webhookId is not registered")
        model = next(model for model in MODELS if model == request.match_info["model"])
        accepted = await read_request(request, model=model, limit=self.largest_body)
        job = Job(
            job_id=str(uuid4()),
            model=model,
            order=accepted.order,
            sent_as=_sent_as(request, accepted),
            voices=accepted.voices,
        )
        self.jobs[job.job_id] = job
        await self._work.begin(job, accepted.audio)
        return web.json_response(answers.immediate(job, self.webhook_id))

    async def _status(self, request: web.Request) -> web.Response:
        self._admit(request)
        if list(request.query) != ["id"]:
            raise refuse(400, "id, and nothing else, is required")
        job = self.jobs.get(request.query["id"])
        if job is None or job.forgotten or request.match_info.get("model", job.model) != job.model:
            return web.json_response(answers.unknown(request.query["id"]))
        return web.json_response(answers.status(job, self.webhook_id, self._work.hear(job)))

    def _admit(self, request: web.Request) -> None:
        if request.headers.get("x-api-key") != self.api_key:
            raise refuse(401, "x-api-key is missing or wrong")


def _name(request: web.Request) -> str:
    ending = "/".join(request.path.split("/")[-2:])
    return f"{request.method} {ending}"


def _sent_as(request: web.Request, accepted: Request) -> Literal["json", "multipart", "url"]:
    if isinstance(accepted.audio, str):
        return "url"
    return "json" if request.content_type == "application/json" else "multipart"
