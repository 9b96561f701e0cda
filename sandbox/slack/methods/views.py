"""The `views.*` methods: modals and the App Home (https://docs.slack.dev/reference/methods/views.open)."""

from __future__ import annotations

from sandbox.slack.arguments import Arguments
from sandbox.slack.context import Context, Method, Methods
from sandbox.slack.refusal import Denied
from sandbox.slack.values import Json


async def opening(context: Context, sent: Arguments) -> Json:
    """Open a modal. The trigger id is valid once and for three seconds."""
    context.dialogs.use(sent.text("trigger_id"))
    view = context.dialogs.check(sent.value("view", malformed="invalid_arguments"), kind="modal")
    return {"view": context.dialogs.keep(context.workspace.new_id("V"), view)}


async def update(context: Context, sent: Arguments) -> Json:
    """Replace the view of a modal."""
    known = context.dialogs.find(sent.text("view_id"), external_id=sent.text("external_id"))
    if sent.text("hash") and sent.text("hash") != known["hash"]:
        raise Denied("hash_conflict")
    view = context.dialogs.check(sent.value("view", malformed="invalid_arguments"), kind="modal")
    return {"view": context.dialogs.keep(known["id"], view)}


async def publish(context: Context, sent: Arguments) -> Json:
    """Publish a user's App Home. An outdated `hash` is rejected."""
    user_id = sent.text("user_id")
    if user_id not in context.workspace.users:
        raise Denied("user_not_found")
    known = context.dialogs.homes.get(user_id)
    if sent.text("hash") and known is not None and sent.text("hash") != known["hash"]:
        raise Denied("hash_conflict")
    view = context.dialogs.check(sent.value("view", malformed="invalid_arguments"), kind="home")
    view_id = known["id"] if known else context.workspace.new_id("V")
    kept = context.dialogs.keep_home(user_id, view_id, view)
    context.workspace.signal.notify()
    return {"view": kept}


METHODS: Methods = {
    "views.open": Method(act=opening),
    "views.push": Method(act=opening),
    "views.update": Method(act=update),
    "views.publish": Method(act=publish),
}
