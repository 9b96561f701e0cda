"""`/transcripts where`: where the audio of a conversation goes now, by the rules by which a recording would be."""

from __future__ import annotations

from typing import Any

from handlers import words
from sandbox.slack import Channel, Slack
from storage import preferences
from storage.options import TranscriptionOptions
from storage.preferences import Kind, Preferences, Scope
from tests.journeys.bench import Bench, recording
from tests.journeys.test_command import MODES, asked
from tests.journeys.test_settings import PEOPLE

BOTLHALE = "Audio from here goes to Botlhale AI, a company in South Africa."
OFFLINE = "Audio from here stays on the server that runs Threadscribe."
YOURS = "Audio that you share here stays on the server that runs Threadscribe."

EMBEDDED = Preferences(options=TranscriptionOptions(transcriber="embedded"))
BY_BOTLHALE = Preferences(options=TranscriptionOptions(transcriber="botlhale"))
ON_REQUEST = Preferences(automatic=False)


async def choose(bench: Bench, kind: Kind, owner: str, chosen: Preferences) -> None:
    """Store settings as the form would."""
    assert bench.bot is not None
    database, now = bench.bot.tools.database, bench.bot.tools.clock()
    place = Scope(team=bench.slack.team_id, kind=kind, owner=owner)

    def work(tx: Any) -> None:
        preferences.put(tx, place, chosen, seen=preferences.get(tx, place).version, by="U1", now=now)

    await database.write(work)


async def where(slack: Slack, channel: Channel | None) -> list[str]:
    return (await asked(slack, "where", channel=channel)).splitlines()


@MODES
async def test_it_says_who_gets_the_audio_and_how_to_change_that(
    bench: Bench, slack: Slack, mode: dict[str, Any]
) -> None:
    await bench.start(**mode)
    channel = slack.channel("general", people=PEOPLE)
    answer = await slack.command("/transcripts", "where", channel=channel)
    [message] = answer.messages
    assert message["text"].splitlines() == [BOTLHALE, words.TO_CHANGE_THAT]
    elements = [each for block in message["blocks"] for each in block["elements"][0]["elements"]]
    assert [each["text"] for each in elements if each.get("style", {}).get("code")] == ["/transcripts settings"]
    assert await where(slack, None) == [BOTLHALE, words.TO_CHANGE_THAT]


async def test_the_channel_counts_before_the_person_and_the_person_before_the_workspace(
    bench: Bench, slack: Slack
) -> None:
    await bench.start()
    channel, amara = slack.channel("general", people=PEOPLE), slack.user("amara")
    await choose(bench, "workspace", "", EMBEDDED)
    assert await where(slack, channel) == [OFFLINE, words.TO_CHANGE_THAT]
    await choose(bench, "channel", channel.id, BY_BOTLHALE)
    await choose(bench, "person", amara, EMBEDDED)
    assert await where(slack, channel) == [BOTLHALE, words.TO_CHANGE_THAT]
    await slack.share(channel, [recording()], user=amara)
    [job] = await bench.ended()
    assert job.provider == "botlhale"
    await choose(bench, "workspace", "", BY_BOTLHALE)
    elsewhere = slack.channel("elsewhere", people=PEOPLE)
    assert await where(slack, elsewhere) == [YOURS, words.FROM_YOUR_OWN_SETTINGS]
    others = await asked(slack, "where", channel=elsewhere, user=slack.user("thandi"))
    assert others.splitlines() == [BOTLHALE, words.TO_CHANGE_THAT]
    assert await where(slack, None) == [OFFLINE, words.TO_CHANGE_THAT]  # nobody else shares there


async def test_it_says_where_only_what_is_asked_for_is_transcribed(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel, amara = slack.channel("general", people=PEOPLE), slack.user("amara")
    await choose(bench, "person", amara, ON_REQUEST)
    assert await where(slack, channel) == [BOTLHALE, words.ON_REQUEST_YOURS, words.IN_YOUR_HOME, words.TO_CHANGE_THAT]
    await choose(bench, "channel", channel.id, ON_REQUEST)
    assert await where(slack, channel) == [BOTLHALE, words.ON_REQUEST_HERE, words.TO_CHANGE_THAT]


async def test_where_only_admins_may_change_it_it_says_so(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE)
    await choose(bench, "channel", channel.id, Preferences(locked=True))
    assert await where(slack, channel) == [BOTLHALE, words.ONLY_ADMINS_CHANGE_THAT]


async def test_nothing_leaves_a_channel_of_two_companies_where_that_is_off(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("deal", people=PEOPLE, external=True)
    assert await where(slack, channel) == [words.NOTHING_GOES_OUTSIDE, words.TO_CHANGE_THAT]
    await choose(bench, "channel", channel.id, Preferences(outside=True))
    assert await where(slack, channel) == [BOTLHALE, words.TO_CHANGE_THAT]
    await choose(bench, "channel", channel.id, Preferences(outside=False, locked=True))
    assert await where(slack, channel) == [words.NOTHING_GOES_OUTSIDE, words.ONLY_ADMINS_CHANGE_THAT]


async def test_where_the_bot_is_not_in_the_conversation_nothing_goes_anywhere(bench: Bench, slack: Slack) -> None:
    await bench.start()
    channel = slack.channel("general", people=PEOPLE, member=False)
    said = await asked(slack, "where", channel=channel)
    assert said.splitlines()[0] == words.NOTHING_GOES_WITHOUT_BOT
    slack.refuse("conversations.info", "internal_error")
    assert await asked(slack, "where", channel=channel) == words.NOT_NOW
