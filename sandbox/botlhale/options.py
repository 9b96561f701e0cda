"""Options of the Botlhale stand-in that a test may change while it runs.

Besides the documented shapes they allow answers that the documentation does not rule out: other spellings of a name, a
length in another unit, entries of other recordings, a result that comes later than its status.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.script import Script
from sandbox.wire_log import WireLog

StatusShape = Literal["data", "flat", "whole"]
"""`whole` is the oldest shape: the status of a finished job contains its result."""

AudioLength = Literal["text", "seconds", "number", "milliseconds", "clock", "long clock"]
NameForm = Literal["published", "bare", "asterisks", "none"]
Odd = Literal["refused", "absent", "lacking", "strange status", "strange result"]


@dataclass(kw_only=True)
class Options:
    """How the stand-in works and answers.

    `speed`: processing seconds per second of audio. `hold`: recordings stay in processing until they are released.
    `word_before_upload`: the status of a job without a recording; None answers 404. `url_name`: the field with the
    storage address in the form; with `upload_url`, the form also states its lifetime. `form_life`: seconds that the
    storage accepts a form. `name_form`: the spelling of a job's name in answers. `duplicate_entries`,
    `foreign_entries`: status words of additional entries in `data`, under the job's name and under others.
    `first_segment_lacks`: fields that the first segment of a result does not have.

    How many polls of each recording get an odd answer first: `refused_asks`, its status call returns 400;
    `absent_asks`, its result call returns 404 although it is done; `lacking_asks`, its result has no `timestamps`;
    `strange_statuses` and `strange_results`, the answer is about another recording.

    `wire_log`: where every message that crosses the wire is noted.
    """

    done_word: str
    status_shape: StatusShape
    audio_length: AudioLength
    speed: float = 0.0
    script: Script | None = None
    hold: bool = False
    running_word: str = "running"
    word_before_upload: str | None = None
    url_name: str = "url"
    form_life: float = 3600.0
    name_form: NameForm = "published"
    duplicate_entries: Sequence[str] = ()
    foreign_entries: Sequence[str] = ()
    first_segment_lacks: Sequence[str] = ()
    refused_asks: int = 0
    absent_asks: int = 0
    lacking_asks: int = 0
    strange_statuses: int = 0
    strange_results: int = 0
    wire_log: WireLog | None = None

    def oddities(self) -> dict[Odd, int]:
        """Return the kinds of odd answers for a new recording, and how often each is given."""
        return {
            "refused": self.refused_asks,
            "absent": self.absent_asks,
            "lacking": self.lacking_asks,
            "strange status": self.strange_statuses,
            "strange result": self.strange_results,
        }
