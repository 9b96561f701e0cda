"""The engine's process: `python -m transcription.engine.worker`, started by `transcription.isolation`.

The request names the recording, the result file, and optionally the number of speakers and a model. The result is a
file and not the answer, because a file survives the process that asked: a restarted bot finds it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from transcription.isolation import serve

_NICENESS = 5
"""The nice value: the bot gets the processor first."""


def work(request: dict[str, object]) -> dict[str, object]:
    """Transcribe `audio` (a path) and write the result to `result` (a path).

    `speakers` is the minimum and the maximum number, or null. `model` is null (pocketsphinx), or for Whisper `folder`,
    `threads`, `language` (or null: detect) and `otherwise`.

    Return whether the result was `written`: not if the disk is full or the folder is gone. `opened` is returned as
    false if the model cannot be opened. Raises if the recording is not a WAV of the promised format.
    """
    from transcription.engine.draft import UnusableModel, WhisperModel, drafted  # noqa: PLC0415 - heavy, so only after the limits stand

    os.nice(_NICENESS)
    match request["speakers"]:
        case [int(fewest), int(most)]:
            speakers: tuple[int, int] | None = (fewest, most)
        case _:
            speakers = None
    asked = request.get("model")  # a bot of the previous release sends no model
    told = asked if isinstance(asked, dict) else None
    try:
        model = (
            WhisperModel(
                folder=Path(str(told["folder"])),
                threads=int(told["threads"]),
                language=told["language"],
                otherwise=str(told["otherwise"]),
            )
            if told
            else None
        )
        draft = drafted(Path(str(request["audio"])), speakers=speakers, model=model)
        turns = [
            {"voice": turn.voice, "start": turn.start * 10, "end": turn.end * 10, "text": turn.text}
            for turn in draft.turns
        ]
        heard = {
            "language": draft.language,
            "unsure": draft.unsure,
            "doubt": draft.doubt,
            "by": told and str(told["name"]),
        }
        result = {"milliseconds": round(draft.seconds * 1000), "turns": turns} | heard
        _write(Path(str(request["result"])), result)
    except UnusableModel:
        return {"written": False, "opened": False}
    except OSError:  # a fault of the machine, not of the recording
        return {"written": False}
    return {"written": True}


def _write(path: Path, result: dict[str, object]) -> None:
    """Write the result atomically and durably: after a crash the file is complete or absent."""
    unfinished = path.with_name(f".{path.name}.part")
    with unfinished.open("w", encoding="utf-8") as file:
        json.dump(result, file, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


if __name__ == "__main__":
    serve(work)
