"""Errors of transcription providers, as one tree.

    TranscriptionError
    ├── Unavailable          temporary: retry, after `retry_after` if the provider sent one
    │   ├── RateLimited      429: all jobs wait
    │   └── TimedOut         no answer in time; the request may have arrived
    ├── Refused              final: `sentence` tells the user the reason and what to do
    │   ├── UnsupportedAudio not a readable recording
    │   │   └── NoSound      a video without audio
    │   ├── TooLong          longer or larger than the provider accepts
    │   └── NoSpeech         no speech in the recording
    ├── Failed               the provider accepted it and gave up; final, may have cost money
    ├── Lost                 the provider (or the offline engine) no longer knows the job: submit it again
    ├── TicketExpired        the ticket is no longer valid, and nothing was sent with it
    ├── NotAuthorised        for the operator: wrong or missing credentials; jobs wait
    ├── QuotaSpent           for the operator: the account's quota is used up; jobs wait
    ├── Misunderstood        the answer was not as documented; temporary until the deadline
    ├── AnswerTooLarge       by its size the answer can never be as documented; final after three tries
    └── BadSignature         a webhook that is not the provider's; it is ignored

| error            | retry?            | may have cost money? | the user is told            |
| ---              | ---               | ---                  | ---                         |
| Unavailable      | yes, with backoff | no (TimedOut: yes)   | nothing, until given up     |
| Refused          | no                | no                   | its sentence                |
| Failed           | no                | yes                  | the provider could not      |
| Lost             | from the start    | yes                  | nothing, until given up     |
| TicketExpired    | from the start    | no                   | nothing, until given up     |
| NotAuthorised    | slowly            | no                   | nothing, until given up     |
| QuotaSpent       | slowly            | no                   | nothing, until given up     |
| Misunderstood    | yes, with backoff | yes                  | nothing, until given up     |
| AnswerTooLarge   | twice             | yes                  | the answer was too large    |

A message (`str(error)`) is for the operator's log: it contains calls and codes, and never a secret, an address with a
secret, transcript text or free text of the provider. A `sentence` is for the user.
"""

from __future__ import annotations

from datetime import timedelta

from transcription.connection_faults import ConnectionFault
from transcription.remarks import Explanation
from transcription.transcript import Report

EVIDENCE = 64 * 2**10
"""Maximum bytes that are kept of an answer that was refused."""


class TranscriptionError(Exception):
    """The base class. Catch it only where the outcome of a job is decided."""


class Unavailable(TranscriptionError):
    """Temporary. `retry_after` is the delay that the provider asked for; `fault` why no connection came about."""

    def __init__(
        self, message: str, *, retry_after: timedelta | None = None, fault: ConnectionFault | None = None
    ) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        self.fault = fault


class RateLimited(Unavailable):
    """The provider's rate limit is exceeded: all jobs must send fewer requests."""


class TimedOut(Unavailable):
    """No answer in time, or the connection broke: the request may have arrived."""


class Refused(TranscriptionError):
    """Final, because of the recording. `sentence` is shown to people in Slack, `on_command_line` to those there.

    A `sentence` that is given as text fits both.
    """

    def __init__(self, message: str, *, sentence: str | Explanation) -> None:
        super().__init__(message)
        self.sentence = sentence if isinstance(sentence, str) else sentence.in_slack
        self.on_command_line = sentence if isinstance(sentence, str) else sentence.on_command_line


class UnsupportedAudio(Refused):
    """The file is not a readable recording."""


class NoSound(UnsupportedAudio):
    """The file can be read, but contains no audio."""


class TooLong(Refused):
    """The recording is longer or larger than the provider accepts."""


class NoSpeech(Refused):
    """Nobody speaks in the recording."""


class Failed(TranscriptionError):
    """The provider accepted the recording and gave up. `report` is its explanation, if there is one."""

    def __init__(self, message: str, *, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


class Lost(TranscriptionError):
    """The provider no longer knows this job."""


class TicketExpired(TranscriptionError):
    """The ticket is no longer valid, and nothing was sent with it."""


class NotAuthorised(TranscriptionError):
    """The credentials are wrong or missing."""


class QuotaSpent(TranscriptionError):
    """The account's quota is used up."""


class Misunderstood(TranscriptionError):
    """The answer was not as documented. `body` is separate from the message because it may contain transcript text.

    It is the beginning of the answer, at most `EVIDENCE` bytes.
    """

    def __init__(self, message: str, *, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body[:EVIDENCE]


class AnswerTooLarge(TranscriptionError):
    """The answer is larger than any answer about the recording can be. Nothing of it is kept."""


class BadSignature(TranscriptionError):
    """A webhook that was not sent by the provider."""
