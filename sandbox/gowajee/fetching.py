"""Download a recording from the address in a submission, range by range.

Source: Gowajee's page on large files: `audioData` may be a presigned URL that their server reads.
"""

from __future__ import annotations

import re
from http import HTTPStatus

from aiohttp import ClientError, ClientResponse, ClientSession

from sandbox.gowajee.jobs import Fetch, Job
from sandbox.wav import Meter, Recording

STEP = 1 << 20


class NotFetched(Exception):
    """The address did not return the recording; the text gives the reason."""


async def fetch(session: ClientSession, url: str, job: Job) -> Recording:
    """Download the recording at `url` and record every request on `job`. Raises `NotFetched`.

    A server that ignores ranges and answers 200 is read to the end.
    """
    meter = Meter()
    first: int | None = 0
    try:
        while first is not None:
            first = await _fetch_from(first, session=session, url=url, job=job, meter=meter)
    except (ClientError, TimeoutError) as error:
        raise NotFetched(f"the address could not be read: {type(error).__name__}") from error
    return meter.recording()


async def _fetch_from(first: int, *, session: ClientSession, url: str, job: Job, meter: Meter) -> int | None:
    last = first + STEP - 1
    async with session.get(url, headers={"Range": f"bytes={first}-{last}"}) as answer:
        job.fetches.append(Fetch(first=first, last=last, status=answer.status))
        if answer.status == HTTPStatus.OK and first == 0:
            await _take(answer, meter)
            return None
        if answer.status != HTTPStatus.PARTIAL_CONTENT:
            raise NotFetched(f"the address answered {answer.status}")
        total = _total(answer, first=first)
        after = first + await _take(answer, meter)
        if after == first:
            raise NotFetched("the address gave nothing")
        return after if after < total else None


async def _take(answer: ClientResponse, meter: Meter) -> int:
    got = 0
    async for chunk in answer.content.iter_any():
        meter.feed(chunk)
        got += len(chunk)
    return got


def _total(answer: ClientResponse, *, first: int) -> int:
    said = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range", ""))
    if said is None or int(said[1]) != first:
        raise NotFetched("the address answered another range")
    return int(said[2])
