"""The child process that `apart` starts to parse one large answer of a provider.

The request is `{"read": "module:function", "known": {…}}` with the bytes to read. It is answered with the result as
JSON and its turns behind it, or with the class and the message of the error.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from importlib import import_module

from transcription.isolation import serve_with_bytes


def work(request: dict[str, object], body: bytes) -> tuple[dict[str, object], bytes]:
    """Answer one request."""
    from pydantic import TypeAdapter  # noqa: PLC0415 - heavy, so only after the limits stand

    from transcription import passing  # noqa: PLC0415 - same
    from transcription.errors import Failed, TranscriptionError  # noqa: PLC0415 - same

    module, _, name = str(request["read"]).partition(":")
    read = getattr(import_module(module), name)
    try:
        value, turns = passing.parted(read(body, **_known(request["known"])))
    except TranscriptionError as error:
        report = asdict(error.report) if isinstance(error, Failed) and error.report else None
        return {"error": type(error).__name__, "message": str(error), "report": report}, b""
    result = TypeAdapter(passing.result_of(read)).dump_json(value).decode()
    return {"result": result}, passing.written(turns)


def _known(given: object) -> dict[str, object]:
    match given:
        case dict():
            return {name: _value(value) for name, value in given.items()}
        case _:
            raise ValueError("not a question that is asked here")


def _value(value: object) -> object:
    match value:
        case {"seconds": float(seconds)}:
            return timedelta(seconds=seconds)
        case _:
            return value


if __name__ == "__main__":
    serve_with_bytes(work)
