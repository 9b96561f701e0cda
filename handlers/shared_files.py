"""Slack's description of a shared file, and what it says about whether the file is a recording. Pure."""

from __future__ import annotations

import enum

from pydantic import BaseModel, ConfigDict

from handlers.wire import MaybeText, Name
from transcription.recording_kinds import SHARED_SUFFIXES, SHARED_TYPES, SUFFIXES, suffix_of

_NOTHING_SAID = frozenset({"", "application/octet-stream", "binary/octet-stream", "binary", "auto"})
"""Types that Slack gives to what it does not know."""

_HOSTED = frozenset({"", "hosted", "file_access"})
"""The modes of a file that people upload. Others are what Slack makes itself (canvas, list, snippet, post, email), a
link to somewhere else, or no longer there. `file_access` is that of a stub, which `files.info` explains.
"""

_NO_ACCESS = frozenset({"access_denied", "file_not_found"})


class Likelihood(enum.Enum):
    """What the description of a file says of it."""

    RECORDING = enum.auto()
    UNCLEAR = enum.auto()
    """Nothing speaks against it, and little for it: its first bytes decide."""

    OTHER = enum.auto()


class SharedFile(BaseModel):
    """A file in a message. In Slack Connect channels it is a stub with little more than its id.

    Any of the fields about its type can be missing or wrong, as others report, so five of them are checked here and
    the content decides later.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    id: Name
    title: MaybeText = None
    name: MaybeText = None
    mimetype: MaybeText = None
    filetype: MaybeText = None
    subtype: MaybeText = None
    media_display_type: MaybeText = None
    mode: MaybeText = None
    file_access: MaybeText = None
    user: MaybeText = None

    @property
    def likelihood(self) -> Likelihood:
        """Return how likely it is audio or video: any of the five fields is enough to say so.

        A suffix that other things have too (`recording_kinds.SHARED_SUFFIXES`) says nothing, nor does a type that
        follows from it.
        """
        if self.is_elsewhere:
            return Likelihood.OTHER
        if self._says_so or self._suffixes & SUFFIXES:
            return Likelihood.RECORDING
        unknown = self._types <= _NOTHING_SAID | SHARED_TYPES | SHARED_SUFFIXES and not self.subtype
        return Likelihood.UNCLEAR if unknown and self._suffixes <= SHARED_SUFFIXES else Likelihood.OTHER

    @property
    def is_elsewhere(self) -> bool:
        """Return whether it is no file that somebody has uploaded to Slack, or not readable any more."""
        return (self.mode or "") not in _HOSTED or (self.file_access or "") in _NO_ACCESS

    @property
    def _types(self) -> frozenset[str]:
        return frozenset({(self.mimetype or "").lower(), (self.filetype or "").lower()})

    @property
    def _suffixes(self) -> frozenset[str]:
        return frozenset(suffix for name in (self.name, self.title) if name and (suffix := suffix_of(name)))

    @property
    def _says_so(self) -> bool:
        mimetype = (self.mimetype or "").lower()
        return (
            self.subtype in {"slack_audio", "slack_video"}
            or self.media_display_type in {"audio", "video"}
            or (mimetype.split("/")[0] in {"audio", "video"} and mimetype not in SHARED_TYPES)
            or (self.filetype or "").lower() in SUFFIXES
        )
