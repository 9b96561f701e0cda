"""Everything that can go wrong between us and a provider, as one tree.

    TranscriptionError
    ├── Unavailable          temporary: try again, `retry_after` if the provider said when
    │   ├── RateLimited      429: everyone waits
    │   └── TimedOut         no answer in time; the request may have arrived
    ├── Refused              final: `sentence` says to the user why and what to do
    │   ├── UnsupportedAudio not a recording that can be read
    │   │   └── NoSound      a video without any sound
    │   ├── TooLong          longer or larger than the provider takes
    │   └── NoSpeech         nobody speaks in it
    ├── Failed               the provider took it and gave up; final, may have cost money
    ├── Lost                 the provider (or the offline engine) no longer knows the job: send it again
    ├── TicketExpired        the ticket is worth nothing any more and nothing was sent with it
    ├── NotAuthorised        the operator's problem: wrong or missing credentials; jobs wait
    ├── QuotaSpent           the operator's problem: the account is used up; jobs wait
    ├── Misunderstood        the answer was not as documented; temporary until the deadline
    └── BadSignature         a webhook that is not the provider's; nothing is decided by it

| error            | try again?        | may have cost money? | the user is told            |
| ---              | ---               | ---                  | ---                         |
| Unavailable      | yes, with backoff | no (TimedOut: yes)   | nothing, until given up     |
| Refused          | no                | no                   | its sentence                |
| Failed           | no                | yes                  | the provider could not      |
| Lost             | from the start    | yes                  | nothing, until given up     |
| TicketExpired    | from the start    | no                   | nothing, until given up     |
| NotAuthorised    | slowly            | no                   | nothing, until given up     |
| QuotaSpent       | slowly            | no                   | nothing, until given up     |
| Misunderstood    | yes, with backoff | yes                  | nothing, until given up     |

A message (`str(error)`) is for the operator's log: it names calls and codes, never a secret, an address with a
secret, transcript text or a provider's free text. A `sentence` is for the user.
"""

from __future__ import annotations

from datetime import timedelta

from transcription.transcript import Report


class TranscriptionError(Exception):
    """The root: catch it where a job's fate is decided, nowhere else."""


class Unavailable(TranscriptionError):
    """Temporary. `retry_after` is what the provider asked for, if it did."""

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RateLimited(Unavailable):
    """The provider wants fewer requests from all of us."""


class TimedOut(Unavailable):
    """No answer in time, or the connection broke: the request may have arrived."""


class Refused(TranscriptionError):
    """Final, and nobody's fault but the recording's. `sentence` is shown to the user."""

    def __init__(self, message: str, *, sentence: str) -> None:
        super().__init__(message)
        self.sentence = sentence


class UnsupportedAudio(Refused):
    """Not a recording that can be read."""


class NoSound(UnsupportedAudio):
    """A file that can be read and has no sound in it."""


class TooLong(Refused):
    """Longer or larger than the provider takes."""


class NoSpeech(Refused):
    """Nobody speaks in it."""


class Failed(TranscriptionError):
    """The provider took the recording and gave up. `report` is what it says of that, if it says anything."""

    def __init__(self, message: str, *, report: Report | None = None) -> None:
        super().__init__(message)
        self.report = report


class Lost(TranscriptionError):
    """The provider no longer knows this job."""


class TicketExpired(TranscriptionError):
    """The ticket is worth nothing any more, and nothing was sent with it."""


class NotAuthorised(TranscriptionError):
    """Wrong or missing credentials."""


class QuotaSpent(TranscriptionError):
    """The account is used up."""


class Misunderstood(TranscriptionError):
    """The answer was not as documented. `body` is kept apart from the message: it may hold transcript text."""

    def __init__(self, message: str, *, body: bytes = b"") -> None:
        super().__init__(message)
        self.body = body


class BadSignature(TranscriptionError):
    """A webhook that is not the provider's."""
