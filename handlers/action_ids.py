"""Action ids of buttons and callback ids of shortcuts. Pure.

Never change an id: messages that were posted years ago still contain it.
"""

from __future__ import annotations

from typing import Final

TRANSCRIBE: Final = "transcribe"
"""Message shortcut."""

CANCEL: Final = "cancel_recording"
RETRY: Final = "retry_recording"
RERUN: Final = "transcribe_again"
"""Buttons whose value is the job id."""

NAME_SPEAKERS: Final = "name_speakers"
"""Button under a transcript and message shortcut; the same holds for `EXPORT`."""
UNDO_NAMING: Final = "undo_naming"
EXPORT: Final = "export_transcript"
MY_SETTINGS: Final = "my_settings"
WORKSPACE_SETTINGS: Final = "workspace_settings"
