"""Every sentence that a person can meet in Slack, in one place: plain, short, with what to do next.

Commands and the App Home say where a recording stands with them, `bot.rendering.reply` answers in the thread with them.
They are written to be heard as well as read: no symbols, no codes, nobody's fault. They are our own words; what
others wrote (names, titles, transcripts) is made harmless where it is shown, not here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import assert_never

from handlers.plain_text import spoken
from storage.exports import Recipient
from storage.job import Failure, JobState, Reason
from transcription.formats import Format
from transcription.naming import in_words, shortened

_NUMBER_LENGTH = 40

HELP = """\
Share a voice note, a recording or a video in a conversation that Threadscribe is part of. \
The transcript is posted in its thread, with who spoke and when. There is nothing else to do.
The buttons under it, and the shortcuts on a message, let you say who the speakers are, and take the transcript along \
as a file.

/transcripts shows where the recordings in this conversation stand, and your own in a direct message.
/transcripts search and some words shows where they were said, in the conversations that you are in.
/transcripts status and a recording's number shows what happened to that one.
/transcripts cancel and its number ends one that is still in work.
/transcripts retry and its number tries one again that was not transcribed.
/transcripts settings shows what is set for this conversation, to be changed.
/transcripts delete and its number removes the transcript of one that you shared, here and in the thread.
/transcripts help shows this text.

Threadscribe hears shared files only. To use it in a channel, invite it there: type /invite @Threadscribe."""
"""What `/transcripts help` answers."""

APP = "Answers a shared recording with a transcript that says who spoke."
APP_AT_LENGTH = (
    "Share a voice note, a recording or a video in Slack, and Threadscribe answers in its thread with the transcript: "
    "who spoke, when, and what they said. Nobody learns a command. It sees shared files and nothing else: reading "
    "messages is an option that you may decline. /transcripts tells where your recordings stand."
)
COMMAND = "Where your recordings stand"
TRANSCRIBE_AT_LENGTH = "Have this recording transcribed, or transcribed in another way"
EXPORT_AT_LENGTH = "Take the transcript along as a file"
NAMING_AT_LENGTH = "Say who the voices in this recording are"
"""What Slack says about the app, its command and its shortcuts."""

KEPT_ELSEWHERE = "Slack keeps this file where Threadscribe may not read it. Please share the recording itself."
NO_LONGER_THERE = "Slack no longer has this file. Please share the recording again."
"""Why a recording could not be fetched."""

NO_RECORDINGS = (
    "There are no recordings here yet. Share a voice note, a recording or a video in a conversation that "
    "Threadscribe is part of, and its transcript is posted in the thread."
)
"""What `/transcripts` answers where nothing was shared."""

NOT_UNDERSTOOD = "That is not something I know. Type /transcripts help to see what there is."
"""What `/transcripts` answers to a word that it does not know."""

SEARCH_FOR_WHAT = (
    "What shall I look for? Type it after the command, for example /transcripts search delivery date. Words in quotes "
    "are found only where they stand together."
)
"""The answer to a search for nothing."""

SEARCH_TOO_LONG = "That is too much to look for at once. Please try again with the few words that matter most."
"""The answer to a search for more than anybody means."""

NOTHING_FOUND = (
    "Nobody has said that in the recordings that you may see, as far as they were transcribed. Please try fewer words, "
    "or only a part of one."
)
"""The answer to a search that finds nothing."""

NOT_ALL_SEARCHED = "You are in so many conversations that only some of them were looked through."
"""Ends the answer to a search of somebody of whom Slack tells more than there is time to hear."""

NOT_YOURS = "Only the person who shared this recording can do that."
"""The answer to whoever wants to delete somebody else's."""

NOT_YOURS_TO_STEER = (
    "Only the person who shared this recording, whoever asked for its transcript, the person who made this channel or "
    "an admin of the workspace can do that. Please ask one of them."
)
"""The answer to whoever wants to cancel a recording of somebody else, or have it done again."""

CANCELLED = "This recording is cancelled. It will not be answered."
"""The answer when a recording was cancelled."""

STARTED_AGAIN = "This recording is being transcribed again. Its thread shows the result."
"""The answer when a recording was begun again."""

NOTHING_TO_RETRY = (
    "There is nothing to try again here. To have this recording transcribed in another way, press Transcribe again "
    "under its transcript."
)
"""The answer where a recording has its transcript, or never was one."""

STILL_IN_WORK = "This recording is still in work. Please wait until it is done, or cancel it."
"""The answer to whoever wants to have done again what is not done."""

AGAIN = "Transcribe again"
RETRY = "Try again"
CANCEL = "Cancel"
"""Buttons under a transcript, under the sentence why there is none, and under a recording in work; also at home."""

AGAIN_TITLE = "Transcribe again"
AGAIN_SUBMIT = "Start"
CLOSE = "Close"
"""Words of forms; Slack takes 24 characters for these."""

AGAIN_INTRO = (
    "Choose what should be different. The transcript that is there stays until the new one is done, and is then "
    "replaced. Names of speakers have to be given again."
)
"""What stands above the form in which a recording is transcribed in another way."""

AS_BEFORE = "As usual"
"""Leaves a choice to what is set for the channel, the person or the workspace."""

CHOOSE_TRANSCRIBER = "Who transcribes it"
CHOOSE_LANGUAGE = "Language"
CHOOSE_SPEAKERS = "How many people speak"
SPEAKERS_HINT = "A number such as 3, or a range such as 2-4. Leave it empty if you do not know."
SPEAKERS_PROBLEM = "Please write a number from 1 to 20, or a range such as 2-4."
"""Labels of the fields in forms, and what is said where something else was entered."""

CANCELLED_AGAIN = "This is cancelled. The transcript in the thread stays as it is."
"""The answer when it was cancelled that a recording is done again."""

TOO_LATE_TO_CANCEL = (
    "This recording is past cancelling. To remove its transcript, type /transcripts delete and its number."
)
"""The answer when there is nothing to cancel any more."""

DELETED = (
    "What was written about this recording is being removed, here and in the thread. The recording itself stays where "
    "you shared it."
)
"""The answer when a transcript is deleted."""

REMOVED = "its transcript was removed"
"""Where a recording stands of which nothing is kept any more."""

DELETED_BEFORE = "This transcript was removed before."
"""The answer when a transcript is deleted once more."""

NOT_NOW = "That did not work just now. Please try again in a minute."
"""What a command or a button answers when the database or Slack does not."""

ELSEWHERE = "I do not work in this workspace. Please ask the people who look after its apps."
"""What a command answers in a workspace that is not ours."""

NOTHING_HEARD = "No speech was found in it this time. Please try another language or another transcriber."
"""Why a recording that has a transcript has no new one."""

NO_SPEECH = (
    "No speech was found in this recording. If somebody does speak in it, please share it again with the voice "
    "louder or closer."
)
"""The reply to a recording in which nobody speaks."""

DAMAGED = "Parts of the recording could not be read, so words may be missing."
"""A remark under the transcript of a recording that is not whole."""

NAME_SPEAKERS = "Name the speakers"
"""The button under a transcript, and the shortcut on a message."""

UNDO_NAMING = "Undo the naming"
"""The button that brings back the names before the last change; pressed again, the last ones."""

NAMING_TITLE = "Name the speakers"
NAMING_SUBMIT = "Save"
NAMING_CLOSE = "Cancel"
NAMING_PICK = "or choose a person"
"""Words of the form in which the speakers are named; Slack takes 24 characters for the first three."""

NOTHING_TO_NAME = (
    "There is no transcript with speakers here to name, or it is no longer kept. Choose this on a recording that has "
    "been transcribed, or on its transcript."
)
"""The answer where somebody wants to name the speakers of what has none (yet)."""

EXPORT = "Export"
"""The button under a transcript that makes a file of it."""

EXPORT_TITLE = "Export the transcript"
EXPORT_SUBMIT = "Export"
EXPORT_FORMAT = "Kind of file"
EXPORT_RECIPIENT = "Who gets it"
"""Words of the form in which a file is chosen, the first is the shortcut's name as well; Slack takes 24 characters."""

EXPORT_AS_NOW = "The file has the names of the speakers as they are now. If they are changed later, export it again."
"""Stands in the form: what is exported does not change any more."""

EXPORT_THREAD_ONLY = (
    "The file is put in the thread. Threadscribe may not write to one person alone here; the people who look after it "
    "can allow that."
)
"""Stands in the form where the permission is missing that a file for one person needs."""

EXPORTED_OFTEN = (
    "This transcript has been exported so often that no more files of it are made. Please use one of those that are "
    "there."
)
"""The answer where somebody wants one more file."""

NOT_IN_CONVERSATION = (
    "Only people who are in the conversation of the recording, together with Threadscribe, can take its transcript "
    "along. Please join it, and invite Threadscribe: type /invite @Threadscribe."
)
"""The answer where whoever sends the form is not there (any more)."""

NOTHING_TO_EXPORT = (
    "There is no transcript here to export, or it is no longer kept. Choose this on a recording that has been "
    "transcribed, or on its transcript."
)
"""The answer where somebody wants a file of what has no transcript (any more)."""

NOT_EXPORTED = (
    "The file that you asked for could not be delivered. Please export the transcript again, and choose another place "
    "for the file if that does not help."
)
"""Told to whoever asked for a file that Slack did not take, or whose transcript was deleted meanwhile."""

NOT_HERE = "That cannot be done from here. Please use the button under the transcript itself."
"""The answer to a button that is not on the message that it is about."""

VOICES_CHANGED = (
    "This recording was transcribed again while you had this open, and its speakers may be others now. "
    "You see them below. Name them and save again."
)
"""Stands in the form in which speakers are named when its transcript was replaced meanwhile."""

CHANGED_MEANWHILE = "The names were changed in the meantime. Please look at the transcript again."
"""The answer to whoever wanted to undo what is no longer the newest naming."""

IN_WORK = "In work"
LATELY = "Lately"
THIS_MONTH = "This month"
SETTINGS = "Settings"
HELP_HEADING = "Help"
"""The headings of the App Home."""

HOW_TO_BEGIN = (
    "You have not shared a recording yet. Share a voice note, a recording or a video in a conversation that "
    "Threadscribe is part of, and its transcript is posted in the thread. To use it in a channel, invite it there: "
    "type /invite @Threadscribe. You then see here how far it is."
)
"""What stands in the App Home of somebody who has shared nothing."""

NOTHING_IN_WORK = "Nothing is in work just now."
MORE_IN_WORK = "There are more in work than are shown here."
NOTHING_THIS_MONTH = "Nothing was transcribed for you this month yet."

MY_SETTINGS_BUTTON = "My settings"
WORKSPACE_SETTINGS_BUTTON = "Settings for everybody"
"""The buttons under the settings; the second is for those who look after the workspace."""

UNTITLED = "Recording without a title"
OPEN_THREAD = "Open its thread"
SHARED = "shared"
JUST_NOW = "just now"
TROUBLE = "something went wrong, it is tried again"

IN_FILES = "The whole transcript is in the attached files."
"""Ends the message when only the opening is shown in it."""

CUT_SHORT = (
    "This is the beginning only: Slack did not take the files with the whole transcript. Please share the recording "
    "again to have another try."
)
"""Ends the message when the rest of the transcript could not be attached."""

GOES_ON = "The transcript goes on in the message."
"""Ends what is read aloud when the message holds more."""


CHOOSE_WORDS = "Names and words to expect"
WORDS_HINT = "One on each line. They help where people use names that nobody else does."
CHOOSE_AUTOMATIC = "What is transcribed"
BY_ITSELF = "Every recording that is shared"
ON_REQUEST = "Only what somebody asks for"
CHOOSE_FORM = "How transcripts are shown"
AS_FITS = "In the thread, long ones as files too"
ALWAYS_FILES = "Always as files too"
CHOOSE_MARKS = "When each passage was spoken"
WITH_MARKS = "Shown"
WITHOUT_MARKS = "Left out"
CHOOSE_LOCKED = "Who may change this"
EVERYBODY_CHANGES = "Everybody in this channel"
ADMINS_CHANGE = "Only admins of the workspace"
CHOOSE_OUTSIDE = "In this channel"
OUTSIDE_ON = "Transcribe recordings"
OUTSIDE_OFF = "Leave recordings alone"
CHANNEL_SETTINGS = "Settings of this channel"
OWN_SETTINGS = "My settings"
ALL_SETTINGS = "Settings for everybody"
"""Words of the forms for settings."""

OUTSIDE_INTRO = (
    "This channel is shared with another company. Everybody in it can read what is posted here, transcripts too."
)
"""Stands above the choice whether recordings are transcribed in a channel of two companies."""

NOT_YOUR_SETTINGS = "These are the settings of somebody else. Please open your own in the Home of Threadscribe."
ONLY_ADMINS = "Only admins of the workspace can change what is set for everybody. Please ask one of them."
LOCKED = "The settings of this channel can only be changed by admins of the workspace. Please ask one of them."
NOT_IN_CHANNEL = (
    "Only people who are in this channel together with Threadscribe can change its settings. Please join it, and "
    "invite Threadscribe: type /invite @Threadscribe."
)
ADMINS_NOT_KNOWN = (
    "This can only be changed by admins of the workspace, and Threadscribe may not see who they are. Whoever looks "
    "after it can install it again with the permission to see people."
)
SET_MEANWHILE = (
    "Somebody changed this while you had it open. You see it below as it is now. Change what you like and save."
)
"""Answers where settings cannot be changed, or not just now."""

ASKED_FOR = "It is being transcribed. The transcript comes in its thread."
ALREADY_IN_WORK = "This recording is in work already. Its transcript comes in its thread."
NO_RECORDING = "There is no recording in this message. Choose this on a voice note, a recording or a video."
INVITE_FIRST = "Threadscribe is not in this conversation. Please invite it first: type /invite @Threadscribe."
LEFT_TO_ITSELF = (
    "This conversation is closed, or shared with another company and not turned on. "
    "Type /transcripts settings in it to see."
)
TRANSCRIBE = "Transcribe"
"""The shortcut on a message, and what it answers."""


EXPECTED_AT = ("The transcript is expected at about", ".")
"""Before and after a time of the day."""

TAKES_LONGER = "It takes longer than usual. There is nothing to do: the transcript comes when it is ready."
"""Said of a recording whose transcript is late."""


def in_progress(length: str, *, provider: str, sent: bool) -> str:
    """How far a long recording is; `sent` where the provider has it."""
    return f"{length} of recording, {'being transcribed by' if sent else 'being sent to'} {provider}."


def as_usual(what: str) -> str:
    """The choice that leaves it to what counts otherwise, which is `what`."""
    return f"As usual ({what})"


def where_sound_goes(places: Sequence[tuple[str, str]]) -> str:
    """Where recordings go to be transcribed: a transcriber, and a sentence about it."""
    told = [f"{name[:1].upper()}{name[1:]}: {place}" for name, place in places]
    return "\n".join(["Where the sound of a recording goes:", *told])


def too_many_words(most: int) -> str:
    """Said under the field for words to expect."""
    return f"Please leave it at {most} words."


def not_in_that_language(transcriber: str) -> str:
    """Said under the field where a language was chosen that the transcriber does not take."""
    return f"{transcriber} does not offer this language. Please choose another one, or another transcriber."


def only_if_chosen(transcriber: str, languages: Sequence[str]) -> str:
    """Stands under the field for a language where none is chosen: these are not recognised by themselves."""
    *others, last = languages
    named = f"{', '.join(others)} and {last}" if others else last
    return f"{transcriber} recognises {named} only if you choose it here."


def done_again_in_vain(why: str) -> str:
    """Tells whoever asked that the transcript stays as it was."""
    return f"This recording could not be transcribed again, so its transcript stays as it was. {why}"


def larger_than(most: str) -> str:
    """A file above the limit, which is `most`."""
    return f"This file is larger than {most}, the most that is taken. Please share a shorter or smaller recording."


def headline(*, length: str, speakers: str | None) -> str:
    """What the reply is, as a sentence; `speakers` is None where voices were not told apart."""
    among = f" with {speakers}" if speakers else ""
    return f"Transcript of a recording of {length}{among}."


def made_by(provider: str) -> str:
    """Who wrote the transcript."""
    return f"Transcribed by {provider}."


def text_file(name: str) -> str:
    """The title of the attached text; `name` is the file's, without its ending."""
    return f"Transcript of {name}"


def subtitle_file(name: str) -> str:
    """The title of the attached subtitles; `name` is the file's, without its ending."""
    return f"Subtitles of {name}"


def file_kind(kind: Format) -> tuple[str, str]:
    """A kind of file and what it is good for; Slack takes 75 characters each."""
    match kind:
        case Format.WORD:
            return "Word document", "To read, change and print"
        case Format.TEXT:
            return "Plain text", "Opens everywhere"
        case Format.SUBRIP:
            return "Subtitles as SubRip", "For video players and editors"
        case Format.WEBVTT:
            return "Subtitles as WebVTT", "For videos on web pages"
        case Format.JSON:
            return "Data as JSON", "For other programs"
        case _:
            assert_never(kind)


def recipient(who: Recipient) -> tuple[str, str]:
    """Who gets a file and where; Slack takes 75 characters each."""
    match who:
        case Recipient.PERSON:
            return "Only me", "In your direct messages with Threadscribe"
        case Recipient.THREAD:
            return "Everybody in the thread", "As a message under the recording"
        case _:
            assert_never(who)


def exported(kind: Format) -> str:
    """Stands above a file that somebody asked for."""
    return f"Here is the transcript as a file. Its kind: {file_kind(kind)[0]}."


OWN_LIMIT = "you"
CHANNEL_LIMIT = "this conversation"
WORKSPACE_LIMIT = "this workspace"
"""For whom a limit on spending is."""


def over_the_limit(whose: str, *, used: timedelta, limit: timedelta, duration: timedelta, until: date) -> str:
    """Why a recording is not transcribed although it could be, and who can change that; `whose` is one of the above."""
    so_far = f", and {in_words(used)} of them are used" if used else ""
    return (
        f"This recording is {in_words(duration)} long. For {whose}, up to {in_words(limit)} of recordings are "
        f"transcribed in a month{so_far}. The next month begins on {until.day} {until:%B}. The people who look after "
        "Threadscribe here can change the limit."
    )


def name_of(number: str) -> str:
    """The label of the field in which a speaker gets a name; two with one name become one speaker."""
    return f"Name of {number}"


def talked_for(length: str) -> str:
    """How long a speaker talked in all."""
    return f"speaks for {length}."


def begins_with(said: str) -> str:
    """The first words of a speaker."""
    return f"First words: {said}"


def named_meanwhile(names: Sequence[tuple[str, str]]) -> str:
    """Tells whoever saves last what was saved since they opened the form: pairs of number and name."""
    changed = ", ".join(f"{number} is {name}" for number, name in names) or "all names were taken away"
    return (
        f"Somebody changed the names while you had this open: {changed}. You see them below now. "
        "Change what you like and save again."
    )


def overview(*, waiting: int, shown: int) -> str:
    """The first line of a list of recordings."""
    recordings = "1 recording" if shown == 1 else f"{shown} recordings"
    return f"{recordings}, {f'{waiting} still in work' if waiting else 'all done'}."


def found(*, shown: int, more: bool) -> str:
    """The first line of what a search finds."""
    recordings = "1 recording" if shown == 1 else f"{shown} recordings"
    return f"Said in {recordings}, the newest first{'. There are more: more words find fewer' if more else ''}."


def said_at(speaker: str, mark: str) -> str:
    """Stands before what somebody said; `mark` is a time in the recording, as 2:14; without a speaker, "" is given."""
    return f"{speaker} at {mark}: " if speaker else f"At {mark}: "


def said_again(turns: int) -> str:
    """Ends what somebody said where it was said in more turns of the same recording."""
    return f" Also in {'another turn' if turns == 1 else f'{turns} more turns'} of it."


def no_such_recording(number: str) -> str:
    """The answer to a number that the person made up or may not see; safe in a field that Slack parses."""
    asked = spoken(shortened(number, limit=_NUMBER_LENGTH))
    return (
        f"There is no recording with the number {asked} in this conversation. Type /transcripts to see what there is."
    )


def number(name: str) -> str:
    """What `/transcripts status` is to be asked with."""
    return f"Number {name}."


def long(length: str) -> str:
    """How long a recording is."""
    return f"{length} long"


def ago(length: str) -> str:
    """A moment in the past."""
    return f"{length} ago"


def on(moment: datetime) -> str:
    """A moment, for where Slack cannot tell it in the reader's own time."""
    return f"on {moment.day} {moment:%B %Y at %H:%M} UTC"


def done_by(provider: str) -> str:
    """Where a recording with a transcript stands."""
    return f"transcribed by {provider}"


def button_for(button: str, *, title: str) -> str:
    """What a screen reader says of a button that stands beside others like it."""
    return f"{button}: {title}"


def used(total: timedelta, *, by: str | None, limit: timedelta | None, until: date) -> str:
    """How much was transcribed for a person in this month, and how much can be; `by` the provider, if it was one."""
    so_far = f"Transcribed for you{f' by {by}' if by else ''}: {in_words(total)}." if total else NOTHING_THIS_MONTH
    if limit is None:
        return so_far
    return f"{so_far} The limit for a month is {in_words(limit)}. The next one begins on {until.day} {until:%B}."


def used_with(provider: str, length: timedelta) -> str:
    """How much of it one provider did."""
    return f"{provider}: {in_words(length)}."


def about(title: str) -> str:
    """Which recording a sentence is about."""
    return f"Recording: {title}"


def standing(state: JobState, *, provider: str | None = None) -> str:
    """Where a recording stands; `provider` is its name for people. For the end of one, `ending` says more."""
    match state:
        case JobState.RECEIVED:
            return "waiting"
        case JobState.SUBMITTING:
            return f"being sent to {provider}" if provider else "being sent"
        case JobState.SUBMITTED:
            return f"being transcribed by {provider}" if provider else "being transcribed"
        case JobState.READY | JobState.REPLYING:
            return "done, the answer is on its way to the thread"
        case JobState.REPLIED:
            return "answered in its thread"
        case JobState.ABANDONED:
            return "left alone"
        case _:
            assert_never(state)


def ending(reason: Reason) -> str:  # noqa: C901, PLR0911, PLR0912 - one arm for each reason
    """Why a recording has no transcript, as a phrase for `/transcripts`."""
    match reason:
        case Reason.NOT_AUDIO:
            return "left alone: this file is not a recording"
        case Reason.NO_SOUND:
            return "left alone: there is no sound in this file"
        case Reason.DUPLICATE:
            return "left alone: this recording is already being answered"
        case Reason.NOT_A_MEMBER:
            return "left alone: Threadscribe is not in this conversation; invite it and share the recording again"
        case Reason.ON_REQUEST:
            return "left alone: nobody asked for it; choose Transcribe in the menu of its message"
        case Reason.SHARED_CHANNEL:
            return "left alone: this channel is shared with another company; type /transcripts settings to turn it on"
        case Reason.FILE_GONE:
            return "left alone: the recording was deleted"
        case Reason.CHANNEL_GONE:
            return "left alone: this conversation is closed, or Threadscribe is no longer in it"
        case Reason.CANCELLED:
            return "cancelled"
        case Reason.NOWHERE_TO_REPLY:
            return "left alone: there was no thread to answer in; share the recording in a channel or a message"
        case Reason.REFUSED:
            return "not transcribed: the recording could not be used; its thread says why"
        case Reason.PROVIDER_FAILED | Reason.GAVE_UP | Reason.TOO_SLOW:
            return "not transcribed: the transcription service gave no answer; it can be tried again later"
        case Reason.NO_DOWNLOAD:
            return "not transcribed: Slack did not hand over the recording; its thread says what to do"
        case _:
            assert_never(reason)


def apology(failure: Failure, *, provider: str | None = None) -> str:  # noqa: PLR0911 - one arm for each reason
    """Why there is no transcript and what to do, as a sentence for the thread.

    The refusing side's own sentence comes first where there is one: only it knows its limits.
    """
    if failure.sentence:
        return failure.sentence
    service = provider or "The transcription service"
    match failure.reason:
        case Reason.REFUSED:
            return (
                f"{service} does not take this recording. Please share it in another format, or a shorter part of it."
            )
        case Reason.PROVIDER_FAILED:
            return f"{service} could not transcribe this recording. Please share it again to have another try."
        case Reason.GAVE_UP:
            return f"{service} could not be reached, after many tries. Please share this recording again later."
        case Reason.TOO_SLOW:
            return f"{service} did not finish this recording in time. Please share it again, or a shorter part of it."
        case Reason.NO_DOWNLOAD:
            return (
                "Slack did not hand over this recording. Please share it again. If that does not help, ask the "
                "person who looks after Threadscribe here whether it may still read files."
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
            # Left alone without a word; should one ever be owed, it is the one from the list.
            phrase = ending(failure.reason)
            return f"This recording was {phrase}."
        case _:
            assert_never(failure.reason)


INSTALLED = "Threadscribe is installed"
INSTALLED_NEXT = (
    "Add it to a channel by typing /invite @Threadscribe there. "
    "Then share a recording, and the transcript comes in its thread."
)
INSTALLED_IN_ORGANISATION = "Now choose the workspaces of your organisation in which people may use it."
OPEN_SLACK = "Open Slack"
CHOOSE_WORKSPACES = "Choose workspaces"
NOT_INSTALLED = "Threadscribe was not installed"
INSTALL_DENIED = "You chose not to add it, so nothing has changed."
INSTALL_OUT_OF_DATE = (
    "This page is out of date. An installation is finished in the browser in which it was begun, within ten minutes, "
    "and only once. Nothing has changed."
)
INSTALL_FAILED = (
    "Slack did not confirm it, and nothing has changed. Please start again in a minute. "
    "If it fails again, tell the people who run this app."
)
INSTALL_AGAIN = "Start again"
