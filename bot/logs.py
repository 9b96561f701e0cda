"""Structured lines on standard error: one per change of state, with ids; never a transcript, a name or a secret."""

from __future__ import annotations

import logging
import sys

import structlog

from bot.settings import Settings


def configure(settings: Settings) -> None:
    """Set up logging for the process."""
    readable = settings.log_format == "console" or (settings.log_format == "auto" and sys.stderr.isatty())
    renderer = structlog.dev.ConsoleRenderer() if readable else structlog.processors.JSONRenderer()
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[settings.log_level.upper()]),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    # Libraries put requests and events into their lines, so only their breakdowns are shown, and without details.
    logging.basicConfig(level=logging.CRITICAL, format="%(levelname)s %(name)s", stream=sys.stderr, force=True)
