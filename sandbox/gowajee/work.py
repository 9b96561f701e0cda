"""The processing of the Gowajee stand-in: run jobs, and send their webhooks in the mode that a test chose."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

from aiohttp import ClientSession

from sandbox.gowajee import answers
from sandbox.gowajee.fetching import NotFetched, fetch
from sandbox.gowajee.jobs import Job
from sandbox.gowajee.webhook import Webhook
from sandbox.script import GOWAJEE_LINES, Heard, Script, Segment, play
from sandbox.wav import Recording, measure
from sandbox.wire_log import WireLog

WebhookMode = Literal["normal", "early", "late", "twice", "never", "failed", "forged", "leaked"]
LONGEST = 5 * 60 * 60


@dataclass(kw_only=True)
class Options:
    """Options that a test may change while the stand-in runs.

    `speed`: processing seconds per second of audio. `hold`: new jobs stay in the state `held_as` until released.
    `late_by`: seconds between the end of a job and its webhook in mode `late`. `largest_body`: in bytes.
    `wire_log`: where every message that crosses the wire is noted.

    Modes: `normal`, once at the end of the job; `early`, before the submission is answered (speed and hold are
    ignored); `late`; `twice`; `never`; `failed`, every job fails; `forged`, forged calls without the token come first;
    `leaked`, forged calls with the token come first.
    """

    webhook_mode: WebhookMode = "normal"
    speed: float = 0.0
    script: Script | None = None
    hold: bool = False
    held_as: Literal["IN_QUEUE", "IN_PROGRESS"] = "IN_PROGRESS"
    late_by: float = 0.5
    largest_body: int = 30_000_000
    wire_log: WireLog | None = None


class Work:
    """Processes jobs in the background and sends webhooks over `session`."""

    def __init__(self, options: Options, *, session: ClientSession, webhook: Webhook | None, webhook_id: str) -> None:
        self.failures: list[str] = []
        self._options = options
        self._session = session
        self._webhook = webhook
        self._webhook_id = webhook_id
        self._tasks: set[asyncio.Task[None]] = set()

    async def begin(self, job: Job, audio: bytes | str) -> None:
        """Queue a job. In mode `early` it is finished when this returns."""
        if self._options.webhook_mode == "early":
            self._finish(job, await self._open(job, audio))
            await self._notify(job)
            return
        if not self._options.hold:
            job.released.set()
        self._start(self._work(job, audio))

    async def settled(self) -> None:
        """Wait until no job is being processed and no webhook is pending. A held job is being processed.

        Exceptions of scripts are raised here.
        """
        while self._tasks:
            await asyncio.gather(*self._tasks)

    async def stop(self) -> None:
        """Cancel all work."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def call(self, job: Job, *, body: object, token: str | None, genuine: bool = True) -> int | None:
        """Send the webhook of a job. Return None if there is no webhook or no answer."""
        if self._webhook is None:
            return None
        return await self._webhook.call(
            self._session, job=job, body=body, token=token, genuine=genuine, log=self._options.wire_log
        )

    def hear(self, job: Job) -> Sequence[Segment]:
        """Return the transcript of the job's recording."""
        if job.recording is None:
            return []
        heard = Heard(name=job.job_id, seconds=job.seconds, sha256=job.recording.sha256)
        return play(self._options.script, heard, lines=GOWAJEE_LINES)

    def notice(self, job: Job) -> dict[str, object]:
        """Return the genuine webhook body of a job."""
        return answers.notice(job, self._webhook_id, self.hear(job))

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _work(self, job: Job, audio: bytes | str) -> None:
        job.state = "IN_PROGRESS" if job.released.is_set() else self._options.held_as
        await self._send_forged(job)
        trouble = await self._open(job, audio)
        await asyncio.sleep(self._options.speed * job.seconds)
        await job.released.wait()
        self._finish(job, trouble)
        if self._options.webhook_mode == "late":
            await asyncio.sleep(self._options.late_by)
        await self._notify(job)

    async def _open(self, job: Job, audio: bytes | str) -> str:
        """Read the recording. Return what is wrong with it, or ""."""
        try:
            job.recording = await fetch(self._session, audio, job) if isinstance(audio, str) else measure(audio)
        except NotFetched as error:
            return str(error)
        return _read(job, job.recording)

    def _finish(self, job: Job, trouble: str) -> None:
        if self.failures:
            trouble = self.failures.pop(0)
        if self._options.webhook_mode == "failed":
            trouble = trouble or "error message"
        job.state, job.message = ("FAILED", trouble) if trouble else ("COMPLETED", "")

    async def _notify(self, job: Job) -> None:
        if self._webhook is None or self._options.webhook_mode == "never":
            return
        for _ in range(2 if self._options.webhook_mode == "twice" else 1):
            await self.call(job, body=self.notice(job), token=self._webhook.token)

    async def _send_forged(self, job: Job) -> None:
        if self._webhook is None or self._options.webhook_mode not in {"forged", "leaked"}:
            return
        leaked = self._options.webhook_mode == "leaked"
        for token in (self._webhook.token,) if leaked else (None, "invented-wrong-token"):
            for body in self._forged_bodies(job):
                await self.call(job, body=body, token=token, genuine=False)

    def _forged_bodies(self, job: Job) -> list[object]:
        ids: dict[str, object] = {"webhookId": self._webhook_id, "jobId": job.job_id}
        results = [{"transcript": "FORGED", "startTime": 0, "endTime": 1.5}]
        success = {"type": "ASR_PULSE", "amount": 1.5, "output": {"results": results, "duration": 1.5, "version": "0"}}
        return [
            {**success, **ids},
            {"status": "FAILED", **ids, "message": "FORGED"},
            {**success, **ids, "jobId": str(uuid4())},
            {**success, **ids, "webhookId": str(uuid4())},
            b"not json",
        ]


def _read(job: Job, recording: Recording) -> str:
    """Record the duration. Return what is wrong with the recording, or ""."""
    wav, order = recording.wav, job.order
    if order.sample_rate and order.sample_width and order.channels:
        job.channels = order.channels
        job.seconds = round(recording.length / (order.sample_rate * order.sample_width * order.channels), 3)
    elif wav is not None and wav.readable:
        job.channels, job.seconds = wav.channels, round(wav.seconds, 3)
    else:
        return "the audio cannot be read"
    return "the audio is longer than 5 hours" if job.seconds > LONGEST else ""
