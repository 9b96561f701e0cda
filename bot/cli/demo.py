"""`threadscribe demo`: shows on this machine how recordings are shared and get their transcripts in threads.

The sandbox Slack and the stand-in provider run in this process. The bot runs in its own process and knows only their
addresses, as with the real ones. Its transcripts are compared with what is really said in the sample recordings.
"""

from __future__ import annotations

import asyncio
import mimetypes
import secrets
import sys
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from rich.console import Console

from bot.cli import demo_view
from bot.cli.demo_bot import botlhale_environment, gowajee_environment, slack_environment, webhook_url
from sandbox.botlhale import Botlhale
from sandbox.gowajee import Gowajee
from sandbox.ports import free_port
from sandbox.scoring import word_error_rate, words
from sandbox.slack import Channel, Message, Share, Slack, Upload, draw_credentials
from sandbox.voices import SAMPLES, Sample
from transcription.embedded.local_model import is_installed

PATIENCE = 120
MOST_WORD_ERRORS = 0.18
"""Highest word error rate of the offline engine on these voices; a stand-in returns the words exactly."""

SYNTHETIC = (
    "These voices are synthetic, and easy: expect about one wrong word in twenty of what real people say in clear "
    "English, and more on the telephone."
)
LAST_RESORT = (
    "Whisper is not installed, so pocketsphinx listened: of what real people say it gets more than half of the words "
    "wrong. `make offline` installs Whisper."
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One shared recording: where, with which caption, and what is really said in it."""

    place: str
    caption: str
    sample: Sample
    share: Share


async def show(*, transcriber: str, mode: str, files: Sequence[Path] = ()) -> int:
    """Run the demo once; return 0 if every recording got a correct reply in the right place, else 1.

    With `files`, those are shared in place of the samples, and each must get a reply.
    """
    console = Console()
    async with AsyncExitStack() as stack:
        slack = await stack.enter_async_context(Slack(credentials=draw_credentials()))
        port = free_port()
        provider = await stack.enter_async_context(_provider(transcriber, port=port))
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="threadscribe-demo-"))
        environment = slack_environment(slack, port=port, mode=mode, transcriber=transcriber, folder=folder) | provider
        if mode == "http":
            slack.events_url = f"http://127.0.0.1:{port}/slack/events"
        console.print(
            f"A sandbox Slack is at {slack.origin}; the bot starts, with the transcriber [b]{transcriber}[/b]."
        )
        await stack.enter_async_context(_bot(environment, port=port))
        if files:
            return await _answer_files(slack, console, files)
        scenes = await _share_all(slack, console)
        good = await _watch(slack, console, scenes, exact=transcriber != "embedded")
        await _show_jobs(slack, console, scenes)
    console.print(
        "[green]All three were answered, each in its thread.[/green]" if good else "[red]It went wrong.[/red]"
    )
    if transcriber == "embedded":
        console.print(SYNTHETIC if is_installed() else LAST_RESORT)
    return 0 if good else 1


@asynccontextmanager
async def _provider(transcriber: str, *, port: int) -> AsyncIterator[dict[str, str]]:
    if transcriber == "botlhale":
        async with Botlhale(speed=0.1, refresh_token=secrets.token_hex(16)) as botlhale:
            yield botlhale_environment(botlhale)
    elif transcriber == "gowajee":
        # As on the vendor's page: the result comes by webhook, and there is no status call.
        drawn = secrets.token_hex(16)
        async with Gowajee(webhook_url=webhook_url(port), speed=0.1, status_path="none", api_key=drawn) as gowajee:
            yield gowajee_environment(gowajee)
    else:
        yield {}


@asynccontextmanager
async def _bot(environment: dict[str, str], *, port: int) -> AsyncIterator[None]:
    with tempfile.TemporaryDirectory(prefix="threadscribe-demo-") as elsewhere:  # no .env of the operator is there
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "run", env=environment, cwd=elsewhere
        )
        try:
            await _ready(process, f"http://127.0.0.1:{port}/readyz")
            yield
        finally:
            if process.returncode is None:
                process.terminate()
            await process.wait()


async def _ready(process: asyncio.subprocess.Process, address: str) -> None:
    async with aiohttp.ClientSession() as session, asyncio.timeout(30):
        while process.returncode is None:
            try:
                async with session.get(address) as answer:
                    if answer.ok:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise OSError("the bot ended before it was ready")


async def _answer_files(slack: Slack, console: Console, files: Sequence[Path]) -> int:
    """Share files and show their threads; return 0 if each got a reply."""
    general = slack.channel("general")
    shares = [await slack.share(general, [_upload(file)]) for file in files]
    for file, share in zip(files, shares, strict=True):
        try:
            replies = await slack.wait_for_replies(share, timeout=PATIENCE)
        except TimeoutError:
            console.print(f"[red]No answer to {file.name}.[/red]")
            return 1
        shown = [
            demo_view.message(reply.blocks, files=[attached.name for attached in reply.files]) for reply in replies
        ]
        console.print(demo_view.thread("#general", file.name, shown))
    return 0


def _upload(file: Path) -> Upload:
    kind, _ = mimetypes.guess_type(file.name)
    return Upload(
        content=file, name=file.name, filetype=file.suffix[1:].lower(), mimetype=kind or "application/octet-stream"
    )


async def _share_all(slack: Slack, console: Console) -> list[Scene]:
    general, project = slack.channel("general"), slack.channel("project")
    direct = slack.channel("amara", kind="im")
    question = slack.say(project, "How did the call with the customer go?")
    scenes = [
        await _share(slack, general, "#general", "note", caption="A voice note"),
        await _share(
            slack, project, "#project, inside a thread", "dialogue", caption="The recording", thread_ts=question
        ),
        await _share(slack, direct, "a direct message", "clip", caption="A short video"),
    ]
    console.print("Amara has shared a voice note, a recorded call and a video. Now nobody types anything.")
    await slack.until(lambda: all(slack.message(scene.share.channel.id, scene.share.ts).reactions for scene in scenes))
    await _show_jobs(slack, console, scenes)
    return scenes


async def _share(
    slack: Slack, channel: Channel, place: str, name: str, *, caption: str, thread_ts: str | None = None
) -> Scene:
    sample = SAMPLES[name]
    content = await asyncio.to_thread(sample.path.read_bytes)
    video = sample.path.suffix == ".mp4"
    upload = Upload(
        content=content,
        name=sample.file,
        filetype=sample.path.suffix[1:],
        mimetype="video/mp4" if video else "audio/mp4",
        subtype=None if video else "slack_audio",
    )
    share = await slack.share(channel, [upload], thread_ts=thread_ts)
    return Scene(place=place, caption=f"{caption}: {sample.file}", sample=sample, share=share)


async def _watch(slack: Slack, console: Console, scenes: list[Scene], *, exact: bool) -> bool:
    async def one(scene: Scene) -> bool:
        try:
            replies = await slack.wait_for_replies(scene.share, timeout=PATIENCE)
        except TimeoutError:
            console.print(f"[red]No answer in {scene.place}.[/red]")
            return False
        shown = [demo_view.message(reply.blocks, files=[file.name for file in reply.files]) for reply in replies]
        console.print(demo_view.thread(scene.place, scene.caption, shown))
        return _judge(console, scene, replies[0], exact=exact)

    console.print()
    verdicts = await asyncio.gather(*(one(scene) for scene in scenes))
    if not all(verdicts):
        return False
    await slack.quiet()
    done = "white_check_mark"
    await slack.until(lambda: all(done in slack.message(s.share.channel.id, s.share.ts).reactions for s in scenes))
    return _only_there(slack, console, scenes)


def _judge(console: Console, scene: Scene, reply: Message, *, exact: bool) -> bool:
    paragraphs = demo_view.said(reply.blocks)
    heard = " ".join(text for _, text in paragraphs)
    errors = word_error_rate(" ".join(text for _, text in scene.sample.script), heard)
    speakers = len({name for name, _ in paragraphs})
    good = speakers == scene.sample.speakers and errors <= (0 if exact else MOST_WORD_ERRORS)
    console.print(
        f"  {'✓' if good else '✗'} {len(words(heard))} words, {errors:.0%} of them wrong; "
        f"{speakers} of {scene.sample.speakers} speakers\n",
        style="green" if good else "red",
    )
    return good


def _only_there(slack: Slack, console: Console, scenes: list[Scene]) -> bool:
    """Return whether each recording has exactly one reply, and the bot has posted nothing else."""
    everywhere = [message for scene in scenes for message in slack.messages(scene.share.channel.id) if message.by_bot]
    answered = all(len(slack.replies(scene.share)) == 1 for scene in scenes)
    if len(everywhere) != len(scenes) or not answered:
        console.print("[red]There is an answer too many, or in the wrong place.[/red]")
        return False
    return True


async def _show_jobs(slack: Slack, console: Console, scenes: list[Scene]) -> None:
    answer = await slack.command("/transcripts", "", channel=scenes[-1].share.channel)
    console.print("And /transcripts says, to Amara alone:")
    for said in await answer.wait_for_messages():
        console.print(demo_view.message(said.get("blocks") or (), files=()))
