"""The engine's process: `python -m transcription.engine.worker` under `transcription.isolation`.

The request names the recording, the file for the result, perhaps the number of speakers, and perhaps a model. The
result is a file and not the answer: it survives the process that asked, so a restarted bot finds it.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from transcription.isolation import serve

_POLITE = 5
"""The engine steps back (nice) when the bot wants the processor."""


def work(request: dict[str, object]) -> dict[str, object]:
    """Transcribe `audio` (path) into `result` (path), told the fewest and the most `speakers` or null.

    `model` is null (pocketsphinx) or Whisper's `folder`, `threads`, `language` (or null) and what it is `otherwise`.

    Answers whether the result is `written`; it is not where the disk is full or the folder is gone. A recording
    that is no WAV as promised raises.
    """
    from transcription.engine.draft import WhisperModel, drafted  # noqa: PLC0415 - heavy, so only after the limits stand

    os.nice(_POLITE)
    match request["speakers"]:
        case [int(fewest), int(most)]:
            speakers: tuple[int, int] | None = (fewest, most)
        case _:
            speakers = None
    asked = request.get("model")  # a bot of the release before names none
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
    except OSError:  # the machine's trouble, not the recording's
        return {"written": False}
    return {"written": True}


def _write(path: Path, result: dict[str, object]) -> None:
    """Write the result so that it is there whole or not at all, whatever dies when."""
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
