"""Upload a recording through a presigned form into Botlhale's storage.

The form carries its own authorisation, so the request contains no credential of ours. The rules are those of browser
uploads to S3 ("POST Object" in the Amazon S3 API reference).
"""

from __future__ import annotations

import re
from dataclasses import replace

import httpx

from transcription import remarks
from transcription.bodies import FilePart, measured, multipart
from transcription.botlhale.form import UploadForm
from transcription.errors import TicketExpired, TimedOut, TooLong, TranscriptionError
from transcription.http import SHORT, Response, failure, send
from transcription.transcriber import Audio

STORED = frozenset({200, 201, 204})
EXPIRED = frozenset({401, 403})


async def store(client: httpx.AsyncClient, *, audio: Audio, form: UploadForm) -> None:
    """Upload the recording.

    The form's fields are sent unchanged and in their order, the file last, and nothing is added.

    Raises `TicketExpired` if the storage rejects the form, and `TimedOut` if the outcome is unknown.
    """
    file = FilePart(name="file", filename=form.key, content=await measured(audio.path))
    answer = await send(client, "POST", form.url, call="POST storage", body=multipart(form.fields, [file]))
    if not _is_accepted(answer):
        raise _refusal(answer)


def _is_accepted(answer: Response) -> bool:
    """Return whether the storage itself accepted the upload: it answers with an empty body or short XML.

    Other bodies come from a proxy, also white space without end.
    """
    if answer.status not in STORED or len(answer.body) >= SHORT:
        return False
    return not answer.body.strip() or b"<PostResponse" in answer.body


def _refusal(answer: Response) -> TranscriptionError:
    # The body can quote the whole upload policy, so only the error code leaves this function.
    found = re.search(rb"<Code>([A-Za-z0-9._-]{1,64})</Code>", answer.body)
    code = found[1].decode() if found else "no code"
    message = f"POST storage answered {answer.status} ({code})"
    if answer.is_success:
        # Neither the documented success nor a refusal: only the job's status can tell.
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
