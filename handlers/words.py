"""Every sentence that people read in Slack from Threadscribe, in one place.

`handlers` uses them for commands, forms and the App Home; `bot.rendering` uses them for replies in threads.
Voice: short, friendly and specific; say what to do next; imperative, or "Threadscribe" as the subject, never "I"; no
exclamation marks. Screen readers read them aloud, so they hold no symbols and no codes. Names, titles and transcripts
come from other people: they are made harmless where they are shown, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

from storage.exports import Recipient
from storage.job import Failure, JobState, Reason
from storage.preferences import Kind
from transcription.formats import Format
from transcription.naming import counted, in_words, short_length, shortened

_TITLE_LENGTH = 80

HELP_SECTIONS: tuple[tuple[str, str], ...] = (
    (
        "What happens by itself",
        (
            "Share a voice note, recording or video in a conversation that includes Threadscribe. The transcript "
            "appears in its thread: who spoke, when, and what they said."
        ),
    ),
    (
        "Names, corrections and files",
        (
            "Each transcript has buttons to name the speakers and to export it as a file. Its menu has the rest: "
            "transcribe it differently, correct words, or delete it."
        ),
    ),
    (
        "Finding what was said",
        (
            "/transcripts search finds words in the transcripts of the conversations you're in. "
            "/transcripts lists the recordings in a conversation, or your own in a direct message."
        ),
    ),
    (
        "Settings",
        (
            "/transcripts settings shows and changes what is transcribed in a conversation, by which service, and how. "
            "/transcripts where says where the audio goes."
        ),
    ),
    (
        "Adding it to a channel",
        "Type /invite @Threadscribe in the channel. Threadscribe only listens for shared files.",
    ),
)
"""The help that the App Home opens: headings, each with a paragraph."""

HELP_LINES = (
    "Share a voice note, recording or video, and its transcript appears in the thread.",
    "/transcripts lists the recordings in this conversation, or your own in a direct message.",
    "/transcripts search finds words in the transcripts of the conversations you're in.",
    "/transcripts settings shows and changes the settings of this conversation.",
    "/transcripts where shows where audio from this conversation goes.",
    "/invite @Threadscribe adds it to a channel.",
)
"""The answer to `/transcripts help`."""

HELP_TITLE = "Help"
"""The title of the help, and the button in the App Home that opens it."""

NAME = "Threadscribe"
"""The app's name: the title of a modal that only tells something, where it has no other."""

APP = "Turns recordings shared in Slack into transcripts that show who said what."
APP_AT_LENGTH = (
    "Share a voice note, recording or video in Slack, and Threadscribe replies in its thread with the transcript: who "
    "spoke, when, and what they said. No commands are needed. Threadscribe only listens for shared files; "
    "permission to read messages is optional. Type /transcripts to see the status of your recordings."
)
COMMAND = "See the status of your recordings"
TRANSCRIBE_AT_LENGTH = "Transcribe this recording, or transcribe it again with different options"
EXPORT_AT_LENGTH = "Save the transcript as a file"
NAMING_AT_LENGTH = "Say who is speaking in this recording"
"""Descriptions of the app, its command and its message shortcuts in Slack (the app manifest)."""

KEPT_ELSEWHERE = "Slack stores this file somewhere Threadscribe can't read. Upload the recording itself instead."
NO_LONGER_THERE = "This file is no longer in Slack. Share the recording again."
"""Why a recording could not be downloaded."""

NO_RECORDINGS = (
    "No recordings here yet. Share a voice note, recording or video, and its transcript appears in the thread."
)
"""The answer to `/transcripts` in a conversation without recordings."""

NOT_UNDERSTOOD = "That isn't a command Threadscribe knows. Type /transcripts help for the full list."
"""The answer to `/transcripts` with an unknown word."""

SEARCH_FOR_WHAT = (
    "Type the words to find after /transcripts search. Put quotes around an exact phrase, as in “delivery date”."
)
"""The answer to `/transcripts search` without words."""

SEARCH_WORDS = "Words to find"
SEARCH_PLACEHOLDER = "delivery date"
SEARCH_HINT = "Finds where all of these words were said together. For an exact phrase, use quotes."
SEARCH_SUBMIT = "Search"
SEARCH_AT_LENGTH = "Find what was said, in the conversations you're in"
SEARCH_NO_WORDS = "Type at least one word or number."
"""Words of the search modal, whose title is `SEARCH_BUTTON`, and the description of the global shortcut."""

SEARCH_SLOW = "Search is busy right now. Try again in a minute."
SEARCH_TOO_LONG = "That search is too long. Try the few words that matter most."
"""The answer to a search that takes too long, or with too many or too long words."""

NOT_ALL_SEARCHED = "You're in a lot of conversations, so only some of them were searched."
"""The last line of a search whose list of conversations is incomplete, because Slack took too long to list them all."""

NOT_YOURS = "Only the person who shared this recording can delete its transcript. Ask them to delete it."
"""The answer to a person who tries to delete somebody else's transcript."""

NOT_YOURS_TO_CHANGE = (
    "Only the person who shared this recording or asked for its transcript, the creator of this channel or a workspace "
    "admin can do that. Ask one of them."
)
"""The answer to a person who may not cancel, retry or rerun this recording."""

CANCELLED = "Transcription cancelled. No transcript will be posted."
"""The answer when a recording was cancelled."""

RERUN_STARTED = "Transcribing this recording again. The transcript appears in its thread."
"""The answer when a rerun was started."""

NOTHING_TO_RETRY = (
    "This recording already has a transcript. To make another one, choose Transcribe differently… in the transcript's "
    "menu."
)
"""The answer to a retry where the recording has a transcript already."""

NO_USE_TO_RETRY = "Trying again won't help with this recording: the file has no sound, or is no longer in Slack."
"""The answer to a retry of a file without sound or one that is gone: there is no transcript, and no button under it."""

NO_SUCH_RECORDING = "That recording isn't in this conversation. Type /transcripts to see those that are."
"""The answer about a recording that does not exist, or that the person may not see from there."""

STILL_IN_WORK = "This recording is still in progress. Wait for it to finish, or cancel it."
"""The answer to a request that needs a finished recording."""

OTHER_WAY = "Try another way…"
RETRY = "Try again"
CANCEL = "Cancel"
"""Buttons under a failure (two) and under a recording in progress; the last two are also in the lists."""

CORRECT = "Correct…"
DELETE_TRANSCRIPT = "Delete transcript…"
"""More options of the menu under a transcript."""

DELETE_TITLE = "Delete transcript"
DELETE_SUBMIT = "Delete"
DELETE_CLOSE = "Keep"
"""Title and buttons of the form that confirms a deletion; Slack allows 24 characters each."""

RERUN_TITLE = "Transcribe differently"
RERUN_SUBMIT = "Transcribe"
CLOSE = "Close"
DISMISS = "Cancel"
"""Title and buttons of modals; Slack allows 24 characters each."""

RERUN_INTRO = (
    "Choose what should be different. The current transcript stays until the new one is ready. You'll need to name the "
    "speakers again."
)
OTHER_WAY_INTRO = "Choose what should be different this time."
"""The first paragraph of the modal for a rerun: of a transcript, and of a recording without one."""

AS_BEFORE = "Default"
"""The option that leaves a choice to the settings of the channel, the person or the workspace."""

CHOOSE_TRANSCRIBER = "Transcription service"
CHOOSE_LANGUAGE = "Language"
CHOOSE_SPEAKERS = "Number of speakers"
SPEAKERS_HINT = "Enter a number such as 3, or a range such as 2-4. Leave this empty if you're not sure."
SPEAKERS_PROBLEM = "Enter a number from 1 to 20, or a range such as 2-4."
"""Labels, hints and validation messages of the fields for transcription options."""

RERUN_CANCELLED = "Cancelled. The existing transcript stays in the thread."
"""The answer when a rerun was cancelled."""

TOO_LATE_TO_CANCEL = "This recording is done or cancelled already. To remove a transcript, choose Delete in its menu."
"""The answer when a recording is finished or its reply is being posted."""

DELETED = "Deleting this transcript from Slack and from Threadscribe. Your recording stays."
"""The answer when a transcript is deleted."""

REMOVED = "Transcript deleted"
"""The status of a recording whose transcript was deleted."""

DELETED_BEFORE = "This transcript was already deleted."
"""The answer to a request about a deleted transcript."""

NOT_NOW = "That didn't work. Try again in a minute."
"""The answer to a command, button or form when the database or Slack cannot be reached."""

ELSEWHERE = "Threadscribe isn't set up for this workspace. Ask the people who manage apps here."
"""The answer to a command in a workspace that has not installed this app."""

NOTHING_HEARD = "No speech was found this time. Try another language or transcription service."
"""Why a rerun gave no new transcript: it found no speech, and the existing transcript has some."""

NO_SPEECH = (
    "If someone does speak in it, try another language or transcription service, or record it louder or closer to the "
    "microphone."
)
"""What helps a recording without speech."""

DAMAGED = "Parts of this recording couldn't be read, so some words may be missing."
"""A remark under the transcript of a damaged recording."""

NAME_SPEAKERS = "Name speakers"
"""The button under a transcript, and the message shortcut (24 characters)."""

UNDO_NAMING = "Undo names"
"""What restores the names before the last change; chosen again, it restores the newer names."""

NAMING_TITLE = "Name speakers"
NAMING_SUBMIT = "Save"
NAMING_CONTINUE = "Save and continue"
NO_SUGGESTION = "Choose a suggestion"
SHARED_IT = "Shared this recording"
WROTE_HERE = "Wrote in this thread"
NAMED_BEFORE = "Named in this conversation before"
"""Words of the modal for speaker names; Slack allows 24 characters for the first four.

The last three say why a name is suggested.
"""

NAMING_HINT = "If two speakers are the same person, give them the same name."
"""The first line of the modal for speaker names. Where there is more than a field for the name: `which_name_counts`."""

TYPE_THE_NAME = "Threadscribe doesn't have permission to look people up here. Type the name instead."
"""Shown in the naming modal for a chosen person where the scope `users:read` turns out to be missing."""

NOTHING_TO_NAME = (
    "There are no speakers to name here, or the transcript is no longer stored. Use this on a transcribed recording or "
    "on its transcript."
)
"""The answer to a naming request where there is no transcript with speakers."""

CORRECTING_TITLE = "Correct transcript"
CORRECTING_NEXT = "Continue"
CORRECTING_SUBMIT = "Save"
CORRECTING_PASSAGE = "What to correct"
CORRECTING_CHOOSE = "Choose a passage"
CORRECTING_FIND = "Find the passage"
CORRECTING_FIND_HINT = "Type some of its words as they are now, who says them, or when, as in 12:30."
CORRECTING_MENDED = "Text"
CORRECTING_MENDED_HINT = "Leave this empty to remove the passage."
CORRECTING_BEFORE = "Earlier corrections"
CORRECTING_UNDO = "Undo"
CORRECTING_UNDO_OPTION = "Undo the latest correction"
CORRECTING_REMEMBER = "For later recordings"
CORRECTING_REMEMBER_OPTION = "Remember new words for this conversation"
CORRECTING_REMEMBER_HINT = "Threadscribe expects these names and terms from now on."
WITHOUT_WORDS = "(no words)"
"""Words of the modal that corrects a transcript; Slack allows 24 characters for the first four."""

NOTHING_TO_CORRECT = (
    "There's no transcript to correct here, or it is no longer stored. Use this on a transcript in its thread."
)
"""The answer to a correction where there is no transcript (any more)."""

CORRECTING_NOT_CHOSEN = "Choose what to correct."
CORRECTING_NOT_FOUND = "No passage has these words. Try fewer of them."
CORRECTING_TOO_LONG = "That's more text than fits here. Shorten it."
CORRECTING_NO_WORDS_LEFT = (
    "These are the last words of the transcript. To remove all of it, choose Delete transcript… in its menu."
)
CORRECTING_TOO_OFTEN = (
    "This transcript can't be corrected any further: too much was changed or added. Choose Transcribe differently… in "
    "its menu to make a new one."
)
"""Shown under a field of the modal that corrects a transcript."""

CORRECTED_MEANWHILE = (
    "Someone corrected this passage while you had this open. The field has its current words. Make your change and "
    "save again."
)
CORRECTED_ELSEWHERE = "The transcript was corrected while you had this open. This is how it is now."
WORDS_REPLACED = "This recording was transcribed again while you had this open. These are its current words."
CORRECTING_MORE_FOUND = (
    "More than 100 passages have these words. The first 100 are listed. To find others, type more words."
)
"""Notices of the modal that corrects a transcript."""

NAMELESS = "someone"
"""In place of the names of people whose names Slack doesn't tell."""

MOST_NAMED = 3
"""Names in a list of people."""

EXPORT = "Export"
"""The button under a transcript that opens the export modal."""

EXPORT_TITLE = "Export transcript"
EXPORT_SUBMIT = "Export"
EXPORT_FORMAT = "File format"
EXPORT_RECIPIENT = "Send to"
"""Words of the export modal. The first is also the name of the message shortcut; Slack allows 24 characters for it."""

EXPORT_AS_NOW = "The file uses the current speaker names. If you change them later, export it again."
"""A paragraph of the export modal: an exported file is not updated."""

EXPORT_THREAD_ONLY = (
    "The file can only be posted in the thread. To send it to just one person, Threadscribe needs permission to start "
    "direct messages. Ask the person who runs Threadscribe here to add it."
)
"""Shown in the export modal where the scope `im:write` is missing."""

EXPORTED_OFTEN = "This transcript was exported too many times. Use one of the files that are already there."
"""The answer when the limit of exported files for one transcript is reached."""

NOT_IN_CONVERSATION = (
    "Nothing was done: you and Threadscribe both have to be in the recording's conversation. Join it, and invite "
    "Threadscribe there: type /invite @Threadscribe."
)
"""The answer to a button, form or command of somebody who isn't there any more, or where the bot isn't."""

NOT_IN_CONVERSATION_TO_DELETE = (
    "The transcript wasn't deleted: you're not in the recording's conversation any more. Delete the recording itself "
    "in Slack, and its transcript goes with it."
)
"""The answer to an export request of a person who is not (or no longer) in the conversation."""

NOTHING_TO_EXPORT = (
    "There's no transcript to export here, or it is no longer stored. Use this on a transcribed recording or on its "
    "transcript."
)
"""The answer to an export request where there is no transcript (any more)."""

NOT_EXPORTED = (
    "Your file couldn't be delivered. Export the transcript again. If that doesn't help, choose another place to send "
    "the file."
)
"""Sent to the requester of a file that Slack refused, or whose transcript was deleted meanwhile."""

NOT_HERE = "That doesn't work from here. Use the buttons of the transcript itself."
"""The answer to a button press whose message is not the reply to this recording."""

VOICES_CHANGED = (
    "This recording was transcribed again while you had this open, so its speakers may have changed. These are the "
    "current speakers. Name them and save again."
)
"""Shown in the naming modal when the recording was rerun after the modal was opened."""

CHANGED_MEANWHILE = "The names have changed since then. Check the transcript before you undo anything."
"""The answer to an undo of a naming that is no longer the newest."""

LIST_HERE = "Recordings in this conversation"
LIST_OWN = "Your recordings"
"""Headings of the list of `/transcripts`: in a channel, and in a direct message."""

RERUN_OPTION = "Transcribe differently…"
DETAILS_OPTION = "Details…"
DELETE_OPTION = "Delete…"
"""Options of a recording's menu in the list and in the App Home, beside `CANCEL` and `RETRY`; the first also of a
transcript's."""

DETAILS_TITLE = "Details"
DETAILS_HISTORY = "History"
DETAILS_ID = "For support: "
"""Words of the details of a recording."""

IN_WORK = "In progress"
NEEDS_ATTENTION = "Needs attention"
LATELY = "Recent"
THIS_MONTH = "This month"
"""Headings of the App Home."""

HOW_TO_BEGIN = (
    "Share a voice note, recording or video in a conversation that includes Threadscribe, and its transcript appears "
    "in the thread. To add Threadscribe to a channel, type /invite @Threadscribe there. Your recordings show up here."
)
"""The first paragraph of the App Home for a person who has shared nothing yet."""

MORE_IN_WORK = "More recordings are in progress than fit here."
MORE_NEED_ATTENTION = "More recordings need attention than fit here."
SHOW_MORE = "Show more"
NO_MORE_SHOWN = "To find older recordings, search for words that were said in them."
NOTHING_THIS_MONTH = "Nothing has been transcribed for you this month."

SEARCH_BUTTON = "Search transcripts"
MY_SETTINGS_BUTTON = "Settings"
WORKSPACE_SETTINGS_BUTTON = "Workspace settings"
"""Buttons on top of the App Home; the last is for admins of the workspace."""

UNTITLED = "Untitled recording"
OPEN_THREAD = "Open thread"
SHARED = "shared"
JUST_NOW = "just now"
TROUBLE = "something went wrong, trying again"

IN_FILES = "The whole transcript is in the attached files."
"""The last line of a message that shows only the opening."""

CUT_SHORT = (
    "This is only the beginning: Slack didn't accept the files with the whole transcript. To get all of it, choose "
    "Export."
)
"""The last line of a message when the rest of the transcript could not be attached."""

GOES_ON = "The transcript continues in the message."
"""The last line of the screen reader text when the message holds more."""


def show_more(turns: int) -> str:
    """Return the title of a transcript's folded part, in which so many turns begin: "Show 28 more turns"."""
    return f"Show {counted(turns, 'more turn')}" if turns else "Show more"


CHOOSE_WORDS = "Names and special terms"
WORDS_HINT = "One per line. Add names, abbreviations and terms that are often misheard."
CHOOSE_AUTOMATIC = "What to transcribe"
BY_ITSELF = "Every recording"
BY_ITSELF_HINT = "Voice notes, recordings and videos, as soon as they're shared"
ON_REQUEST = "Only when someone asks"
ON_REQUEST_HINT = "With Transcribe, in the menu of the recording's message"
CHOOSE_FORM = "How to post transcripts"
AS_FITS = "With files when long"
ALWAYS_FILES = "Always with files"
CHOOSE_MARKS = "Timestamps"
WITH_MARKS = "Show"
WITHOUT_MARKS = "Hide"
CHOOSE_LOCKED = "Who can change these settings"
EVERYBODY_CHANGES = "Everyone in this channel"
ADMINS_CHANGE = "Workspace admins only"
CHOOSE_OUTSIDE = "Recordings in this channel"
OUTSIDE_ON = "Transcribe"
OUTSIDE_OFF = "Don't transcribe"
DETECTED = "Detect automatically"
CHANNEL_SETTINGS = "Channel settings"
OWN_SETTINGS = "My settings"
ALL_SETTINGS = "Workspace settings"
"""Words of the settings modals; Slack allows 24 characters for the last three (titles)."""

OUTSIDE_INTRO = (
    "This channel is shared with another company. Everyone in it can read what is posted here, including transcripts."
)
"""Shown above the choice whether recordings are transcribed in a Slack Connect channel."""

NOT_YOUR_SETTINGS = "These settings belong to someone else. Open your own from the Home tab of Threadscribe."
ONLY_ADMINS = "Only workspace admins can change the workspace settings. Ask one of them."
LOCKED = "Only workspace admins can change the settings of this channel. Ask one of them."
NOT_IN_CHANNEL = (
    "To change the settings of this channel, you and Threadscribe both have to be in it. Join the channel, and invite "
    "Threadscribe there: type /invite @Threadscribe."
)
ADMINS_NOT_KNOWN = (
    "Only workspace admins can change this, and Threadscribe doesn't have permission to see who they are. Ask the "
    "person who runs Threadscribe here to install it again with permission to view people."
)
SET_MEANWHILE = (
    "Someone changed these settings while you had them open. These are the current settings. Make your changes and "
    "save again."
)
"""Why settings cannot be changed, or not without another look."""

ASKED_FOR = "Transcribing this recording. The transcript will appear in its thread."
ALREADY_IN_WORK = "This recording is already being transcribed. The transcript will appear in its thread."
NO_RECORDING = "There's no recording in this message. Use this on a voice note, recording or video."
INVITE_FIRST = "Threadscribe isn't in this conversation yet. Type /invite @Threadscribe here, then try again."
LEFT_TO_ITSELF = (
    "Threadscribe can't transcribe here: this conversation is closed, or it is shared with another company and "
    "transcription is off. To check and turn it on, type /transcripts settings here."
)
TRANSCRIBE = "Transcribe"
"""The message shortcut Transcribe (the last one), and its answers."""


EXPECTED_AT = ("Ready around", ".")
"""The text before and after a time of day."""

TAKES_LONGER = "This is taking longer than usual. The transcript appears here when it's ready."
"""Added to the progress message of a recording whose transcript is late."""


HELD_UP_BY_SLACK = (
    "Threadscribe is missing a permission that it needs to open it. The transcript follows once an admin reinstalls "
    "the app."
)
"""Why a recording is on hold: what stands behind `on_hold`, as the three that follow."""


def held_up_by_account(provider: str) -> str:
    """Return what a thread is told while the provider does not accept the account."""
    return f"{provider} isn't accepting Threadscribe's account. The transcript follows once an admin fixes that."


def held_up_by_credit(provider: str) -> str:
    """Return what a thread is told while the account has no credit left."""
    return (
        f"Threadscribe's account with {provider} has run out of credit. "
        "The transcript follows once an admin tops it up."
    )


def held_up_by_connection(provider: str) -> str:
    """Return what a thread is told while the provider's certificate is not one that can be trusted."""
    return (
        f"Threadscribe can't make a secure connection to {provider}. The transcript follows once an admin fixes that."
    )


def quoted(title: str | None) -> str:
    """Return how a sentence names a recording: by its title in curly quotes, or as "this recording"."""
    name = shortened(title or "", limit=_TITLE_LENGTH)
    # A title of invisible characters cannot be read.
    seen = any(character.isprintable() and not character.isspace() for character in name)
    return f"“{name}”" if seen else "this recording"


def on_hold(title: str | None) -> str:
    """Return the first sentence about a recording that waits for somebody to mend something."""
    return f"{_capital(quoted(title))} is on hold."


def naming_page(first: int, last: int, *, of: int) -> str:
    """Return what stands above the rows where there are more speakers than one page of the modal has."""
    return f"Speakers {first} to {last} of {of}, by how much they talk."


def in_progress(title: str | None, *, length: str, provider: str, sent: bool) -> str:
    """Return the first line of the progress message; `sent` where the provider has the recording."""
    what = f"{quoted(title)} ({length})"
    return f"Transcribing {what} with {provider}." if sent else f"Sending {what} to {provider}."


def as_usual(what: str) -> str:
    """Return the option that keeps the default, which is `what`, as it stands within a sentence."""
    return f"Default: {what}"


def as_label(text: str) -> str:
    """Return a text as it begins a line: with a capital letter."""
    return _capital(text)


def within(label: str) -> str:
    """Return one of our labels as it stands within a sentence."""
    return f"{label[:1].lower()}{label[1:]}"


def in_effect(kind: Kind, *, by: str, automatic: bool, off: bool = False) -> tuple[str, str]:
    """Return what settings lead to, before and after the name of the channel; `by` is the transcription service.

    `off`: nothing is transcribed in a channel of two companies.
    """
    when = "" if automatic else " when someone asks"
    recordings = "every recording is" if automatic else "recordings are"
    match kind:
        case "channel":
            done = "nothing is transcribed" if off else f"{recordings} transcribed by {by}{when}"
            return "In ", f", {done}."
        case "person":
            return f"Recordings that you share are transcribed by {by}{when}.", ""
        case "workspace":
            return f"In this workspace, {recordings} transcribed by {by}{when}.", ""
        case _:
            assert_never(kind)


def overridden(kind: Kind, *, automatic: bool) -> str:
    """Return which settings come before these."""
    match kind:
        case "channel":
            return (
                "Anyone can opt out for the recordings they share, in the Home tab of Threadscribe."
                if automatic
                else ""
            )
        case "person":
            return "A channel's own settings override these." if automatic else "This applies in every channel."
        case "workspace":
            return "The settings of a channel or a person override these."
        case _:
            assert_never(kind)


TO_CHANGE_THAT = "To change that, type /transcripts settings."
"""After where audio goes: in a conversation's first transcript, and in the answer to `/transcripts where`."""

ONLY_ADMINS_CHANGE_THAT = "Only workspace admins can change that, with /transcripts settings."
IN_YOUR_HOME = "To change that, open the Home tab of Threadscribe and choose Settings."
FROM_YOUR_OWN_SETTINGS = "That's from your own settings. To choose for everyone here, type /transcripts settings."
ON_REQUEST_HERE = "Only recordings that someone asks for are transcribed."
ON_REQUEST_YOURS = "Your recordings are transcribed only when someone asks."
NOTHING_GOES_OUTSIDE = (
    "Audio from here goes nowhere: this channel is shared with another company, and transcription is off in it."
)
NOTHING_GOES_WITHOUT_BOT = "Audio from here goes nowhere: Threadscribe isn't in this conversation."
NOTHING_GOES_CLOSED = "Audio from here goes nowhere: this conversation is archived."
TO_ADD_IT = "To add it, type /invite @Threadscribe."
"""Sentences of the answer to `/transcripts where`."""


def audio_from_here(place: str) -> str:
    """Return where the audio of a conversation goes; `place` is the sentence of its transcriber."""
    return place.replace("Audio", "Audio from here", 1)


def audio_of_yours(place: str) -> str:
    """Return where the audio goes that one person shares in a conversation, by their own settings."""
    return place.replace("Audio", "Audio that you share here", 1)


def words_hint(services: Sequence[str]) -> str:
    """Return the hint of the field for words to expect; `services`: who takes them, where not all do."""
    return f"{WORDS_HINT} Used by {people(services)}." if services else WORDS_HINT


def too_many_words(most: int) -> str:
    """Return the validation message for a vocabulary of more than `most` entries."""
    return f"Enter no more than {most} names and terms."


def not_in_that_language(transcriber: str) -> str:
    """Return the validation message for a language that the transcriber does not offer."""
    said = f"{_capital(transcriber)} doesn't support this language."
    return f"{said} Choose another language or transcription service."


def only_if_chosen(transcriber: str, languages: Sequence[str]) -> str:
    """Return the hint of the language field about `languages` that the transcriber does not detect."""
    *others, last = languages
    named = f"{', '.join(others)} or {last}" if others else last
    which = "one of these" if others else "it"
    said = f"{_capital(transcriber)} doesn't detect {named} automatically."
    return f"{said} If the recording is in {which}, choose it here."


def rerun_failed(why: str, *, title: str | None) -> str:
    """Return the message for the requester of a rerun that failed."""
    return f"Couldn't transcribe {quoted(title)} again. The transcript in the thread stays. {why}"


def larger_than(most: str) -> str:
    """Return the refusal of a file above the size limit, which is `most`."""
    return f"This file is larger than {most}, the maximum size. Share a shorter or smaller recording."


def headline(title: str | None, *, length: str, speakers: str | None) -> str:
    """Return the first line of the screen reader text; `speakers` is None where speakers were not told apart."""
    among = f", {speakers}" if speakers else ""
    return f"Transcript{f': {title}' if title else ''} ({length}{among})"


def edited_by(names: str) -> str:
    """Return that people corrected words of the transcript, and who (from `people`)."""
    return "Edited" if names == NAMELESS else f"Edited by {names}"


def people(names: Sequence[str]) -> str:
    """Return names as a list, at most three of them; "" without any. A name is "" where Slack didn't tell it."""
    known = [name for name in names if name]
    if not known:
        return NAMELESS if names else ""
    shown = known[:MOST_NAMED] if len(names) <= MOST_NAMED else known[: MOST_NAMED - 1]
    more = len(names) - len(shown)
    if more:
        return f"{', '.join(shown)} and {more} more"
    return " and ".join(filter(None, [", ".join(shown[:-1]), shown[-1]]))


def text_file(name: str) -> str:
    """Return the title of an attached text file; `name` is the file's name without its suffix."""
    return f"Transcript of {name}"


def subtitle_file(name: str) -> str:
    """Return the title of an attached subtitle file; `name` is the file's name without its suffix."""
    return f"Subtitles for {name}"


def file_kind(kind: Format) -> tuple[str, str]:
    """Return the name and the description of a file format; Slack allows 75 characters each."""
    match kind:
        case Format.WORD:
            return "Word document", "For reading, editing and printing"
        case Format.TEXT:
            return "Plain text", "Opens in any app"
        case Format.SUBRIP:
            return "SubRip subtitles", "For video players and editors"
        case Format.WEBVTT:
            return "WebVTT subtitles", "For videos on web pages"
        case Format.JSON:
            return "JSON data", "For other software"
        case _:
            assert_never(kind)


def recipient(who: Recipient) -> tuple[str, str]:
    """Return the name and the description of a recipient; Slack allows 75 characters each."""
    match who:
        case Recipient.PERSON:
            return "Only me", "As a direct message from Threadscribe"
        case Recipient.THREAD:
            return "Everyone in the thread", "As a reply under the recording"
        case _:
            assert_never(who)


def exported(kind: Format) -> str:
    """Return the message above an exported file."""
    return f"Here's the exported transcript. File format: {file_kind(kind)[0]}."


OWN_LIMIT = "your"
CHANNEL_LIMIT = "this conversation's"
WORKSPACE_LIMIT = "this workspace's"
"""Whose monthly limit it is: the first argument of `over_the_limit`."""

_REACHED = {
    OWN_LIMIT: "You've reached your",
    CHANNEL_LIMIT: "This conversation has reached its",
    WORKSPACE_LIMIT: "This workspace has reached its",
}


def over_the_limit(whose: str, *, used: timedelta, limit: timedelta, duration: timedelta, until: date) -> str:
    """Return the refusal of a recording beyond a monthly limit; `whose` is one of the three constants."""
    resets = f" It resets on {until.day} {until:%B}."
    if used >= limit:
        told = f"{_REACHED[whose]} monthly limit of {in_words(limit)}.{resets}"
    elif used:
        left = in_words(limit - used)
        told = (
            f"This recording is {in_words(duration)} long, and {whose} monthly limit of {in_words(limit)} has only "
            f"{left} left.{resets}"
        )
    else:
        told = f"This recording is {in_words(duration)} long, more than {whose} monthly limit of {in_words(limit)}."
    return f"{told} An admin can raise it."


def name_of(number: str) -> str:
    """Return the label of a speaker's name field; speakers with the same name become one speaker."""
    return f"Name of {number}"


def person_for(number: str) -> str:
    """Return the label of the field in which a person of the workspace is chosen as this speaker."""
    return f"Someone from the workspace for {number}"


def suggestion_for(number: str) -> str:
    """Return the label of the field in which one of the suggested names is chosen for this speaker."""
    return f"Suggestion for {number}"


def which_name_counts(*, suggestions: bool, people: bool) -> str:
    """Return which of the ways to name a speaker counts; empty where there is only one."""
    match suggestions, people:
        case True, True:
            return "A name you type wins over a person, and a person over a suggestion."
        case True, False:
            return "A name you type wins over a suggestion."
        case False, True:
            return "A name you type wins over a person."
        case _:
            return ""


def talked_for(number: str, length: str) -> str:
    """Return the heading of a speaker: how long they talked in all."""
    return f"{number} · {length}"


def first_words(said: str) -> str:
    """Return the first words of a speaker."""
    return f"\u201c{said}\u201d"


def your_words(said: str) -> str:
    """Return what somebody entered and what was not saved."""
    return f"You wrote: {said}"


def correction_undone(before: str, after: str) -> str:
    """Return what an undo of the newest correction does."""
    return f"“{after or WITHOUT_WORDS}” becomes “{before or WITHOUT_WORDS}” again"


def passage_option(speaker: str, mark: str, said: str) -> str:
    """Return a passage to choose: when it was said, by whom (perhaps ""), and its first words."""
    return " · ".join(filter(None, [mark, speaker, said or WITHOUT_WORDS]))


def corrections_replaced(corrections: int) -> str:
    """Return the warning before a rerun that discards corrections."""
    if corrections == 1:
        return "This transcript has 1 correction. The new transcript won't include it."
    return f"This transcript has {corrections} corrections. The new transcript won't include them."


def named_meanwhile(names: Sequence[tuple[str, str]]) -> str:
    """Return the notice that somebody else saved names meanwhile; `names` are pairs of number and name."""
    changed = ", ".join(f"{number} is now {name}" for number, name in names) or "all names were removed"
    return (
        f"Someone changed the names while you had this open: {changed}. These are the current names. "
        "Make your changes and save again."
    )


def counts(*, in_progress: int, attention: int, transcribed: int, others: int) -> str:
    """Return the second line of a list of recordings; `others` were skipped, cancelled or deleted."""
    told = (
        (in_progress, "in progress"),
        (attention, "needs attention" if attention == 1 else "need attention"),
        (transcribed, "transcribed"),
        (others, "skipped, cancelled or deleted"),
    )
    return " · ".join(f"{number} {what}" for number, what in told if number)


def not_listed(left: int | None) -> str:
    """Return the last line of a list that does not show all recordings; `left` is None where nobody counted them."""
    more = "Older ones aren't" if left is None else "1 more isn't" if left == 1 else f"{left} more aren't"
    return f"{more} shown here. To find what was said, type /transcripts search and the words."


def found(what: str, *, shown: int, more: bool) -> str:
    """Return the first line of search results; `more` where not all recordings that mention it are shown."""
    if more:
        return f"The {shown} newest recordings that mention “{what}”"
    return f"1 recording mentions “{what}”" if shown == 1 else f"{shown} recordings mention “{what}”"


def nothing_found(what: str) -> str:
    """Return the answer to a search without results."""
    return f"No results for “{what}” in conversations you're in."


def said_at(speaker: str, mark: str) -> str:
    """Return what stands before a passage; `mark` is a time such as 2:14, `speaker` may be empty."""
    return f"{speaker} at {mark}: " if speaker else f"At {mark}: "


def said_more_often(turns: int) -> str:
    """Return how many more turns of the same recording match."""
    return f" Also said {'once more' if turns == 1 else f'{turns} more times'} in this recording."


def ago(length: str) -> str:
    """Return a moment in the past."""
    return f"{length} ago"


SHARED_BY = "Shared by "
"""The text before a person, in the details of a recording."""


def transcribed_with(provider: str) -> str:
    """Return the transcription service of a recording, for its details."""
    return f"Transcription service: {provider}"


def lasts(length: str) -> str:
    """Return the length of a recording, for its details."""
    return f"Length: {length}"


def on(moment: datetime) -> str:
    """Return a moment in UTC, for clients that cannot show it in the reader's own time zone."""
    return f"on {moment.day} {moment:%B %Y at %H:%M} UTC"


def done_by(provider: str) -> str:
    """Return the status of a recording with a transcript."""
    return f"Transcribed by {provider}"


def used(total: timedelta, *, by: str | None, limit: timedelta | None, until: date) -> str:
    """Return how much was transcribed for a person this month, and their limit; `by` the provider, if it was one."""
    if limit is None:
        return f"{short_length(total)} {f'with {by}' if by else 'in all'}." if total else NOTHING_THIS_MONTH
    of_limit = f"{short_length(total) if total else '0 min'} of {short_length(limit)} used"
    return f"{of_limit}{f', with {by}' if by else ''}. The limit resets on {until.day} {until:%B}."


def used_with(provider: str, length: timedelta) -> str:
    """Return how much of it one provider transcribed."""
    return f"{provider}: {short_length(length)}."


def standing(state: JobState, *, provider: str | None = None) -> str:
    """Return the status of a recording; `provider` is its title. `ending` says why there is no transcript."""
    match state:
        case JobState.RECEIVED:
            return "Waiting"
        case JobState.SUBMITTING:
            return f"Sending to {provider}" if provider else "Sending"
        case JobState.SUBMITTED:
            return f"Transcribing with {provider}" if provider else "Transcribing"
        case JobState.READY | JobState.REPLYING:
            return "Posting the transcript"
        case JobState.REPLIED:
            return "Posted in its thread"
        case JobState.ABANDONED:
            return "Ended without a transcript"
        case _:
            assert_never(state)


_NO_TRANSCRIPT = "Couldn't transcribe"


def ending(reason: Reason, *, provider: str | None = None) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm for each reason
    """Return why a recording has no transcript, as a phrase for lists. `provider` is its title.

    The thread says the same in `not_transcribed` and `apology`.
    """
    match reason:
        case Reason.NOT_AUDIO:
            return "Skipped: this file isn't a recording"
        case Reason.NO_SOUND:
            return "Skipped: this file has no sound"
        case Reason.DUPLICATE:
            return "Skipped: this recording is already being transcribed"
        case Reason.NOT_A_MEMBER:
            return "Skipped: Threadscribe wasn't in this conversation; invite it, then try again"
        case Reason.ON_REQUEST:
            return "Skipped: nobody asked for a transcript; choose Transcribe in the menu of its message"
        case Reason.SHARED_CHANNEL:
            return "Skipped: this channel is shared with another company; the channel settings can turn it on"
        case Reason.FILE_GONE:
            return "Skipped: the recording was deleted"
        case Reason.CHANNEL_GONE:
            return "Skipped: this conversation is closed, or Threadscribe is no longer in it"
        case Reason.CANCELLED:
            return "Cancelled"
        case Reason.NOWHERE_TO_REPLY:
            return "Skipped: there was no thread to reply in; share the recording in a channel or a message"
        case Reason.REFUSED:
            return f"{_NO_TRANSCRIPT}: its thread says why"
        case Reason.PROVIDER_FAILED | Reason.GAVE_UP | Reason.TOO_SLOW | Reason.NO_DOWNLOAD:
            return f"{_NO_TRANSCRIPT}: {_fault(reason, provider or 'the transcription service')}"
        case _:
            assert_never(reason)


def _fault(reason: Reason, service: str) -> str:
    """Return what went wrong, the same in lists and in the thread."""
    match reason:
        case Reason.PROVIDER_FAILED:
            return f"{service} couldn't process it"
        case Reason.GAVE_UP:
            return f"{service} couldn't be reached"
        case Reason.TOO_SLOW:
            return f"{service} took too long"
        case Reason.NO_DOWNLOAD:
            return "Slack didn't let Threadscribe download it"
        case _:
            return f"{service} doesn't accept this kind of recording"


ANSWER_TOO_LARGE = (
    "The transcription service sent far more than anybody could have said in this recording, so nothing of it is shown."
)

UNCHARGED = "Nothing was charged to your limit."
"""Said of a recording that the provider failed to transcribe, where its sharer has a monthly limit."""


def not_transcribed(title: str | None) -> str:
    """Return the first line about a recording that has no transcript."""
    return f"{_NO_TRANSCRIPT} {quoted(title)}."


def not_heard(title: str | None) -> str:
    """Return the first line about a recording without speech; `NO_SPEECH` follows."""
    return f"No speech found in {quoted(title)}."


def apology(failure: Failure, *, provider: str | None = None, uncharged: bool = False) -> str:
    """Return why there is no transcript, as sentences for the thread; buttons say what can be done.

    The sentence of the side that refused comes first, where there is one: only that side knows its limits. `uncharged`:
    its sharer has a limit, and nothing of this counts.
    """
    service = provider or "the transcription service"
    match failure.reason:
        case Reason.PROVIDER_FAILED | Reason.GAVE_UP | Reason.TOO_SLOW:
            told = failure.sentence or f"{_capital(_fault(failure.reason, service))}."
            return f"{told} {UNCHARGED}" if uncharged else told
        case Reason.REFUSED:
            return failure.sentence or f"{_capital(_fault(failure.reason, service))}."
        case Reason.NO_DOWNLOAD:
            help_ = "If trying again doesn't help, ask an admin to check Threadscribe's permissions."
            return failure.sentence or f"{_fault(failure.reason, service)}. {help_}"
        case (
            Reason.NOT_AUDIO
            | Reason.NO_SOUND
            | Reason.DUPLICATE
            | Reason.NOT_A_MEMBER
            | Reason.ON_REQUEST
            | Reason.SHARED_CHANNEL
            | Reason.FILE_GONE
            | Reason.CHANNEL_GONE
            | Reason.CANCELLED
            | Reason.NOWHERE_TO_REPLY
        ):
            # These normally get no reply. Where one is owed all the same, it is the phrase from the list.
            before, _, after = ending(failure.reason).partition(": ")
            return failure.sentence or f"{_capital(after or before)}."
        case _:
            assert_never(failure.reason)


def delete_question(title: str | None, *, here: bool) -> str:
    """Return what the form asks before a deletion; `here`: it was opened in the recording's thread."""
    thread = "this thread" if here else "its thread"
    return (
        f"Delete the transcript of {quoted(title)}? It's removed from {thread} and from search, and can't be brought "
        "back. Your recording stays."
    )


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


INSTALLED = "Threadscribe is installed"
INSTALLED_NEXT = (
    "Type /invite @Threadscribe in a channel to add it there. "
    "Then share a recording, and the transcript will appear in its thread."
)
INSTALLED_IN_ORGANISATION = "Now choose which workspaces of your organisation can use it."
OPEN_SLACK = "Open Slack"
CHOOSE_WORKSPACES = "Choose workspaces"
NOT_INSTALLED = "Threadscribe wasn't installed"
INSTALL_DENIED = "You chose not to install it. Nothing has changed."
INSTALL_OUT_OF_DATE = (
    "This page has expired. An installation has to be finished within ten minutes, only once, and in the browser where "
    "it was started. Nothing has changed."
)
INSTALL_FAILED = (
    "Slack didn't confirm the installation. Nothing has changed. Start again in a minute. "
    "If it fails again, tell the people who run this app."
)
INSTALL_RETRY = "Start again"
"""Words of the installation pages in the browser."""
