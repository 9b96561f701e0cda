"""Wires what a bot serves: Slack over HTTP or Socket Mode, the providers' webhooks, health, metrics."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial

from aiohttp import web

from bot.background.home_pages import HomePages
from bot.catalog import make_hosting
from bot.settings.model import Settings, SettingsProblem
from bot.slack.bolt_app import make_app
from bot.slack.client import slack_client
from bot.slack.for_listeners import WorkspaceForListeners
from bot.slack.socket_mode.socket_mode import SocketMode
from bot.slack.socket_mode.timings import TIMINGS, Timings
from bot.web.scrape import Scrape
from bot.web.server import Listening, make_server, serve_slack, timed_webhooks
from bot.worker.tools import Tools
from handlers import (
    audio,
    channel_changes,
    commands,
    correcting,
    deleting,
    exporting,
    forgetting,
    health,
    help_modal,
    home,
    job_actions,
    metrics,
    naming,
    on_request,
    preferences,
    rate_limited,
    recording_menu,
    recordings,
    search_modal,
    transcript_menu,
    webhooks,
)
from handlers.actor import Actor
from handlers.choices import Choice
from handlers.commands import Commands
from handlers.deleting import Deletions
from handlers.details import Details
from handlers.health import Check
from handlers.interactions import Interactions
from handlers.job_actions import JobActions
from handlers.listener import Installation
from handlers.listing import Viewer
from handlers.membership import Membership
from handlers.on_request import TranscribeRequests
from handlers.reaction_limits import ReactionLimits
from handlers.search_modal import SearchForm
from handlers.transcript_menu import TranscriptMenu
from storage.job import Job
from transcription.transcriber import CallsBack


def listen_to_slack(
    server: web.Application,
    tools: Tools,
    *,
    homes: HomePages,
    lost: Callable[[datetime | None], None] = lambda _: None,
    heard: Callable[[str], None] = lambda _: None,
    timings: Timings = TIMINGS,
) -> SocketMode | None:
    """Register the listeners for Slack's requests, over HTTP on the server or over the socket that is returned.

    `homes` is told who opens their App Home, `lost` that an event could not be stored, `heard` each new type of event.
    """
    settings = tools.settings
    app = make_app(
        settings,
        client=slack_client(settings),
        workspaces=tools.workspaces,
        metrics=tools.metrics,
        lost=lost,
        heard=heard,
    )
    channel_changes.register(app, database=tools.database, clock=tools.clock)
    rate_limited.register(app, database=tools.database, clock=tools.clock, limited=tools.metrics.events_rate_limited)
    deleted = partial(forgetting.deleted_message, database=tools.database, clock=tools.clock)
    audio.register(app, database=tools.database, clock=tools.clock, deleted=deleted)
    forgetting.register(app, database=tools.database, clock=tools.clock, removed=tools.workspaces.removed)

    def slack_of(job: Job) -> WorkspaceForListeners:
        return WorkspaceForListeners(tools.workspace_of(job))

    def slack_for(who: Actor | Installation) -> WorkspaceForListeners:
        return WorkspaceForListeners(tools.workspaces.of(team=who.team, enterprise=who.enterprise))

    job_control = JobActions(database=tools.database, clock=tools.clock, slack_of=slack_of, choices=choices_of(tools))
    settings_forms = preferences.SettingsForms(
        database=tools.database,
        clock=tools.clock,
        slack_of=slack_for,
        choices=choices_of(tools),
        outside=settings.allow_slack_connect,
    )
    membership = Membership(slack_of=slack_of)
    deletions = Deletions(database=tools.database, clock=tools.clock, membership=membership, slack_of=slack_for)
    slash_commands = Commands(
        job_actions=job_control,
        deletions=deletions,
        membership=membership,
        settings=settings_forms,
        database=tools.database,
        viewer_of=partial(_viewer, tools),
        slack_of=slack_for,
    )
    commands.register(app, commands=slash_commands)

    interactions = Interactions(app, database=tools.database, membership=membership, slack_for=slack_for)
    undo = naming.register(interactions, database=tools.database, clock=tools.clock, slack_of=slack_of)
    deleting.register(interactions, deletions=deletions)
    correct = correcting.register(
        interactions, database=tools.database, clock=tools.clock, slack_of=slack_of, choices=choices_of(tools)
    )
    menu = TranscriptMenu(
        database=tools.database,
        job_actions=job_control,
        correct=correct,
        undo=undo,
        deletions=deletions,
        settings=settings_forms,
    )
    transcript_menu.register(interactions, menu=menu)
    exporting.register(interactions, database=tools.database, clock=tools.clock, slack_of=slack_of)
    job_actions.register(interactions, actions=job_control)
    details = Details(database=tools.database, slack_of=slack_of, viewer_of=partial(_viewer, tools))
    recording_menu.register(interactions, actions=job_control, details=details, deletions=deletions)
    help_modal.register(interactions, slack_of=slack_for)
    preferences.register(interactions, settings=settings_forms)
    search_form = SearchForm(database=tools.database, slack_of=slack_for, viewer_of=partial(_viewer, tools))
    search_modal.register(interactions, search_form=search_form)
    requests = TranscribeRequests(
        database=tools.database,
        clock=tools.clock,
        slack_at=slack_for,
        job_actions=job_control,
        limits=ReactionLimits(tools.clock),
        outside=settings.allow_slack_connect,
        emoji=settings.reaction_request,
    )
    on_request.register(interactions, app, requests=requests)
    home.register(app, interactions, views=homes)
    tools.workspaces.serve(server)
    if settings.slack_signing_secret is not None:
        secret = settings.slack_signing_secret.get_secret_value()
        serve_slack(server, app, signing_secret=secret, metrics=tools.metrics)
    if settings.slack_app_token is None:
        return None
    app_token = settings.slack_app_token.get_secret_value()
    return SocketMode(
        app,
        app_token=app_token,
        client=slack_client(settings),
        connected=tools.metrics.socket_connected,
        timings=timings,
    )


def choices_of(tools: Tools) -> tuple[Choice, ...]:
    """Return the transcribers that are set up, as offered to people: the configured one first."""
    usual = tools.settings.transcriber
    names = sorted(tools.transcribers, key=lambda name: (name != usual, name))
    return tuple(
        Choice(
            name=name,
            title=made.title,
            languages=made.capabilities.offers,
            undetected=made.capabilities.undetected,
            assumed=made.capabilities.assumed,
            place=made.capabilities.place,
            vocabulary=made.capabilities.vocabulary,
        )
        for name in names
        for made in [tools.transcribers[name]]
    )


def _viewer(tools: Tools, actor: Actor) -> Viewer:
    """Return the context of a list that this person reads."""
    identity = tools.workspaces.of(team=actor.team, enterprise=actor.enterprise).identity
    return Viewer(
        now=tools.clock(),
        provider_title=lambda job: tools.transcriber_of(job).title,
        workspace_url=identity.url if identity else "",
        person=actor.user,
    )


def receive_webhooks(server: web.Application, tools: Tools) -> None:
    """Serve the providers' webhooks."""
    server.middlewares.append(timed_webhooks(tools.metrics))
    providers = {name: made for name, made in tools.transcribers.items() if isinstance(made, CallsBack)}
    webhooks.register(server, providers=providers, database=tools.database, clock=tools.clock)


def serve_health(server: web.Application, tools: Tools, *, checks: Mapping[str, Check]) -> None:
    """Serve health, and the recordings that a provider downloads from us."""
    hosting = make_hosting(tools.settings)
    if hosting is not None:
        recordings.register(server, find=hosting.find)
    health.register(server, database=tools.database, checks=checks)


@asynccontextmanager
async def serve_metrics(server: web.Application, tools: Tools, *, checks: Mapping[str, Check]) -> AsyncIterator[None]:
    """Serve the metrics: on `server` with the token, and on a port of their own, where these are set.

    Raises `SettingsProblem` if the port is taken.
    """
    settings, apart = tools.settings, make_server()
    scrape = Scrape(
        tools.metrics, database=tools.database, clock=tools.clock, providers=tools.transcribers, checks=checks
    )
    if settings.metrics_token is not None:
        metrics.register(server, text=scrape.text, token=settings.metrics_token.get_secret_value())
    if settings.metrics_port is None:
        yield
        return
    metrics.register(apart, text=scrape.text, token=None)
    listening = await _listen(apart, "METRICS", host=settings.metrics_host, port=settings.metrics_port)
    try:
        yield
    finally:
        await listening.stop()


async def listen(server: web.Application, settings: Settings) -> Listening:
    """Start to listen. Raises `SettingsProblem` if the port is taken."""
    return await _listen(server, "HTTP", host=settings.http_host, port=settings.http_port)


async def _listen(server: web.Application, which: str, *, host: str, port: int) -> Listening:
    try:
        return await Listening.start(server, host=host, port=port)
    except OSError as error:
        problem = f"{which}_HOST, {which}_PORT: cannot listen on {host}:{port} ({error.strerror})"
        raise SettingsProblem([problem]) from None
