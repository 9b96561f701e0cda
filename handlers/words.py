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

from handlers.plain_text import spoken
from storage.exports import Recipient
from storage.job import Failure, JobState, Reason
from transcription import remarks
from transcription.formats import Format
from transcription.naming import in_words, shortened

_ID_LENGTH = 40

HELP = """\
Share a voice note, recording or video in a conversation that includes Threadscribe. \
The transcript appears in its thread, with who spoke and when. There's nothing else to do.
To name the speakers, export the transcript or transcribe again, use the buttons under the transcript or the shortcuts \
in the menu of its message.

/transcripts lists the recordings in this conversation, or your own in a direct message.
/transcripts search delivery date finds where those words were said, in the conversations you're in.
/transcripts status ID shows what happened to a recording.
/transcripts cancel ID cancels a recording that is still in progress.
/transcripts retry ID retries a recording that wasn't transcribed.
/transcripts delete ID deletes the transcript of a recording you shared, here and in the thread.
/transcripts settings shows and changes the settings of this conversation.
/transcripts help shows this text.

You'll find the ID of each recording in the list. Threadscribe only listens for shared files. To use it in a channel, \
type /invite @Threadscribe there."""
"""The answer to `/transcripts help`; also at the end of the App Home."""

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
    "No recordings here yet. Share a voice note, recording or video in a conversation that includes Threadscribe, and "
    "the transcript will appear in its thread."
)
"""The answer to `/transcripts` in a conversation without recordings."""

NOT_UNDERSTOOD = "That isn't a command Threadscribe knows. Type /transcripts help for the full list."
"""The answer to `/transcripts` with an unknown word."""

SEARCH_FOR_WHAT = (
    "Add the words to search for, for example /transcripts search delivery date. Use quotes to find an exact phrase."
)
"""The answer to a search without words."""

SEARCH_SLOW = "Search is busy right now. Try again in a minute."
SEARCH_TOO_LONG = "That search is too long. Try again with the few words that matter most."
"""The answer to a search with too many or too long words."""

NOTHING_FOUND = "No matches in the transcripts you can see. Try fewer words, or just part of a word."
"""The answer to a search without results."""

NOT_ALL_SEARCHED = "You're in a lot of conversations, so only some of them were searched."
"""The last line of a search whose list of conversations is incomplete, because Slack took too long to list them all."""

NOT_YOURS = "Only the person who shared this recording can delete its transcript."
"""The answer to a person who tries to delete somebody else's transcript."""

NOT_YOURS_TO_CHANGE = (
    "Only the person who shared this recording or asked for its transcript, the creator of this channel or a workspace "
    "admin can do that. Ask one of them."
)
"""The answer to a person who may not cancel, retry or rerun this recording."""

CANCELLED = "Transcription cancelled. No transcript will be posted."
"""The answer when a recording was cancelled."""

RERUN_STARTED = "Transcribing this recording again. The result will appear in its thread."
"""The answer when a rerun was started."""

NOTHING_TO_RETRY = (
    "There's nothing to retry here. To transcribe this recording with different options, choose Transcribe again under "
    "its transcript."
)
"""The answer to a retry where the recording has a transcript already."""

NO_USE_TO_RETRY = "Retrying won't help with this recording. To see why, type /transcripts status and its ID."
"""The answer to a retry of a file without sound or one that is gone: there is no transcript, and no button under it."""

STILL_IN_WORK = "This recording is still in progress. Wait for it to finish, or cancel it."
"""The answer to a request that needs a finished recording."""

RERUN = "Transcribe again"
RETRY = "Retry"
CANCEL = "Cancel"
"""Buttons under a transcript, under a failure and under a recording in progress; the last two also in the App Home."""

RERUN_TITLE = "Transcribe again"
RERUN_SUBMIT = "Start"
CLOSE = "Close"
"""Title and buttons of modals; Slack allows 24 characters each."""

RERUN_INTRO = (
    "Choose what should be different. The current transcript stays until the new one is ready, and is then replaced. "
    "You will need to name the speakers again."
)
"""The first paragraph of the modal for a rerun."""

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

TOO_LATE_TO_CANCEL = (
    "This recording can no longer be cancelled. To remove its transcript, type /transcripts delete and its ID."
)
"""The answer when a recording is finished or its reply is being posted."""

DELETED = (
    "Everything Threadscribe wrote about this recording is being deleted, including the transcript in the thread. The "
    "recording itself stays where you shared it."
)
"""The answer when a transcript is deleted."""

REMOVED = "transcript deleted"
"""The status of a recording whose transcript was deleted."""

DELETED_BEFORE = "This transcript was already deleted."
"""The answer to a request about a deleted transcript."""

NOT_NOW = "That didn't work. Try again in a minute."
"""The answer to a command, button or form when the database or Slack cannot be reached."""

ELSEWHERE = "Threadscribe isn't set up for this workspace. Ask the people who manage apps here."
"""The answer to a command in a workspace that has not installed this app."""

NOTHING_HEARD = "No speech was found this time. Try another language or transcription service."
"""Why a rerun gave no new transcript: it found no speech, and the existing transcript has some."""

NO_SPEECH = remarks.NO_SPEECH.in_slack
"""The reply to a recording without speech."""

DAMAGED = "Parts of this recording couldn't be read, so some words may be missing."
"""A remark under the transcript of a damaged recording."""

NAME_SPEAKERS = "Name speakers"
"""The button under a transcript, and the message shortcut (24 characters)."""

UNDO_NAMING = "Undo name change"
"""The button that restores the names before the last change; pressed again, it restores the newer names."""

NAMING_TITLE = "Name speakers"
NAMING_SUBMIT = "Save"
NAMING_CONTINUE = "Save and continue"
NAMING_CLOSE = "Cancel"
NAMING_PICK = "Or choose a person"
"""Words of the modal for speaker names; Slack allows 24 characters for the first four."""

TYPE_THE_NAME = "Threadscribe doesn't have permission to look people up here. Type the name instead."
"""Shown in the naming modal for a chosen person where the scope `users:read` turns out to be missing."""

NOTHING_TO_NAME = (
    "There are no speakers to name here, or the transcript is no longer stored. Use this on a transcribed recording or "
    "on its transcript."
)
"""The answer to a naming request where there is no transcript with speakers."""

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
    "The transcript was not deleted: you're not in the recording's conversation any more. Delete the recording itself "
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

NOT_HERE = "That doesn't work from here. Use the button under the transcript itself."
"""The answer to a button press whose message is not the reply to this recording."""

VOICES_CHANGED = (
    "This recording was transcribed again while you had this open, so its speakers may have changed. The current "
    "speakers are shown below. Name them and save again."
)
"""Shown in the naming modal when the recording was rerun after the modal was opened."""

CHANGED_MEANWHILE = "The names have changed since then. Check the transcript before you undo anything."
"""The answer to an undo of a naming that is no longer the newest."""

IN_WORK = "In progress"
LATELY = "Recent"
THIS_MONTH = "This month"
SETTINGS = "Settings"
HELP_HEADING = "Help"
"""Headings of the App Home."""

HOW_TO_BEGIN = (
    "You haven't shared a recording yet. Share a voice note, recording or video in a conversation that includes "
    "Threadscribe, and the transcript will appear in its thread. To use Threadscribe in a channel, type "
    "/invite @Threadscribe there. Your recordings and their status will show up on this page."
)
"""The first paragraph of the App Home for a person who has shared nothing yet."""

NOTHING_IN_WORK = "Nothing is in progress."
MORE_IN_WORK = "More recordings are in progress than fit here."
NOTHING_THIS_MONTH = "Nothing has been transcribed for you this month."

MY_SETTINGS_BUTTON = "Edit my settings"
WORKSPACE_SETTINGS_BUTTON = "Edit workspace settings"
"""Settings buttons of the App Home; the second is for admins of the workspace."""

UNTITLED = "Untitled recording"
OPEN_THREAD = "Open thread"
SHARED = "shared"
JUST_NOW = "just now"
TROUBLE = "something went wrong, trying again"

IN_FILES = "The full transcript is in the attached files."
"""The last line of a message that shows only the opening."""

CUT_SHORT = (
    "This is only the beginning: Slack didn't accept the files with the full transcript. Share the recording again to "
    "get all of it."
)
"""The last line of a message when the rest of the transcript could not be attached."""

GOES_ON = "The transcript continues in the message."
"""The last line of the screen reader text when the message holds more."""


CHOOSE_WORDS = "Names and special terms"
WORDS_HINT = "One per line. Add names, abbreviations and terms that are often misheard."
CHOOSE_AUTOMATIC = "What to transcribe"
BY_ITSELF = "Every shared recording"
ON_REQUEST = "Only when someone asks"
CHOOSE_FORM = "How to post transcripts"
AS_FITS = "In the thread, with files if long"
ALWAYS_FILES = "In the thread, always with files"
CHOOSE_MARKS = "Timestamps"
WITH_MARKS = "Show"
WITHOUT_MARKS = "Hide"
CHOOSE_LOCKED = "Who can change these settings"
EVERYBODY_CHANGES = "Everyone in this channel"
ADMINS_CHANGE = "Workspace admins only"
CHOOSE_OUTSIDE = "Recordings in this channel"
OUTSIDE_ON = "Transcribe"
OUTSIDE_OFF = "Don't transcribe"
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
    "Someone changed these settings while you had them open. The current settings are shown below. Make your changes "
    "and save again."
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


EXPECTED_AT = ("Transcript expected around", ".")
"""The text before and after a time of day."""

TAKES_LONGER = "This is taking longer than usual. There's nothing to do: the transcript will appear when it's ready."
"""Added to the progress message of a recording whose transcript is late."""


HELD_UP_BY_SLACK = (
    "This recording is on hold. Threadscribe is missing a permission that it needs to open it. "
    "Once an admin has reinstalled the app, the transcript will follow."
)


def held_up_by_account(provider: str) -> str:
    """Return what a thread is told while the provider does not accept the account."""
    return (
        f"This recording is on hold. {provider} isn't accepting Threadscribe's account. "
        "Once an admin has fixed that, the transcript will follow."
    )


def held_up_by_credit(provider: str) -> str:
    """Return what a thread is told while the account has no credit left."""
    return (
        f"This recording is on hold. Threadscribe's account with {provider} has run out of credit. "
        "Once an admin has topped it up, the transcript will follow."
    )


def held_up_by_connection(provider: str) -> str:
    """Return what a thread is told while the provider's certificate is not one that can be trusted."""
    return (
        f"This recording is on hold. Threadscribe can't make a secure connection to {provider}. "
        "Once an admin has fixed that, the transcript will follow."
    )


def naming_page(first: int, last: int, *, of: int) -> str:
    """Return what stands above the rows where there are more speakers than one page of the modal has."""
    return (
        f"Speakers {first} to {last} of {of}, by how much they talk. "
        "If one person shows up more than once, use the same name each time to join them."
    )


def in_progress(length: str, *, provider: str, sent: bool) -> str:
    """Return the first line of the progress message; `sent` where the provider has the recording."""
    return f"{'Transcribing' if sent else 'Sending'} {length} of audio {'with' if sent else 'to'} {provider}."


def as_usual(what: str) -> str:
    """Return the option that keeps the default, which is `what`."""
    return f"Default ({what})"


def where_sound_goes(places: Sequence[tuple[str, str]]) -> str:
    """Return where audio is processed; `places` are pairs of a transcriber's title and a sentence about it."""
    told = [f"{name[:1].upper()}{name[1:]}: {place}" for name, place in places]
    return "\n".join(["Where audio is processed:", *told])


def too_many_words(most: int) -> str:
    """Return the validation message for a vocabulary of more than `most` entries."""
    return f"Enter no more than {most} names and terms."


def not_in_that_language(transcriber: str) -> str:
    """Return the validation message for a language that the transcriber does not offer."""
    return f"This language isn't available with {transcriber}. Choose another language or transcription service."


def only_if_chosen(transcriber: str, languages: Sequence[str]) -> str:
    """Return the hint of the language field about `languages` that the transcriber does not detect."""
    *others, last = languages
    named = f"{', '.join(others)} or {last}" if others else last
    return f"{transcriber} doesn't detect {named} automatically. Choose the language here if it is spoken."


RERUN_RETRY = f"Choose {RERUN}"
"""What starts another try of a rerun, in place of `RETRY`."""


def rerun_failed(why: str) -> str:
    """Return the message for the requester of a rerun that failed; there is no Retry under what is there."""
    return f"This recording couldn't be transcribed again. The existing transcript stays. {why}"


def larger_than(most: str) -> str:
    """Return the refusal of a file above the size limit, which is `most`."""
    return f"This file is larger than {most}, the maximum size. Share a shorter or smaller recording."


def headline(*, length: str, speakers: str | None) -> str:
    """Return the first line of the screen reader text; `speakers` is None where speakers were not told apart."""
    among = f", {speakers}" if speakers else ""
    return f"Transcript: {length}{among}."


def made_by(provider: str) -> str:
    """Return who made the transcript."""
    return f"Transcribed by {provider}."


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


def over_the_limit(whose: str, *, used: timedelta, limit: timedelta, duration: timedelta, until: date) -> str:
    """Return the refusal of a recording beyond a monthly limit; `whose` is one of the three constants above."""
    so_far = f" ({in_words(used)} used so far)" if used else ""
    return (
        f"This recording is {in_words(duration)} long and would exceed {whose} monthly limit of {in_words(limit)}"
        f"{so_far}. The limit resets on {until.day} {until:%B}. To raise it, ask the person who runs Threadscribe here."
    )


def name_of(number: str) -> str:
    """Return the label of a speaker's name field; speakers with the same name become one speaker."""
    return f"Name of {number}"


def talked_for(length: str) -> str:
    """Return how long a speaker talked in all; it stands after "Speaker 1"."""
    return f"spoke for {length}."


def begins_with(said: str) -> str:
    """Return the first words of a speaker."""
    return f"First words: {said}"


def named_meanwhile(names: Sequence[tuple[str, str]]) -> str:
    """Return the notice that somebody else saved names meanwhile; `names` are pairs of number and name."""
    changed = ", ".join(f"{number} is now {name}" for number, name in names) or "all names were removed"
    return (
        f"Someone changed the names while you had this open: {changed}. The current names are shown below. "
        "Make your changes and save again."
    )


def overview(*, waiting: int, shown: int) -> str:
    """Return the first line of a list of recordings."""
    recordings = "1 recording" if shown == 1 else f"{shown} recordings"
    return f"{recordings}, {f'{waiting} in progress' if waiting else 'all done'}."


def found(*, shown: int, more: bool) -> str:
    """Return the first line of search results; `more` where not all of them are shown."""
    recordings = "1 recording" if shown == 1 else f"{shown} recordings, newest first"
    return f"Found in {recordings}.{' There are more. Add words to narrow it down.' if more else ''}"


def said_at(speaker: str, mark: str) -> str:
    """Return what stands before a passage; `mark` is a time such as 2:14, `speaker` may be empty."""
    return f"{speaker} at {mark}: " if speaker else f"At {mark}: "


def said_more_often(turns: int) -> str:
    """Return how many more turns of the same recording match."""
    return f" Also said {'once more' if turns == 1 else f'{turns} more times'} in this recording."


def no_such_recording(number: str) -> str:
    """Return the answer to an unknown ID, or one that the person may not see; safe in a field that Slack parses."""
    asked = spoken(shortened(number, limit=_ID_LENGTH))
    return f"There's no recording with the ID {asked} in this conversation. Type /transcripts to see the list."


def number(name: str) -> str:
    """Return the ID as `/transcripts status` takes it."""
    return f"ID {name}"


def long(length: str) -> str:
    """Return how long a recording is."""
    return f"{length} long"


def ago(length: str) -> str:
    """Return a moment in the past."""
    return f"{length} ago"


def on(moment: datetime) -> str:
    """Return a moment in UTC, for clients that cannot show it in the reader's own time zone."""
    return f"on {moment.day} {moment:%B %Y at %H:%M} UTC"


def done_by(provider: str) -> str:
    """Return the status of a recording with a transcript."""
    return f"transcribed by {provider}"


def button_for(button: str, *, title: str) -> str:
    """Return the screen reader label of a button that is repeated for several recordings."""
    return f"{button}: {title}"


def used(total: timedelta, *, by: str | None, limit: timedelta | None, until: date) -> str:
    """Return how much was transcribed for a person this month, and their limit; `by` the provider, if it was one."""
    so_far = f"Transcribed for you{f' by {by}' if by else ''}: {in_words(total)}." if total else NOTHING_THIS_MONTH
    if limit is None:
        return so_far
    return f"{so_far} Your monthly limit is {in_words(limit)}. It resets on {until.day} {until:%B}."


def used_with(provider: str, length: timedelta) -> str:
    """Return how much of it one provider transcribed."""
    return f"{provider}: {in_words(length)}."


def about(title: str) -> str:
    """Return which recording a message is about."""
    return f"Recording: {title}"


def standing(state: JobState, *, provider: str | None = None) -> str:
    """Return the status of a recording; `provider` is its title. `ending` says why there is no transcript."""
    match state:
        case JobState.RECEIVED:
            return "waiting"
        case JobState.SUBMITTING:
            return f"being sent to {provider}" if provider else "being sent"
        case JobState.SUBMITTED:
            return f"being transcribed by {provider}" if provider else "being transcribed"
        case JobState.READY | JobState.REPLYING:
            return "done, reply on its way to the thread"
        case JobState.REPLIED:
            return "reply posted in its thread"
        case JobState.ABANDONED:
            return "ended without a reply"
        case _:
            assert_never(state)


def ending(reason: Reason) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm for each reason
    """Return why a recording has no transcript, as a phrase for `/transcripts`."""
    match reason:
        case Reason.NOT_AUDIO:
            return "skipped: this file isn't a recording"
        case Reason.NO_SOUND:
            return "skipped: this file has no sound"
        case Reason.DUPLICATE:
            return "skipped: this recording is already being handled"
        case Reason.NOT_A_MEMBER:
            return "skipped: Threadscribe isn't in this conversation; invite it and share the recording again"
        case Reason.ON_REQUEST:
            return "skipped: nobody asked for a transcript; choose Transcribe in the menu of its message"
        case Reason.SHARED_CHANNEL:
            return "skipped: this channel is shared with another company; type /transcripts settings to turn it on"
        case Reason.FILE_GONE:
            return "skipped: the recording was deleted"
        case Reason.CHANNEL_GONE:
            return "skipped: this conversation is closed, or Threadscribe is no longer in it"
        case Reason.CANCELLED:
            return "cancelled"
        case Reason.NOWHERE_TO_REPLY:
            return "skipped: there was no thread to reply in; share the recording in a channel or a message"
        case Reason.REFUSED:
            return "not transcribed: the recording couldn't be used; see its thread for the reason"
        case Reason.PROVIDER_FAILED | Reason.GAVE_UP | Reason.TOO_SLOW:
            return "not transcribed: the transcription service sent no transcript; retry it later"
        case Reason.NO_DOWNLOAD:
            return "not transcribed: Slack didn't hand over the recording; see its thread for what to do"
        case _:
            assert_never(reason)


ANSWER_TOO_LARGE = (
    "The transcription service answered with far more than anybody could have said in this recording, so nothing of it "
    "is shown. Transcribe it again with another service if you have one, or tell the person who runs Threadscribe here."
)


def apology(failure: Failure, *, provider: str | None = None, retry: str = RETRY) -> str:  # noqa: PLR0911 - one arm for each reason
    """Return why there is no transcript and what to do next, as a sentence for the thread.

    The sentence of the side that refused comes first, where there is one: only that side knows its limits. `retry`
    names what starts another try.
    """
    if failure.sentence:
        return failure.sentence
    service = f"{provider[:1].upper()}{provider[1:]}" if provider else "The transcription service"
    match failure.reason:
        case Reason.REFUSED:
            return f"{service} doesn't accept this recording. Share it in another format, or a shorter part of it."
        case Reason.PROVIDER_FAILED:
            return f"{service} couldn't transcribe this recording. {retry}, or share it again."
        case Reason.GAVE_UP:
            return f"{service} couldn't be reached after many attempts. {retry} later, or share the recording again."
        case Reason.TOO_SLOW:
            return f"{service} didn't finish this recording in time. {retry}, or share a shorter part of it."
        case Reason.NO_DOWNLOAD:
            return (
                f"Slack didn't hand over this recording. {retry}, or share it again. If that doesn't help, ask the "
                "person who runs Threadscribe here to check that it can still read files."
            )
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
            phrase = ending(failure.reason)
            return f"This recording was {phrase}."
        case _:
            assert_never(failure.reason)


INSTALLED = "Threadscribe is installed"
INSTALLED_NEXT = (
    "Type /invite @Threadscribe in a channel to add it there. "
    "Then share a recording, and the transcript will appear in its thread."
)
INSTALLED_IN_ORGANISATION = "Now choose which workspaces of your organisation can use it."
OPEN_SLACK = "Open Slack"
CHOOSE_WORKSPACES = "Choose workspaces"
NOT_INSTALLED = "Threadscribe was not installed"
INSTALL_DENIED = "You chose not to install it. Nothing has changed."
INSTALL_OUT_OF_DATE = (
    "This page has expired. An installation has to be finished within ten minutes, only once, and in the browser where "
    "it was started. Nothing has changed."
)
INSTALL_FAILED = (
    "Slack did not confirm the installation. Nothing has changed. Start again in a minute. "
    "If it fails again, tell the people who run this app."
)
INSTALL_RETRY = "Start again"
"""Words of the installation pages in the browser."""
