"""What people do on the page, one function for each request: it takes a JSON object and answers with one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from sandbox.page.stage import NoSuchCommand, NotAnswered, Stage
from sandbox.slack.clients import InMessage
from sandbox.slack.values import Json

Does = Callable[[Json], Awaitable[Json | None]]

NAMES = (
    "sample",
    "say",
    "command",
    "use",
    "submit",
    "close",
    "shortcut",
    "react",
    "delete",
    "dismiss",
    "home",
    "kill",
    "webhook",
)


class Requests:
    """Every request by its name. Each raises `NotAnswered`, `NoSuchCommand`, or KeyError for what is not there."""

    def __init__(self, stage: Stage) -> None:
        self._stage = stage

    async def sample(self, given: Json) -> Json:
        """Share a sample recording in the given `channel`, perhaps in a `thread`."""
        channel = self._stage.channel(given["channel"])
        share = await self._stage.share_sample(channel, given["sample"], thread_ts=given.get("thread") or None)
        return {"ts": share.ts}

    async def say(self, given: Json) -> Json:
        """Post a plain message."""
        channel, thread_ts = self._stage.channel(given["channel"]), given.get("thread") or None
        return {"ts": self._stage.slack.say(channel, str(given["text"]), user=self._stage.person, thread_ts=thread_ts)}

    async def command(self, given: Json) -> None:
        """Send a slash command."""
        await self._stage.command(self._stage.channel(given["channel"]), str(given["text"]))

    async def use(self, given: Json) -> None:
        """Use a control: `place` says where, `action` is its element with what was chosen, `values` the fields."""
        await self._stage.use(given["place"], given["action"], given.get("values") or {})

    async def submit(self, given: Json) -> Json:
        """Submit a modal; the answer has sentences by block id where it was refused."""
        submitted = await self._stage.submit(given["view"], given["values"])
        return {"outcome": submitted.outcome, "errors": submitted.errors}

    async def close(self, given: Json) -> None:
        """Close a modal."""
        await self._stage.slack.close(given["view"], user=self._stage.person)

    async def shortcut(self, given: Json) -> None:
        """Choose a shortcut, with `channel` and `ts` one of a message."""
        message = InMessage(channel_id=given["channel"], ts=given["ts"]) if "ts" in given else None
        await self._stage.choose(given["callback_id"], message)

    async def react(self, given: Json) -> None:
        """Add a reaction."""
        channel = self._stage.channel(given["channel"])
        self._stage.slack.react(channel, given["ts"], str(given["name"]), user=self._stage.person)

    async def delete(self, given: Json) -> None:
        """Delete an own message."""
        channel = self._stage.channel(given["channel"])
        if self._stage.slack.message(channel.id, given["ts"]).user != self._stage.person:
            raise KeyError(given["ts"])  # only its author may
        self._stage.slack.delete_message(channel, given["ts"])

    async def dismiss(self, given: Json) -> None:
        """Hide an ephemeral message."""
        self._stage.ephemerals.dismiss(given["ts"])

    async def home(self, given: Json) -> None:
        """Open the App Home or its other tab."""
        self._stage.slack.open_home(user=self._stage.person, tab=given.get("tab", "home"))

    async def kill(self, _given: Json) -> Json:
        """Kill the bot; the answer has the id of the process that was."""
        return {"pid": await self._stage.kill()}

    async def webhook(self, given: Json) -> None:
        """Deliver each webhook twice, or once."""
        self._stage.providers.webhook_twice = bool(given["twice"])

    def by_name(self) -> Mapping[str, Does]:
        """Return all of them."""
        return {name: getattr(self, name) for name in NAMES}


def answering(does: Does, *, changed: Callable[[], None]) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    """Return a route that takes a JSON object, and says in a sentence why something was not done."""

    async def answer(request: web.Request) -> web.StreamResponse:
        try:
            given: Any = await request.json()
            outcome = await does(dict(given))
            changed()
        except NotAnswered:
            return sorry("The app didn't respond. Is the bot running?")
        except NoSuchCommand as problem:
            return sorry(str(problem))
        except (KeyError, ValueError, TypeError):
            return sorry("That is not there any more.")
        return web.json_response({"ok": True, **(outcome or {})})

    return answer


def sorry(sentence: str) -> web.Response:
    """Return an answer that says why something was not done."""
    return web.json_response({"ok": False, "error": sentence})
