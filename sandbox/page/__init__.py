"""A page for a browser that shows the sandbox Slack as a small workspace, with the wire beside it, for the demo.

It knows the stand-ins and the bot's process, and none of the bot's code: what it shows is what crossed the wire, and
what people do on it goes to the bot as Slack would send it.
"""

from sandbox.page.bot_process import BotProcess
from sandbox.page.providers import Providers
from sandbox.page.server import PageServer
from sandbox.page.stage import Stage

__all__ = ["BotProcess", "PageServer", "Providers", "Stage"]
