"""Structured lines on standard error: one per change of state, with ids; never a transcript, a name or a secret.

What a breakdown says about itself may quote anything, so of every error that nobody caught only its class and the
places in the code are told.
"""

from __future__ import annotations

import logging
import sys
import threading
import traceback
from pathlib import Path
from types import TracebackType

import structlog

from bot.settings.model import Settings

_DEEP = 20

_log = structlog.get_logger()


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
    breakdowns = logging.StreamHandler(sys.stderr)
    breakdowns.setLevel(logging.CRITICAL)
    breakdowns.setFormatter(_NameOnly())
    logging.basicConfig(level=logging.CRITICAL, handlers=[breakdowns], force=True)
    logging.captureWarnings(capture=True)  # they would quote values
    sys.excepthook = _fallen
    threading.excepthook = lambda fallen: _fallen(fallen.exc_type, fallen.exc_value, fallen.exc_traceback)
    sys.unraisablehook = lambda fallen: _fallen(fallen.exc_type, fallen.exc_value, fallen.exc_traceback)


class _NameOnly(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {record.name}"


def _fallen(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Tell of an error that nobody caught, without its words."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    _log.critical("unhandled_exception", error=kind.__name__, at=_places(trace))
    for part in getattr(error, "exceptions", ()):
        _fallen(type(part), part, part.__traceback__)


def _places(trace: TracebackType | None) -> str:
    innermost = reversed(traceback.extract_tb(trace, limit=-_DEEP))
    return " < ".join(f"{Path(place.filename).name}:{place.lineno}" for place in innermost)
