"""Acts: claims jobs, takes them one step further, and answers in the thread."""

import sys
from importlib import import_module


def _load_structlog_alone() -> None:
    """Keep structlog from importing rich to draw tracebacks, which we never log: a tenth of a start, 3 MB of memory."""
    if "structlog" in sys.modules or "rich" in sys.modules:
        return
    sys.modules["rich"] = None  # type: ignore[assignment] # how the import system notes that there is no such module
    try:
        import_module("structlog")
    finally:
        del sys.modules["rich"]


_load_structlog_alone()
