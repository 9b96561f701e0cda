"""The outgoing webhooks of the Gowajee stand-in: each is sent once, without retries.

Source: Gowajee's asynchronous page: a POST of JSON to the registered URL, whose query string is the only proof of
origin. Retries and time-outs are undocumented; here a call waits 10 s and is not repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from sandbox.faults import Fault, Faults
from sandbox.gowajee.jobs import Delivery, Job
from sandbox.wire_log import WireLog, half

CALL = "webhook"
PATIENCE = 10


class Webhook:
    """The registered webhook address."""

    def __init__(self, *, url: URL, faults: Faults) -> None:
        self.token = url.query.get("token")
        self._url = url
        self._faults = faults

    async def call(
        self,
        session: ClientSession,
        *,
        job: Job,
        body: object,
        token: str | None,
        genuine: bool = True,
        log: WireLog | None = None,
    ) -> int | None:
        """Send `body` (bytes unchanged, anything else as JSON) with `token`, record it on `job` and return the status.

        A fault without effect drops the call; one that hangs up does not wait for the answer.
        """
        content = body if isinstance(body, bytes) else json.dumps(body, ensure_ascii=False).encode()
        url = self._url.without_query_params("token")
        url = url if token is None else url.update_query(token=token)
        fault = (self._faults.take(CALL) if genuine else None) or Fault()
        await asyncio.sleep(fault.delay)
        status: int | None = None
        if fault.act and fault.hang_up:
            await _drop(url, content)
        elif fault.act:
            status = await _noted(log, url, content, about=job.job_id, post=lambda: _post(session, url, content))
        job.deliveries.append(Delivery(body=content, genuine=genuine, status=status))
        return status


async def _noted(
    log: WireLog | None, url: URL, content: bytes, *, about: str, post: Callable[[], Awaitable[int | None]]
) -> int | None:
    if log is None:
        return await post()
    sent = half(f"POST {url} HTTP/1.1", {"Content-Type": "application/json"}, content)
    line = log.open("webhook", "webhook", source="gowajee", target="bot", sent=sent, about=about)
    status = await post()
    good = status is not None and status < HTTPStatus.BAD_REQUEST
    log.close(line, str(status or "no answer"), good=good, answered=half(f"HTTP/1.1 {status or ''}".strip(), {}, b""))
    return status


async def _post(session: ClientSession, url: URL, content: bytes) -> int | None:
    headers = {"Content-Type": "application/json"}
    timeout = ClientTimeout(total=PATIENCE)
    with contextlib.suppress(ClientError, TimeoutError):
        body = io.BytesIO(content)  # aiohttp warns of large bytes
        async with session.post(url, data=body, headers=headers, timeout=timeout, allow_redirects=False) as answer:
            return answer.status
    return None


async def _drop(url: URL, content: bytes) -> None:
    head = (
        f"POST {url.raw_path_qs} HTTP/1.1\r\nHost: {url.host}:{url.port}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    with contextlib.suppress(OSError):
        _, writer = await asyncio.open_connection(url.host, url.port)
        writer.write(head.encode() + content)
        await writer.drain()
        writer.close()
        await writer.wait_closed()
