"""Run the stand-in for Botlhale alone (`python -m sandbox.botlhale`), for trying a client by hand."""

from __future__ import annotations

import asyncio
import contextlib

import click

from sandbox.botlhale import Botlhale


async def _stand(*, port: int, speed: float) -> None:
    async with Botlhale(port=port, speed=speed) as botlhale:
        click.echo(f"origin         {botlhale.origin}")
        click.echo(f"organisation   {botlhale.org_id}")
        click.echo(f"refresh token  {botlhale.refresh_token}")
        await asyncio.Event().wait()


@click.command()
@click.option("--port", default=0, help="Where to listen; 0 takes a free port.")
@click.option("--speed", default=0.3, help="Processing seconds per second of sound.")
def main(*, port: int, speed: float) -> None:
    """Pretend to be Botlhale AI on loopback."""
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_stand(port=port, speed=speed))


if __name__ == "__main__":
    main()
