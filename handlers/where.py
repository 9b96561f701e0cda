"""`/transcripts where`: where the audio of a conversation goes now, and how to change that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from handlers import words
from handlers.actor import Actor
from handlers.choices import Choice
from handlers.events import Command
from handlers.listing import RichLine, with_commands
from handlers.preferences import SettingsForms
from storage import channel_homes, preferences
from storage.database import Transaction
from storage.job import Reason
from storage.preferences import Preferences, Scope

_NOBODY = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Settings:
    """What counts here: for the person who asks, for everybody else, and of the channel alone."""

    own: Preferences
    others: Preferences
    channel: Preferences


async def answer(command: Command, settings: SettingsForms) -> list[RichLine]:
    """Return the answer. It follows the rules by which a recording of the person would be transcribed here.

    Raises `SlackNotReached` and `StorageUnavailable`.
    """
    objection = await settings.slack_of(Actor.of(command)).objection(command.channel_id)
    found = await settings.database.read(lambda tx: _settings_of(tx, command))
    return [with_commands(sentence) for sentence in _sentences(command, objection, found, settings)]


def _settings_of(tx: Transaction, command: Command) -> _Settings:
    organisation, channel = command.organisation, command.channel_id
    home = channel_homes.home_team(tx, organisation=organisation, team=command.team_id, channel=channel)

    def of(user: str) -> Preferences:
        return preferences.at_sharing(tx, team=home, channel=channel, user=user, organisation=organisation)

    here = preferences.get(tx, Scope(team=home, kind="channel", owner=channel)).preferences
    return _Settings(own=of(command.user_id), others=of(_NOBODY), channel=here)


def _sentences(command: Command, objection: Reason | None, found: _Settings, settings: SettingsForms) -> list[str]:
    to_change = words.ONLY_ADMINS_CHANGE_THAT if found.channel.locked else words.TO_CHANGE_THAT
    match objection:
        case None:
            pass
        case Reason.NOT_A_MEMBER:
            return [words.NOTHING_GOES_WITHOUT_BOT, *([] if command.in_direct_message else [words.TO_ADD_IT])]
        case Reason.SHARED_CHANNEL:
            if not (settings.outside if found.channel.outside is None else found.channel.outside):
                return [words.NOTHING_GOES_OUTSIDE, to_change]
        case _:
            return [words.NOTHING_GOES_CLOSED]
    by, usual = (_transcriber(each, settings.choices) for each in (found.own, found.others))
    # In a direct message there is nobody else.
    is_own = by != usual and not command.in_direct_message
    asks, all_ask = found.own.automatic is False, found.others.automatic is False or command.in_direct_message
    return [
        words.audio_of_yours(by.place) if is_own else words.audio_from_here(by.place),
        *([words.ON_REQUEST_HERE] if asks and all_ask else []),
        *([words.ON_REQUEST_YOURS, words.IN_YOUR_HOME] if asks and not all_ask else []),
        words.FROM_YOUR_OWN_SETTINGS if is_own and not found.channel.locked else to_change,
    ]


def _transcriber(chosen: Preferences, choices: Sequence[Choice]) -> Choice:
    """Return the chosen transcriber if it is set up, else the configured one."""
    return next((choice for choice in choices if choice.name == chosen.options.transcriber), choices[0])
