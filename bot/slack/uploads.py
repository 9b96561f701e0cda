"""Uploads the bytes of a file to the address that Slack has given for it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

import aiohttp

from bot.slack.downloads import SLACK_HOSTS, is_slacks
from bot.slack.errors import SlackUnavailable, retry_after

_UPLOADED = 200


@dataclass(frozen=True, kw_only=True, slots=True)
class Attachment:
    """A file to upload; text is UTF-8."""

    name: str
    title: str
    content: bytes


async def upload_bytes(address: str, content: bytes, *, session: aiohttp.ClientSession, api_url: str) -> None:
    """Upload the bytes once. Raises `SlackUnavailable`; an incomplete upload leaves no file."""
    # The transcript must go to Slack's hosts only: the address is checked, and a redirect counts as a failure.
    api = urlsplit(api_url)
    if not is_slacks(address, origins={f"{api.scheme}://{api.netloc}"}, names={*SLACK_HOSTS, str(api.hostname)}):
        raise SlackUnavailable("upload: not Slack's host", maybe_done=False)
    try:
        async with session.post(address, data=content, allow_redirects=False) as response:
            if response.status != _UPLOADED:
                wait = retry_after(response.headers)
                raise SlackUnavailable(f"upload: {response.status}", retry_after=wait, maybe_done=False)
    except (TimeoutError, aiohttp.ClientError) as error:
        raise SlackUnavailable(f"upload: {type(error).__name__}", maybe_done=False) from None
