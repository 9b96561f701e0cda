"""What the lines of the wire log say of Slack's messages: calls of the app, and what is delivered to it."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from urllib.parse import parse_qs

from aiohttp import web

from sandbox.slack.received import Received
from sandbox.slack.values import Json
from sandbox.wire_log import Half, WireLog, half

TOLD = ("channel", "channel_id", "user_id", "file", "name", "files")
"""Arguments of a call that say what it is about, most telling first."""


def described(request: web.Request, body: bytes) -> tuple[str, str, str]:
    """Return the kind, the title and what else is told of a request to Slack."""
    first, _, rest = request.path.lstrip("/").partition("/")
    match first:
        case "api":
            return "call", rest, _about(request, body)
        case "upload":
            return "file", "upload", f"{len(body):,} bytes"
        case "respond":
            return "call", "response_url", ""
        case _:
            return "file", "download", rest.rpartition("/")[2]


def _about(request: web.Request, body: bytes) -> str:
    sent: dict[str, str] = dict(request.query)
    if request.content_type == "application/json":
        sent |= {name: value for name, value in json.loads(body or b"{}").items() if isinstance(value, str)}
    else:
        sent |= {name: values[0] for name, values in parse_qs(body.decode(errors="replace")).items()}
    return next((sent[name] for name in TOLD if sent.get(name)), "")


async def noted_delivery(
    log: WireLog | None, *, sent: Callable[[], tuple[Half, Json]], send: Callable[[], Awaitable[Received]]
) -> Received:
    """Deliver something to the app by `send`, and note it, as `sent` tells it with its payload, and its answer."""
    if log is None:
        return await send()
    message, payload = sent()
    kind, title, about = _delivered(payload)
    line = log.open(kind, title, source="slack", target="bot", sent=message, about=about)
    received = await send()
    status = "acknowledged" if received.taken else received.reason or str(received.status)
    head = f"HTTP/1.1 {received.status}" if received.status is not None else "no answer"
    kind_of_body = {"Content-Type": "application/json"} if received.body else {}
    log.close(line, status, good=received.taken, answered=half(head, kind_of_body, received.body))
    return received


def payload_of(body: bytes, *, content_type: str) -> Json:
    """Return what a request to the app carries: JSON, or a form with a command or with JSON inside."""
    if content_type.endswith("json"):
        return dict(json.loads(body))
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    return dict(json.loads(fields["payload"])) if "payload" in fields else dict(fields)


def _delivered(payload: Json) -> tuple[str, str, str]:
    if "event" in payload:
        event = payload["event"]
        title = f"{event['type']} / {event['subtype']}" if event.get("subtype") else str(event["type"])
        channel = event.get("channel_id") or event.get("channel") or ""
        return "event", title, channel if isinstance(channel, str) else ""
    if "command" in payload:
        return "interaction", f"{payload['command']} {payload.get('text', '')}".strip(), payload.get("channel_id", "")
    actions = payload.get("actions") or [{}]
    about = actions[0].get("action_id") or payload.get("callback_id") or payload.get("view", {}).get("callback_id", "")
    return "interaction", str(payload.get("type", "")), str(about)
