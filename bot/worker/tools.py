"""`Tools`: everything that a step may use. The composition root (`bot.app`) makes it once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from bot.metrics import Metrics
from bot.settings.model import Settings
from bot.slack.workspace import Workspace
from bot.slack.workspaces import Workspaces
from bot.worker.rate_limits import RateLimits
from bot.worker.spool import Spool
from storage.database import Database
from storage.job import Job
from storage.options import TranscriptionOptions
from transcription.apart import Apart
from transcription.audio import Converted
from transcription.transcriber import Transcriber


class Convert(Protocol):
    """Converts a recording to WAV; `transcription.audio.convert` in a running bot."""

    async def __call__(
        self, source: Path, target: Path, /, *, sample_rate: int, longest: timedelta | None, stereo: bool
    ) -> Converted:
        """Write the audio of `source` to `target` as WAV."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Tools:
    """What a step may use.

    `transcribers`: those that jobs may name. `conversions`: limits how many recordings are decoded at the same time.
    `apart`: renders and writes long transcripts. `facts`: the facts about each provider as last stored.
    """

    database: Database
    workspaces: Workspaces
    transcribers: Mapping[str, Transcriber]
    spool: Spool
    convert: Convert
    limits: RateLimits
    settings: Settings
    clock: Callable[[], datetime]
    conversions: asyncio.Semaphore
    metrics: Metrics
    apart: Apart = field(default_factory=Apart)
    facts: dict[str, Mapping[str, str]] = field(default_factory=dict)

    def workspace_of(self, job: Job) -> Workspace:
        """Return the workspace in which the job's recording was shared."""
        return self.workspaces.of(team=job.origin.team, enterprise=job.origin.enterprise)

    def transcriber_for(self, options: TranscriptionOptions) -> Transcriber:
        """Return the transcriber that the options name, if it is set up; otherwise the configured one."""
        return self.transcribers.get(options.transcriber or "") or self.transcribers[self.settings.transcriber]

    def transcriber_of(self, job: Job) -> Transcriber:
        """Return the job's transcriber; the configured one if the job's was switched off since."""
        return self.transcribers.get(job.provider or "") or self.transcribers[self.settings.transcriber]

    def title_of(self, provider: str) -> str:
        """Return the display name of a provider; its name in the settings if it was switched off since."""
        transcriber = self.transcribers.get(provider)
        return transcriber.title if transcriber else provider
