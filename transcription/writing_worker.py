"""The child process in which a transcript is written as a file, started through `apart`.

The request has the arguments of `formats.written` and the speakers' names, with the transcript's stored JSON. It is
answered with the bytes of the file.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from transcription.isolation import serve_with_bytes


def work(request: dict[str, Any], stored: bytes) -> tuple[dict[str, object], bytes]:
    """Answer one request."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, so only after the limits stand

    from transcription.formats import Format, written  # noqa: PLC0415 - same
    from transcription.naming import named  # noqa: PLC0415 - same
    from transcription.transcript import Transcript  # noqa: PLC0415 - same

    transcript = named(TypeAdapter(Transcript).validate_json(stored), request["names"])
    content = written(
        transcript,
        Format(request["format"]),
        title=request["title"],
        at=datetime.fromisoformat(request["at"]),
        time_marks=request["time_marks"],
    )
    return {}, content


if __name__ == "__main__":
    serve_with_bytes(work)
