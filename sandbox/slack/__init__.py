"""A stand-in for Slack on loopback: Web API, files, Events API, Socket Mode, commands and interactivity.

It is written from Slack's documentation and from observed traffic, and uses none of Slack's libraries, so that those
can be tested against it.
"""

from sandbox.slack.services import draw_credentials
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
    "draw_credentials",
]
