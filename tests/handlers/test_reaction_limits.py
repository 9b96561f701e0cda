"""What one person's reactions cost is limited; nobody else's are, and nothing that went wrong counts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from structlog.testing import capture_logs

from handlers.events import Reacted
from handlers.reaction_limits import PER_PERSON, WINDOW, ReactionLimits

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Person:
    """Somebody who reacts to messages, at a time that passes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON
        self.limits = ReactionLimits(lambda: self.now)

    def asks(self, ts: int, *, user: str = "U1", team: str = "T1", channel: str = "C1") -> bool:
        return self.limits.admit(reacted(ts, user=user, channel=channel), team=team)


def reacted(ts: int, *, user: str = "U1", channel: str = "C1") -> Reacted:
    return Reacted.model_validate({"user": user, "reaction": "ear", "item": {"channel": channel, "ts": f"{ts}.0"}})


def test_the_same_message_is_looked_up_once_a_minute() -> None:
    person = Person()
    assert [person.asks(1) for _ in range(3)] == [True, False, False]
    assert person.asks(2)
    assert person.asks(1, user="U2")
    assert person.asks(1, team="T2")
    assert person.asks(1, channel="C2")
    person.now += WINDOW
    assert person.asks(1)


def test_of_one_person_only_so_many_messages_are_looked_up_in_a_minute() -> None:
    person = Person()
    assert [person.asks(n) for n in range(PER_PERSON + 5)].count(True) == PER_PERSON
    assert person.asks(1, user="U2"), "nobody else is concerned"
    person.now += WINDOW / 2
    assert not person.asks(99)
    person.now += WINDOW / 2 + timedelta(seconds=1)
    assert person.asks(99)


def test_what_could_not_be_looked_up_is_looked_up_when_slack_tells_it_again() -> None:
    person = Person()
    for _ in range(2 * PER_PERSON):
        assert person.asks(1)
        person.limits.withdraw(reacted(1), team="T1")


def test_it_is_told_once_a_minute() -> None:
    person = Person()
    with capture_logs() as log:
        for n in range(3 * PER_PERSON):
            person.asks(n)
    assert [(line["event"], line["team"], line["user"]) for line in log] == [("reactions_limited", "T1", "U1")]


def test_nothing_is_kept_of_people_who_asked_long_ago() -> None:
    person = Person()
    for n in range(100):
        person.asks(1, user=f"U{n}")
    person.now += WINDOW
    person.asks(1)
    assert len(person.limits._asked) == 1
