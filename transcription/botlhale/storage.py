"""The upload itself: a recording goes through a presigned form into the storage that Botlhale rents.

The form authorises itself, so this request carries nothing of ours but the recording: the rules are those of
browser uploads to S3 ("POST Object" in the Amazon S3 API reference).
"""

from __future__ import annotations

import re
from dataclasses import replace

import httpx

from transcription import remarks
from transcription.bodies import FilePart, measured, multipart
from transcription.botlhale.form import UploadForm
from transcription.errors import TicketExpired, TimedOut, TooLong, TranscriptionError
from transcription.http import Response, failure, send
from transcription.transcriber import Audio

STORED = frozenset({200, 201, 204})
EXPIRED = frozenset({401, 403})


async def store(client: httpx.AsyncClient, *, audio: Audio, form: UploadForm) -> None:
    """Upload the recording: the form's fields untouched and in their order, the file last, nothing added.

    Raises `TicketExpired` if storage turned it away, `TimedOut` if nobody knows whether it arrived.
    """
    file = FilePart(name="file", filename=form.key, content=await measured(audio.path))
    answer = await send(client, "POST", form.url, call="POST storage", body=multipart(form.fields, [file]))
    if not _is_storages(answer):
        raise _refusal(answer)


def _is_storages(answer: Response) -> bool:
    """Storage says nothing to a good upload, or XML. Anything else comes from somebody in between."""
    return answer.status in STORED and (not answer.body.strip() or b"<PostResponse" in answer.body)


def _refusal(answer: Response) -> TranscriptionError:
    # The body can quote the whole policy, so nothing but the code leaves this function.
    found = re.search(rb"<Code>([A-Za-z0-9._-]{1,64})</Code>", answer.body)
    code = found[1].decode() if found else "no code"
    message = f"POST storage answered {answer.status} ({code})"
    if answer.is_success:
        # Not as documented, and not a refusal either: only the status can tell.
        return TimedOut(message)
    match code:
        case "EntityTooLarge":
            return TooLong(message, sentence=remarks.TOO_LARGE_FOR_BOTLHALE)
        case "RequestTimeout":
            return TimedOut(message)
        case "ExpiredToken":
            return TicketExpired(message)
        case _ if answer.status in EXPIRED:
            return TicketExpired(message)
        case _:
            return failure(replace(answer, body=b""), call=f"POST storage ({code})", uncertain=True)
