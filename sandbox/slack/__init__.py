"""Pretends to be Slack: Web API, files, Events API, Socket Mode, commands, on loopback.

Written from Slack's documentation and from observed traffic; it uses none of Slack's libraries, so that those can be
tried against it.
"""

from sandbox.slack.stand_in import Slack
from sandbox.slack.values import (
    Call,
    Channel,
    CommandAnswer,
    Delivery,
    FileCopy,
    Message,
    Share,
    Synthetic,
    Upload,
)

__all__ = [
    "Call",
    "Channel",
    "CommandAnswer",
    "Delivery",
    "FileCopy",
    "Message",
    "Share",
    "Slack",
    "Synthetic",
    "Upload",
]
