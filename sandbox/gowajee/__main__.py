"""Run the stand-in for Gowajee alone (`python -m sandbox.gowajee`), for trying a client by hand."""

from __future__ import annotations

import asyncio
import contextlib

import click

from sandbox.gowajee import Gowajee


async def _stand(*, port: int, webhook_url: str | None, speed: float) -> None:
    async with Gowajee(port=port, webhook_url=webhook_url, speed=speed) as gowajee:
        click.echo(f"origin      {gowajee.origin}")
        click.echo(f"API key     {gowajee.api_key}")
        click.echo(f"webhook id  {gowajee.webhook_id}")
        await asyncio.Event().wait()


@click.command()
@click.option("--port", default=0, help="Where to listen; 0 takes a free port.")
@click.option("--webhook-url", default=None, help="The registered webhook, with its token.")
@click.option("--speed", default=0.3, help="Processing seconds per second of sound.")
def main(*, port: int, webhook_url: str | None, speed: float) -> None:
    """Pretend to be Gowajee on loopback."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_stand(port=port, webhook_url=webhook_url, speed=speed))


if __name__ == "__main__":
    main()
