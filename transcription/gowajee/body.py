"""Build the request body for Gowajee: inline audio, a multipart form, or an address to fetch.

The multipart form carries voice samples next to the recording; the other two are JSON.

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
    """Build the request in the way that the ticket chose. Raises `TicketExpired` if that way is no longer available."""
    match plan.way:
        case "hosted":
            if host is None:
                raise TicketExpired("there is no public address any more")
            # How to send voice samples in JSON is not documented.
            return _json(
                f'{{"audioData": {json.dumps(host(audio))}'.encode(),
                _options_tail(options.without_voices(speakers=audio.hints.speakers)),
            )
        case "inline":
            recording = await measured(audio.path, in_base64=True)
            return _json(b'{"audioData": "', recording, b'"', _options_tail(options))
        case "multipart":
            voices = [await _voice(name, path) for name, path in options.reference_speakers.items()]
            recording = await measured(audio.path)
            file = FilePart(name="audioData", filename=f"{audio.key}.wav", content=recording)
            return multipart(options.in_form(), [*voices, file])


def _options_tail(options: GowajeeOptions) -> bytes:
    """Return everything after the audio in a JSON body."""
    wishes = options.in_json()
    return (f", {wishes}}}" if wishes else "}").encode()


def _json(*pieces: bytes | FromDisk) -> Body:
    return Body(content_type="application/json", pieces=pieces)


async def _voice(name: str, path: Path) -> FilePart:
    """Return a voice sample as a file part. Gowajee reads the speaker's name from the file name."""
    try:
        content = await measured(path)
    except TicketExpired:
        # The recording is fine: a rerun would not bring the operator's file back.
        raise Unavailable("a reference voice cannot be read") from None
    return FilePart(name="refSpeakers", filename=name, content=content, content_type="application/octet-stream")
