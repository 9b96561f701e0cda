"""Access tokens of the Botlhale stand-in: exchange the refresh token, and check access tokens.

Source: Botlhale's authentication pages. B2 is `POST /generateAuthToken` with the form field `REFRESH_TOKEN`; B3 is
`POST /auth/generate` with `refresh_token`, as a form or as JSON. Only the path of the chosen version exists.
"""

from __future__ import annotations

import json
from typing import Literal
from uuid import uuid4

from aiohttp import hdrs, web
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.botlhale.refusals import refuse, unauthorised
from sandbox.forms import NotAForm, read_body, read_form
from sandbox.provider_server import SEEN, ProviderServer

TokenShape = Literal["B2", "B3"]
LIMIT = 1 << 16


class _Exchange(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    refresh_token: str


class Tokens:
    """The access tokens that are valid now.

    `expires_in` is what the answer states (3600, 86400 and 0 were all published). A token is in fact valid until
    `expire` is called.
    """

    def __init__(self, *, shape: TokenShape, refresh_token: str, server: ProviderServer) -> None:
        self.expires_in = 86400
        self._refresh_token = refresh_token
        self._good: set[str] = set()
        if shape == "B2":
            server.serve(hdrs.METH_POST, "/generateAuthToken", self._generate_auth_token)
        else:
            server.serve(hdrs.METH_POST, "/auth/generate", self._auth_generate)

    def expire(self) -> None:
        """Invalidate all access tokens issued so far."""
        self._good.clear()

    def admit(self, request: web.Request) -> None:
        """Reject a request without a valid access token."""
        scheme, _, token = request.headers.get(hdrs.AUTHORIZATION, "").partition(" ")
        if scheme != "Bearer" or token not in self._good:
            raise unauthorised()

    async def _generate_auth_token(self, request: web.Request) -> web.Response:
        try:
            fields = [(part.name, part.text) for part in await read_form(request, limit=LIMIT)]
        except NotAForm:
            raise refuse(400, "REFRESH_TOKEN is sent as a form field") from None
        if [name for name, _ in fields] != ["REFRESH_TOKEN"]:
            raise refuse(400, "REFRESH_TOKEN, and nothing else, is required")
        result = {
            # A trap in the documented answer: `AccessToken` looks like the token to use, but `IdToken` is.
            "AccessToken": f"access-{uuid4()}",
            "ExpiresIn": self.expires_in,
            "IdToken": self._issue(fields[0][1]),
            "TokenType": "Bearer",
        }
        return web.json_response({"AuthenticationResult": result, "ChallengeParameters": {}})

    async def _auth_generate(self, request: web.Request) -> web.Response:
        return web.json_response({"token": self._issue(await _refresh_token(request)), "expires": self.expires_in})

    def _issue(self, refresh_token: str) -> str:
        if refresh_token != self._refresh_token:
            raise unauthorised()
        token = f"id-{uuid4()}"
        self._good.add(token)
        return token


async def _refresh_token(request: web.Request) -> str:
    try:
        if request.content_type == "application/json":
            body: object = json.loads(await read_body(request, limit=LIMIT))
            request[SEEN].fields.extend(body if isinstance(body, dict) else [])
        else:
            body = {part.name: part.text for part in await read_form(request, limit=LIMIT)}
        return _Exchange.model_validate(body).refresh_token
    except (NotAForm, ValueError, ValidationError):
        raise refuse(400, "refresh_token, and nothing else, is required") from None
