"""The storage of the Botlhale stand-in: a separate origin that accepts one file per presigned form.

Source: the sample forms on Botlhale's pages (signature version 2 or 4) and Amazon's rules for POST uploads. It is
stricter than Amazon in two ways, because a client that relies on Amazon's tolerance there would be fragile: the fields
must keep their order, and nothing may follow the file.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from xml.sax.saxutils import escape

from aiohttp import BodyPartReader, MultipartReader, hdrs, web

from sandbox.faults import Faults
from sandbox.forms import NotAForm, next_part, open_multipart, read_part, read_some
from sandbox.provider_server import SEEN, ProviderServer, Refusal, Seen
from sandbox.wav import Meter, Recording
from sandbox.wire_log import WireLog

StorageShape = Literal["sigv2", "sigv4"]
LONGEST_FIELD = 1 << 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Form:
    """One presigned form. It is accepted only unchanged, in this order, and before `expires`."""

    key: str
    fields: tuple[tuple[str, str], ...]
    expires: datetime


class Storage:
    """Accepts uploads, and passes each with its key to `received`."""

    def __init__(
        self,
        *,
        shape: StorageShape,
        faults: Faults,
        requests: list[Seen],
        received: Callable[[str, Recording], None],
        wire_log: Callable[[], WireLog | None],
    ) -> None:
        self._shape = shape
        self._received = received
        self._forms: dict[str, Form] = {}
        self._server = ProviderServer(
            faults=faults,
            requests=requests,
            name=lambda request: f"{request.method} storage",
            party="botlhale",
            wire_log=wire_log,
        )
        self._server.serve(hdrs.METH_POST, "/", self._take)

    async def open(self) -> str:
        """Listen on a free port and return the origin."""
        return await self._server.open(0)

    async def close(self) -> None:
        """Stop listening."""
        await self._server.close()

    def issue(self, key: str, *, life: timedelta) -> dict[str, str]:
        """Return a signed form for `key` that is valid for `life`; documented is one hour."""
        expires = datetime.now(UTC) + life
        fields = _sign(key, shape=self._shape, expires=expires)
        self._forms[key] = Form(key=key, fields=tuple(fields.items()), expires=expires)
        return fields

    def expire_forms(self) -> None:
        """Expire all forms issued so far."""
        for form in list(self._forms.values()):
            self._forms[form.key] = Form(key=form.key, fields=form.fields, expires=datetime.now(UTC))

    async def _take(self, request: web.Request) -> web.Response:
        if hdrs.AUTHORIZATION in request.headers:
            raise _xml(400, "InvalidArgument", "Only one auth mechanism allowed")
        if request.content_length is None:
            raise _xml(411, "MissingContentLength", "You must provide the Content-Length HTTP header.")
        try:
            reader = await open_multipart(request)
            form, file = await self._admit(request, reader)
            recording = await _measure(file)
            if (behind := await next_part(reader)) is not None:
                raise _xml(400, "InvalidArgument", f"{behind.name} follows the file")
        except NotAForm:
            raise _xml(400, "MalformedPOSTRequest", "The body is not well-formed multipart/form-data.") from None
        self._received(form.key, recording)
        return web.Response(status=204)

    async def _admit(self, request: web.Request, reader: MultipartReader) -> tuple[Form, BodyPartReader]:
        given: list[tuple[str, str]] = []
        while (part := await next_part(reader)) is not None:
            request[SEEN].fields.append(part.name or "")
            if part.name == "file":
                return self._check(given), part
            if part.filename is not None:
                break
            content = await read_part(part, limit=LONGEST_FIELD)
            given.append((part.name or "", content.decode(errors="replace")))
        raise _xml(400, "InvalidArgument", "POST requires exactly one file upload per request.")

    def _check(self, given: Sequence[tuple[str, str]]) -> Form:
        form = self._forms.get(dict(given).get("key", ""))
        if form is None:
            raise _denied('Invalid according to Policy: Policy Condition failed: ["eq", "$key"]')
        if form.expires <= datetime.now(UTC):
            raise _denied("Invalid according to Policy: Policy expired.")
        extra = [name for name, _ in given if name not in dict(form.fields)]
        if extra:
            raise _denied(f"Invalid according to Policy: Extra input fields: {', '.join(extra)}")
        if tuple(given) != form.fields:
            raise _denied("The fields are not the ones that were signed, in their order.")
        return form


async def _measure(file: BodyPartReader) -> Recording:
    meter = Meter()
    while chunk := await read_some(file):
        meter.feed(chunk)
    return meter.recording()


def _sign(key: str, *, shape: StorageShape, expires: datetime) -> dict[str, str]:
    conditions = [{"bucket": "invented-asr-async"}, {"key": key}]
    policy = json.dumps({"expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"), "conditions": conditions})
    encoded = base64.b64encode(policy.encode()).decode()
    signature, session = secrets.token_hex(32), f"invented-session-{secrets.token_hex(4)}/+=="
    if shape == "sigv2":
        return {
            "AWSAccessKeyId": "invented-access-key",
            "key": key,
            "policy": encoded,
            "signature": signature,
            "x-amz-security-token": session,
        }
    day = expires.strftime("%Y%m%d")
    return {
        "key": key,
        "x-amz-algorithm": "AWS4-HMAC-SHA256",
        "x-amz-credential": f"invented-access-key/{day}/eu-west-1/s3/aws4_request",
        "x-amz-date": f"{day}T000000Z",
        "x-amz-security-token": session,
        "policy": encoded,
        "x-amz-signature": signature,
    }


def _denied(message: str) -> Refusal:
    return _xml(403, "AccessDenied", message)


def _xml(status: int, code: str, message: str) -> Refusal:
    body = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<Error><Code>{code}</Code><Message>{escape(message)}</Message>'
        f"<RequestId>{secrets.token_hex(8)}</RequestId></Error>"
    )
    return Refusal(status, body=body.encode(), content_type="application/xml")
