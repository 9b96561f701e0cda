"""Structured log lines on standard error: one per change of state, with ids; no transcript, name or secret.

The message of an error may quote anything, so of an unhandled error only its class and its places in the code are
logged.
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
    # Libraries log requests and events, so only their critical lines are shown, without the message.
    critical = logging.StreamHandler(sys.stderr)
    critical.setLevel(logging.CRITICAL)
    critical.setFormatter(_NameOnly())
    logging.basicConfig(level=logging.CRITICAL, handlers=[critical], force=True)
    logging.captureWarnings(capture=True)  # they would quote values
    sys.excepthook = _log_unhandled
    threading.excepthook = lambda raised: _log_unhandled(raised.exc_type, raised.exc_value, raised.exc_traceback)
    sys.unraisablehook = lambda raised: _log_unhandled(raised.exc_type, raised.exc_value, raised.exc_traceback)


class _NameOnly(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return f"{record.levelname} {record.name}"


def _log_unhandled(kind: type[BaseException], error: BaseException | None, trace: TracebackType | None) -> None:
    """Log an error that nobody caught, without its message."""
    if issubclass(kind, KeyboardInterrupt | SystemExit):
        return
    _log.critical("unhandled_exception", error=kind.__name__, at=_places(trace))
    for part in getattr(error, "exceptions", ()):
        _log_unhandled(type(part), part, part.__traceback__)


def _places(trace: TracebackType | None) -> str:
    innermost = reversed(traceback.extract_tb(trace, limit=-_DEEP))
    return " < ".join(f"{Path(place.filename).name}:{place.lineno}" for place in innermost)
