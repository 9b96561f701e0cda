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
SEARCH: Final = "search_transcripts"
"""Button in the App Home, and global shortcut."""

TRANSCRIPT_MENU: Final = "transcript_menu"
"""Overflow menu under a transcript."""
RECORDING_MENU: Final = "recording_menu"
"""Overflow menu of a recording in the list and in the App Home.

The value of an option of a menu is the job id, ":", the action id of what is chosen, and perhaps ":" and more.
"""

CORRECT: Final = "correct_transcript"
CHANNEL_SETTINGS: Final = "channel_settings"
DELETE: Final = "delete_transcript"
"""Options of those menus, beside those that are buttons too. `DELETE` opens the form that confirms."""
DETAILS: Final = "recording_details"
"""An option of the menu of a recording."""

HELP: Final = "help"
SHOW_MORE: Final = "show_more_recordings"
"""Buttons in the App Home. The value of the second is how many recordings it asks for."""
