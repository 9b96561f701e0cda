"""The ids of buttons, menus and shortcuts (Slack's `action_id` and `callback_id`). Pure.

Messages that were posted years ago carry them: an id keeps its spelling for as long as the app is installed anywhere.
"""

from __future__ import annotations

from typing import Final

TRANSCRIBE: Final = "transcribe"
"""The shortcut on a message."""

CANCEL: Final = "cancel_recording"
RETRY: Final = "retry_recording"
AGAIN: Final = "transcribe_again"
"""The button's value is the job's id, for all three."""

NAME_SPEAKERS: Final = "name_speakers"
"""Button under a transcript, and shortcut on a message; so is `EXPORT`."""
UNDO_NAMING: Final = "undo_naming"
EXPORT: Final = "export_transcript"
MY_SETTINGS: Final = "my_settings"
WORKSPACE_SETTINGS: Final = "workspace_settings"
