"""The outgoing webhooks of the Gowajee stand-in: each is sent once, without retries.

Source: Gowajee's asynchronous page: a POST of JSON to the registered URL, whose query string is the only proof of
origin. Retries and time-outs are undocumented; here a call waits 10 s and is not repeated.
"""

from __future__ import annotations

import asyncio
import contextlib
import json

from aiohttp import ClientError, ClientSession, ClientTimeout
from yarl import URL

from sandbox.faults import Fault, Faults
from sandbox.gowajee.jobs import Delivery, Job

CALL = "webhook"
PATIENCE = 10


class Webhook:
    """The registered webhook address."""

    def __init__(self, *, url: URL, faults: Faults) -> None:
        self.token = url.query.get("token")
        self._url = url
        self._faults = faults

    async def call(
        self, session: ClientSession, *, job: Job, body: object, token: str | None, genuine: bool = True
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
            status = await _post(session, url, content)
        job.deliveries.append(Delivery(body=content, genuine=genuine, status=status))
        return status


async def _post(session: ClientSession, url: URL, content: bytes) -> int | None:
    headers = {"Content-Type": "application/json"}
    timeout = ClientTimeout(total=PATIENCE)
    with contextlib.suppress(ClientError, TimeoutError):
        async with session.post(url, data=content, headers=headers, timeout=timeout, allow_redirects=False) as answer:
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
