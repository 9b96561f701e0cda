"""The jobs of the Gowajee stand-in: options, recording and delivered webhooks.

The states have the names of Gowajee's job-status page.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Literal

from sandbox.gowajee.orders import Model, Order
from sandbox.wav import Recording

State = Literal["IN_QUEUE", "IN_PROGRESS", "COMPLETED", "FAILED"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One webhook call; `status` is None if no answer came or none was awaited."""

    body: bytes
    genuine: bool
    status: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Fetch:
    """One request for a range of the recording at its address: the requested bytes and the status of the answer."""

    first: int
    last: int
    status: int


@dataclass(kw_only=True, slots=True)
class Job:
    """One submission; `voices` are the names of the voice samples, `sent_as` is how the audio was sent."""

    job_id: str
    model: Model
    order: Order
    sent_as: Literal["json", "multipart", "url"]
    voices: tuple[str, ...] = ()
    state: State = "IN_QUEUE"
    message: str = ""
    recording: Recording | None = None
    seconds: float = 0.0
    channels: int = 1
    fetches: list[Fetch] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    released: asyncio.Event = field(default_factory=asyncio.Event)
    forgotten: bool = False
