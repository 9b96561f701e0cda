"""Pretends to be Slack: Web API, files, Events API, Socket Mode, commands, on loopback.

Written from Slack's documentation and from observed traffic; it uses none of Slack's libraries, so that those can be
tried against it.
"""

from sandbox.slack.stand_in import Slack, Team
from sandbox.slack.values import Call, Channel, CommandAnswer, Delivery, FileCopy, Message, Share, Synthetic, Upload
from sandbox.slack.workspace import Ids

__all__ = [
    "Call",
    "Channel",
    "CommandAnswer",
    "Delivery",
    "FileCopy",
    "Ids",
    "Message",
    "Share",
    "Slack",
    "Synthetic",
    "Team",
    "Upload",
]
