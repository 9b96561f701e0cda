"""The Web API: one route for all methods, with Slack's form of answers.

A rejected call is HTTP 200 with `ok: false`. Every answer lists the granted scopes in `x-oauth-scopes`, unless
`tells_scopes` is off (https://docs.slack.dev/apis/web-api/#responses,
https://docs.slack.dev/authentication/installing-with-oauth).
"""

from __future__ import annotations

from aiohttp import web

from sandbox.faults import Faults
from sandbox.slack import oauth
from sandbox.slack.access import need
from sandbox.slack.arguments import Arguments, read_request
from sandbox.slack.calls import CallLog
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.grants import Grant, Grants
from sandbox.slack.methods import blocks, chat, conversations, files, identity, reactions, views
from sandbox.slack.refusal import Denied, Throttled
from sandbox.slack.values import Json

METHODS: Methods = {
    **blocks.METHODS,
    **chat.METHODS,
    **conversations.METHODS,
    **files.METHODS,
    **identity.METHODS,
    **reactions.METHODS,
    **views.METHODS,
    **oauth.METHODS,
}


class WebApi:
    """Checks the token and the scopes, runs the method and logs the call."""

    def __init__(self, context: Context, *, grants: Grants, faults: Faults, log: CallLog) -> None:
        self._context = context
        self._grants = grants
        self._faults = faults
        self._log = log

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """Answer one call, or apply the fault that is armed for it."""
        method = request.match_info["method"]
        token, sent = await read_request(request)
        with self._log.record(method, sent) as entry:

            async def act() -> web.StreamResponse:
                body, status, headers = await self._perform(method, token, sent=sent)
                entry.settle(ok=bool(body["ok"]), error=body.get("error"))
                return web.json_response(body, status=status, headers=self._headers(token) | headers)

            response = await self._faults.apply(method, request, act)
            entry.settle_unless_done(request, response)
            return response

    async def _perform(self, method: str, token: str | None, *, sent: Json) -> tuple[Json, int, dict[str, str]]:
        try:
            known = _method(method)
            grant = self._admit(known, token)
            return {"ok": True, **await known.act(self._context, Arguments(sent, grant=grant))}, 200, {}
        except Denied as denied:
            return {"ok": False, "error": denied.error, **denied.extra}, 200, {}
        except Throttled as throttled:
            headers = {"Retry-After": str(throttled.retry_after)}
            return {"ok": False, "error": "ratelimited"}, 429, headers

    def _admit(self, method: Method, token: str | None) -> Grant | None:
        if method.caller == "anyone":
            return None
        grant = self._grants.admit(token)
        if grant.kind != method.caller:
            raise Denied("not_allowed_token_type")
        need(self._granted(grant.kind), *method.scopes)
        return grant

    def _granted(self, kind: str) -> set[str]:
        options = self._context.options
        return options.app_scopes if kind == "app" else options.scopes

    def _headers(self, token: str | None) -> dict[str, str]:
        try:
            kind: str = self._grants.admit(token).kind
        except Denied:
            kind = "bot"
        told = {"x-oauth-scopes": ",".join(sorted(self._granted(kind)))} if self._context.options.tells_scopes else {}
        return {**told, "x-slack-req-id": "sandbox"}


def _method(name: str) -> Method:
    if name not in METHODS:
        raise Denied("unknown_method", req_method=name)
    return METHODS[name]
