"""How a recording travels to Gowajee: inside a JSON body, beside reference voices, or as an address to fetch.

Source of the wire format: the vendor's pages "Asynchronous API (Webhook Notification)", "Handling Large Files" and
"HTTP multipart/form-data".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from transcription.bodies import Body, FilePart, FromDisk, measured, multipart
from transcription.errors import TicketExpired, Unavailable
from transcription.gowajee.options import GowajeeOptions
from transcription.gowajee.wire import Plan
from transcription.transcriber import Audio


async def body_of(audio: Audio, *, plan: Plan, options: GowajeeOptions, host: Callable[[Audio], str] | None) -> Body:
    """Frame the request in the way that the ticket chose. Raises `TicketExpired` where that way is gone."""
    match plan.way:
        case "hosted":
            if host is None:
                raise TicketExpired("there is no public address any more")
            # In JSON nobody knows how voices are written.
            return _json(
                f'{{"audioData": {json.dumps(host(audio))}'.encode(),
                _tail(options.without_voices(speakers=audio.hints.speakers)),
            )
        case "inline":
            recording = await measured(audio.path, in_base64=True)
            return _json(b'{"audioData": "', recording, b'"', _tail(options))
        case "multipart":
            voices = [await _voice(name, path) for name, path in options.reference_speakers.items()]
            recording = await measured(audio.path)
            file = FilePart(name="audioData", filename=f"{audio.key}.wav", content=recording)
            return multipart(options.in_form(), [*voices, file])


def _tail(options: GowajeeOptions) -> bytes:
    """Everything behind the audio in a JSON body."""
    wishes = options.in_json()
    return (f", {wishes}}}" if wishes else "}").encode()


def _json(*pieces: bytes | FromDisk) -> Body:
    return Body(content_type="application/json", pieces=pieces)


async def _voice(name: str, path: Path) -> FilePart:
    """Take a reference voice; Gowajee reads the speaker's name from the file name."""
    try:
        content = await measured(path)
    except TicketExpired:
        # The recording is fine: to start again would not bring the operator's file back.
        raise Unavailable("a reference voice cannot be read") from None
    return FilePart(name="refSpeakers", filename=name, content=content, content_type="application/octet-stream")
