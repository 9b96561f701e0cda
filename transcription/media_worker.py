"""The child process that `audio` starts to decode one recording.

The request `{"source", "target", "sample_rate", "most", "stereo"}` is answered with the fields of
`decoding.conversion.Decoded`, or with a `refusal` and the class name of the error (`because`).
"""

from __future__ import annotations

import os
from dataclasses import asdict
from enum import StrEnum
from pathlib import Path

from transcription.isolation import serve
from transcription.landlock import confine


class Refusal(StrEnum):
    """The reason why there is no result."""

    UNREADABLE = "unreadable"  # of an unknown format, or damaged beyond use
    INCOMPLETE = "incomplete"  # an MP4 that was cut off, so that nothing of it can be decoded
    EMPTY = "empty"  # no bytes at all
    NO_SOUND = "no sound"  # it opens, but contains no audio
    TOO_LONG = "too long"  # more samples than allowed
    NO_DISK = "no disk"  # full, missing or not writable: not the fault of the recording


def shut_in(request: dict[str, object]) -> None:
    """Load what decodes, then forbid every file but the recording and the folder of its result."""
    from transcription.decoding import conversion  # noqa: PLC0415 - heavy, so only after the limits stand

    del conversion
    confine(read=[Path(str(request["source"]))], write=[Path(str(request["target"])).parent])


def work(request: dict[str, object]) -> dict[str, object]:
    """Answer one request. Every failure becomes a `Refusal`."""
    from av import FFmpegError  # noqa: PLC0415 - heavy, so only after the limits stand

    from transcription.decoding import errors  # noqa: PLC0415 - same

    try:
        return _answer(request)
    except errors.NoAudioTrack:
        return {"refusal": Refusal.NO_SOUND}
    except errors.TooMuch:
        return {"refusal": Refusal.TOO_LONG}
    except FFmpegError as error:  # some of these are also OSErrors
        return {"refusal": _unreadable(request), "because": type(error).__name__}
    except OSError as error:
        return {"refusal": Refusal.NO_DISK, "because": type(error).__name__}
    except Exception as error:  # noqa: BLE001 - a broken file raises nearly anything; here is the boundary
        return {"refusal": _unreadable(request), "because": type(error).__name__}


def _unreadable(request: dict[str, object]) -> Refusal:
    """Return which refusal a recording gets that cannot be decoded."""
    from transcription.decoding import mp4_boxes  # noqa: PLC0415 - same

    try:
        with Path(str(request["source"])).open("rb") as source:
            return Refusal.INCOMPLETE if mp4_boxes.is_cut_off(source) else Refusal.UNREADABLE
    except OSError:
        return Refusal.UNREADABLE


def _answer(request: dict[str, object]) -> dict[str, object]:
    from transcription.decoding import conversion  # noqa: PLC0415 - same

    with Path(str(request["source"])).open("rb") as source:
        if os.fstat(source.fileno()).st_size == 0:
            return {"refusal": Refusal.EMPTY}
        match request:
            case {"target": str(target), "sample_rate": int(rate), "most": int(most), "stereo": bool(stereo)}:
                return asdict(conversion.convert(source, Path(target), sample_rate=rate, most=most, stereo=stereo))
            case _:
                raise ValueError("not a question that is asked here")


if __name__ == "__main__":
    serve(work, first=shut_in)
