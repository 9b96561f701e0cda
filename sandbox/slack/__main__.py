"""Run the Slack stand-in alone: `python -m sandbox.slack --port 8100`."""

from __future__ import annotations

import argparse
import asyncio
import sys

from sandbox.slack.stand_in import Slack


async def run(*, port: int, events_url: str | None) -> None:
    """Print the addresses and the invented credentials, and serve until stopped."""
    async with Slack(port=port) as slack:
        slack.events_url = events_url
        coordinates = {
            "SLACK_API_URL": slack.api_url,
            "SLACK_BOT_TOKEN": slack.bot_token,
            "SLACK_APP_TOKEN": slack.app_token,
            "SLACK_SIGNING_SECRET": slack.signing_secret,
        }
        sys.stdout.writelines(f"{name}={value}\n" for name, value in coordinates.items())
        sys.stdout.flush()
        await asyncio.Event().wait()


def main() -> None:
    """Parse the command line and run the stand-in."""
    parser = argparse.ArgumentParser(prog="sandbox.slack", description="A Slack workspace on loopback.")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--events-url", help="the app's request URL; without it events go over sockets")
    given = parser.parse_args()
    try:
        asyncio.run(run(port=given.port, events_url=given.events_url))
    except KeyboardInterrupt:
        sys.exit(0)


if __name__ == "__main__":
    main()
