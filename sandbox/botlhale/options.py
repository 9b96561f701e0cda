"""What a test may change while the stand-in of Botlhale runs.

Beside the published shapes these are answers that the pages leave room for: a later spelling of a name, a length in
another unit, entries of other recordings, a result that comes after its word.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sandbox.script import Script

StatusShape = Literal["data", "flat", "whole"]
"""`whole` is the oldest: the status of a job that is done carries its result."""

AudioLength = Literal["text", "seconds", "number", "milliseconds", "clock", "long clock"]
NameForm = Literal["published", "bare", "asterisks", "none"]
Odd = Literal["refused", "absent", "lacking", "strange status", "strange result"]


@dataclass(kw_only=True)
class Options:
    """How the stand-in works and answers.

    `speed`: processing seconds per second of sound. `hold`: recordings that arrive stay in work until released.
    `word_before_upload`: the status of a job without its recording; None answers 404. `url_name`: the spelling of the
    storage address in the form; `upload_url` comes with the life of the form. `form_life`: how long storage takes a
    form, in seconds. `name_form`: how answers spell a job's name. `twins`, `strangers`: status words of more entries in
    `data`, under the job's name and under others. `first_lacks`: fields that the first segment of a result is without.

    How often each recording that arrives is answered in a way first: `refused_asks`, its status is 400; `absent_asks`,
    its result is 404 though it is done; `lacking_asks`, its result has no `timestamps`; `strange_statuses` and
    `strange_results`, the answer is another recording's alone.
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
    twins: Sequence[str] = ()
    strangers: Sequence[str] = ()
    first_lacks: Sequence[str] = ()
    refused_asks: int = 0
    absent_asks: int = 0
    lacking_asks: int = 0
    strange_statuses: int = 0
    strange_results: int = 0

    def oddities(self) -> dict[Odd, int]:
        """Give what a recording that arrives now is answered first, and how often."""
        return {
            "refused": self.refused_asks,
            "absent": self.absent_asks,
            "lacking": self.lacking_asks,
            "strange status": self.strange_statuses,
            "strange result": self.strange_results,
        }
