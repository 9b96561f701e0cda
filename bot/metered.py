"""Wraps a transcriber so that its calls are timed and counted."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta

from bot.metrics import Metrics
from transcription.transcriber import (
    Audio,
    Callback,
    CallsBack,
    Capabilities,
    Handle,
    Inquiry,
    Pending,
    Submission,
    Ticket,
    Transcriber,
)
from transcription.transcript import Transcript


def metered(transcriber: Transcriber, metrics: Metrics) -> Transcriber:
    """Return the transcriber with its calls measured, with webhooks if it has them."""
    if isinstance(transcriber, CallsBack):
        return _MeasuredWithWebhooks(transcriber, transcriber, metrics)
    return _Measured(transcriber, metrics)


class _Measured:
    def __init__(self, transcriber: Transcriber, metrics: Metrics) -> None:
        self._transcriber = transcriber
        self._metrics = metrics

    @property
    def name(self) -> str:
        return self._transcriber.name

    @property
    def title(self) -> str:
        return self._transcriber.title

    @property
    def capabilities(self) -> Capabilities:
        return self._transcriber.capabilities

    async def prepare(self, audio: Audio) -> Ticket:
        with self._metrics.provider_call(self.name, "prepare"):
            return await self._transcriber.prepare(audio)

    async def submit(self, audio: Audio, ticket: Ticket) -> Submission:
        with self._metrics.provider_call(self.name, "submit"):
            return await self._transcriber.submit(audio, ticket)

    async def find(self, ticket: Ticket, *, age: timedelta, orphans: Sequence[bytes]) -> Submission | None:
        with self._metrics.provider_call(self.name, "find"):
            return await self._transcriber.find(ticket, age=age, orphans=orphans)

    async def check(self, handle: Handle, inquiry: Inquiry) -> Transcript | Pending:
        with self._metrics.provider_call(self.name, "check"):
            return await self._transcriber.check(handle, inquiry)

    async def close(self) -> None:
        await self._transcriber.close()


class _MeasuredWithWebhooks(_Measured):
    def __init__(self, transcriber: Transcriber, webhooks: CallsBack, metrics: Metrics) -> None:
        super().__init__(transcriber, metrics)
        self._webhooks = webhooks

    def authenticate(self, *, query: Mapping[str, str], headers: Mapping[str, str]) -> None:
        self._webhooks.authenticate(query=query, headers=headers)

    def admit(self, callback: Callback) -> Handle:
        return self._webhooks.admit(callback)

    @property
    def can_be_asked(self) -> bool:
        return self._webhooks.can_be_asked

    @property
    def facts(self) -> Mapping[str, str]:
        return self._webhooks.facts

    def recall(self, facts: Mapping[str, str]) -> None:
        self._webhooks.recall(facts)
