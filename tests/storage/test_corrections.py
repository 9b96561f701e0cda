"""Corrected words, kept in every database with who changed what; two at once, reruns, and the release before."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial

import pytest

from storage import claiming, corrections, forgetting, jobs, passages, preferences, search, transcripts, vocabularies
from storage.corrections import CorrectionDraft, CorrectionOutdated, NoWordsLeft, TooManyCorrections
from storage.database import Database, Transaction
from storage.job import Job, JobState, Origin, Reason
from storage.ngrams import terms
from storage.options import TranscriptionOptions
from storage.preferences import Preferences, Scope
from transcription.correcting import WordChange, change_of, turn_parts_of
from transcription.hints import MOST_WORDS
from transcription.transcript import Transcript, Turn

MINUTE = timedelta(minutes=1)
MOVES = (JobState.SUBMITTING, JobState.SUBMITTED, JobState.READY, JobState.REPLYING, JobState.REPLIED)
SAID = ("Good morning, tembisa.", "The delivary is late.", "Then we wait.")


def transcript_of(*said: str) -> Transcript:
    turns = tuple(Turn(start=n * MINUTE, end=(n + 1) * MINUTE, text=text) for n, text in enumerate(said))
    return Transcript(turns=turns, duration=len(said) * MINUTE)


def replied(tx: Transaction, *said: str, now: datetime, held: bool = False, file: str = "F1") -> Job:
    """A job that has its reply, in nobody's hands unless `held`."""
    origin = Origin(team="T1", channel="C1", file=file, occasion="1.0", user="U1", thread="1.0")
    assert jobs.add(tx, origin=origin, now=now) is not None
    job = claiming.claim(tx, fair_share=claiming.FairShare(), now=now, until=now + MINUTE)
    assert job is not None
    for state in MOVES:
        job = jobs.save(tx, job, replace(job, state=state, reply_ts="2.0"), now=now)
    transcripts.put(tx, job.id, transcript_of(*(said or SAID)), now=now)
    if not held:
        claiming.release(tx, job, now=now, due=None, attempts=0)
    return job


def drafted(tx: Transaction, job: Job, turn: int, said: str, *, seen: int = 0) -> CorrectionDraft:
    transcript, made_at = transcripts.get(tx, job.id), corrections.made_at(tx, job.id)
    assert transcript is not None
    assert made_at is not None
    change = change_of(transcript, turn_parts_of(transcript, turn)[0], said=said)
    assert change is not None
    made = corrections.draft(tx, job, change, turn=turn, seen=seen, of=made_at)
    assert made is not None
    return made


def correct(
    tx: Transaction,
    job: Job,
    turn: int,
    said: str,
    *,
    now: datetime,
    seen: int = 0,
    by: str = "U1",
    name: str = "Amara",
) -> bool:
    return corrections.add(tx, job, drafted(tx, job, turn, said, seen=seen), by=by, name=name, now=now)


def undo(tx: Transaction, job: Job, version: int, *, now: datetime) -> bool:
    made_at = corrections.made_at(tx, job.id)
    assert made_at is not None
    made = corrections.draft_undo(tx, job, version=version, of=made_at)
    return made is not None and corrections.add(tx, job, made, by="U2", name="Ben", now=now)


def said_in(tx: Transaction, job: Job) -> list[str]:
    found = transcripts.get(tx, job.id)
    return [turn.text for turn in found.turns] if found else []


def found(tx: Transaction, asked: str) -> list[int]:
    """The turns in which it is found, by reading and by the index."""
    look = partial(search.find, tx, team="T1", channels={"C1"}, terms=terms(asked), limit=9)
    by_reading = [hit.turn for hit in look()]
    assert [hit.turn for hit in look(recent=1)] == by_reading
    return by_reading


async def stands(database: Database, job: Job) -> Job:
    now = await database.read(lambda tx: jobs.get(tx, job.id))
    assert now is not None
    return now


async def test_a_correction_changes_what_is_stored_and_found_and_owes_an_edit_of_the_reply(
    database: Database, noon: datetime
) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    later = noon + timedelta(days=30)
    assert await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=later))

    assert await database.read(lambda tx: said_in(tx, job)) == [SAID[0], "The delivery is late.", SAID[2]]
    assert await database.read(lambda tx: [found(tx, word) for word in ("delivery", "delivary", "wait")]) == [
        [1],
        [],
        [2],
    ]
    [kept] = await database.read(lambda tx: corrections.history(tx, job.id, limit=9))
    assert (kept.version, kept.turn, kept.by, kept.name, kept.at) == (1, 1, "U1", "Amara", later)
    assert kept.change == WordChange(place=0, before=SAID[1], after="The delivery is late.")
    owed = await stands(database, job)
    assert (owed.due_at, owed.state_since, owed.corrections, owed.corrections_shown) == (later, later, 1, 0)
    assert owed.owes_an_edit
    assert await database.read(lambda tx: corrections.shown_by(tx, job.id)) == 1


async def test_the_transcript_is_as_old_as_before(database: Database, noon: datetime) -> None:
    """A correction keeps nothing for longer."""
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon + MINUTE))
    assert await database.read(lambda tx: corrections.made_at(tx, job.id)) == noon
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 0, "it owes an edit"
    await database.write(lambda tx: tx.run("UPDATE jobs SET corrections_shown = corrections"))
    assert await database.write(lambda tx: forgetting.purge(tx, before=noon + MINUTE)) == 1
    assert await database.read(lambda tx: corrections.history(tx, job.id, limit=9)) == []


async def test_whoever_has_not_seen_the_newest_of_that_turn_changes_nothing(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    early = await database.read(lambda tx: drafted(tx, job, 1, "The delivery was late."))
    other = await database.read(lambda tx: drafted(tx, job, 0, "Good morning, Thembisa."))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    for stale in (early, other):
        write = partial(corrections.add, job=job, drafted=stale, by="U2", name="", now=noon)
        assert not await database.write(write)
    with pytest.raises(CorrectionOutdated):
        await database.read(lambda tx: drafted(tx, job, 1, "The delivery was late."))
    assert await database.write(lambda tx: correct(tx, job, 0, "Good morning, Thembisa.", now=noon)), "another turn"
    assert await database.write(lambda tx: correct(tx, job, 1, "The delivery was late.", seen=1, now=noon))
    assert await database.read(lambda tx: corrections.versions(tx, job.id)) == {0: 2, 1: 3}
    assert await database.read(lambda tx: said_in(tx, job)) == [
        "Good morning, Thembisa.",
        "The delivery was late.",
        SAID[2],
    ]


async def test_undo_takes_back_one_after_the_other_and_what_was_done_since(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "", now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "The van is late.", seen=1, now=noon, by="U3", name="Cleo"))
    assert await database.read(lambda tx: corrections.count(tx, job.id)) == 2
    assert await database.read(lambda tx: corrections.editors(tx, job.id)) == ["Amara", "Cleo"]
    with pytest.raises(CorrectionOutdated):
        await database.write(lambda tx: undo(tx, job, 1, now=noon))
    assert await database.write(lambda tx: undo(tx, job, 2, now=noon))
    assert await database.read(lambda tx: corrections.editors(tx, job.id)) == ["Amara"]
    newest = await database.read(lambda tx: corrections.newest(tx, job.id))
    assert newest is not None
    assert newest.version == 1
    with pytest.raises(CorrectionOutdated):
        await database.write(lambda tx: undo(tx, job, 2, now=noon))
    assert await database.write(lambda tx: undo(tx, job, 1, now=noon))
    assert await database.read(lambda tx: said_in(tx, job)) == list(SAID)
    assert await database.read(lambda tx: found(tx, "delivary")) == [1]
    assert await database.read(lambda tx: corrections.newest(tx, job.id)) is None
    assert await database.read(lambda tx: corrections.count(tx, job.id)) == 0
    assert [one.undoes for one in await database.read(lambda tx: corrections.history(tx, job.id, limit=3))] == [
        1,
        2,
        None,
    ]


async def test_a_nameless_editor_is_counted_and_a_later_name_is_known(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: correct(tx, job, 0, "One.", now=noon, name=""))
    await database.write(lambda tx: correct(tx, job, 1, "Two.", now=noon, by="U2", name="Ben"))
    assert await database.read(lambda tx: corrections.editors(tx, job.id)) == ["", "Ben"]
    await database.write(lambda tx: correct(tx, job, 2, "Three.", now=noon))
    assert await database.read(lambda tx: corrections.editors(tx, job.id)) == ["Amara", "Ben"]


async def test_the_last_words_stay(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, "Hello.", "There.", now=noon))
    await database.write(lambda tx: correct(tx, job, 0, "", now=noon))
    with pytest.raises(NoWordsLeft):
        await database.read(lambda tx: drafted(tx, job, 1, ""))


async def test_a_transcript_has_an_end(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, *["x" * 2_999] * 10, now=noon))
    job = replace(job, duration=MINUTE)
    with pytest.raises(TooManyCorrections):
        await database.read(lambda tx: drafted(tx, job, 0, "y" * 3_000))
    assert await database.write(lambda tx: correct(tx, job, 0, "y" * 100, now=noon)), "less is always possible"
    await database.write(lambda tx: tx.run("UPDATE jobs SET corrections = :most", most=corrections.MOST))
    with pytest.raises(TooManyCorrections):
        await database.read(lambda tx: drafted(tx, job, 1, "z"))


async def test_a_correction_while_the_worker_has_the_job_is_not_forgotten(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon, held=True))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    assert (await stands(database, job)).lease == job.lease
    saved = await database.write(lambda tx: jobs.save(tx, job, replace(job, shown=0), now=noon))
    await database.write(lambda tx: claiming.release(tx, saved, now=noon, due=None, attempts=0))
    assert (await stands(database, job)).due_at == noon
    claimed = await database.write(
        lambda tx: claiming.claim(tx, fair_share=claiming.FairShare(), now=noon, until=noon + MINUTE)
    )
    assert claimed is not None
    shown = await database.write(lambda tx: jobs.save(tx, claimed, replace(claimed, corrections_shown=1), now=noon))
    await database.write(lambda tx: claiming.release(tx, shown, now=noon, due=None, attempts=0))
    assert (await stands(database, job)).due_at is None


async def test_what_the_release_before_lets_go_of_is_brought_back(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    await database.write(lambda tx: tx.run("UPDATE jobs SET due_at = NULL"))
    await database.write(lambda tx: claiming.pull_back(tx, now=noon, lease=MINUTE))
    assert (await stands(database, job)).due_at == noon


async def test_corrections_of_a_transcript_that_was_replaced_do_not_count(database: Database, noon: datetime) -> None:
    """The release before replaces a transcript and knows nothing of them."""
    job = await database.write(lambda tx: replied(tx, now=noon))
    draft = await database.read(lambda tx: drafted(tx, job, 0, "Good morning, Thembisa."))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    await database.write(lambda tx: transcripts.put(tx, job.id, transcript_of("New words."), now=noon + MINUTE))
    assert not await database.write(lambda tx: corrections.add(tx, job, draft, by="U1", name="", now=noon))
    assert await database.read(lambda tx: corrections.history(tx, job.id, limit=9)) == []
    assert await database.read(lambda tx: corrections.count(tx, job.id)) == 0
    assert await database.read(lambda tx: corrections.editors(tx, job.id)) == []
    change = WordChange(place=0, before="New", after="Old")
    assert await database.read(lambda tx: corrections.draft(tx, job, change, turn=0, seen=0, of=noon)) is None
    await database.write(lambda tx: correct(tx, job, 0, "Newer words.", now=noon))
    assert [one.version for one in await database.read(lambda tx: corrections.history(tx, job.id, limit=9))] == [2]
    await database.write(lambda tx: corrections.start_over(tx, job.id))
    assert await database.read(lambda tx: tx.all("SELECT * FROM corrections")) == []


async def test_only_what_has_its_reply_is_corrected_and_nothing_that_is_forgotten(
    database: Database, noon: datetime
) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    draft = await database.read(lambda tx: drafted(tx, job, 1, "The delivery is late."))
    await database.write(lambda tx: tx.run("UPDATE jobs SET state = 'received'"))
    assert not await database.write(lambda tx: corrections.add(tx, job, draft, by="U1", name="", now=noon))
    await database.write(lambda tx: tx.run("UPDATE jobs SET state = 'replied'"))
    assert await database.write(lambda tx: corrections.add(tx, job, draft, by="U1", name="Amara", now=noon))
    request = forgetting.ForgetRequest(by="U1", why="at their wish", reason=Reason.CANCELLED)
    await database.write(lambda tx: forgetting.forget(tx, job, request, now=noon))
    assert await database.read(lambda tx: tx.all("SELECT * FROM corrections")) == []
    assert not await database.write(
        lambda tx: corrections.add(tx, job, replace(draft, version=1), by="U1", name="", now=noon)
    )


async def test_a_workspace_that_goes_takes_them_along(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    await database.write(lambda tx: forgetting.workspace(tx, team="T1"))
    assert await database.read(lambda tx: tx.all("SELECT * FROM corrections")) == []


async def test_what_is_not_found_any_more_stays_so(database: Database, noon: datetime) -> None:
    """The reply was deleted in Slack."""
    job = await database.write(lambda tx: replied(tx, now=noon))
    await database.write(lambda tx: forgetting.message_deleted(tx, team="T1", channel="C1", ts="2.0", now=noon))
    await database.write(lambda tx: correct(tx, job, 1, "The delivery is late.", now=noon))
    assert await database.read(lambda tx: tx.all("SELECT turn FROM passages")) == []


async def test_only_the_turn_that_changed_is_indexed_again(database: Database, noon: datetime) -> None:
    job = await database.write(lambda tx: replied(tx, now=noon))
    before = await database.read(lambda tx: tx.all("SELECT id, turn, text FROM passages ORDER BY id"))
    long = "Here is zebra. " + "And a word. " * 300
    await database.write(lambda tx: passages.replace_turn(tx, job.id, turn=1, text=long, made_at=noon))
    await database.write(lambda tx: passages.replace_turn(tx, job.id, turn=9, text="no such turn", made_at=noon))
    after = await database.read(lambda tx: tx.all("SELECT id, turn, text FROM passages ORDER BY id"))
    kept, left = (
        [(row["id"], row["turn"], row["text"]) for row in rows if row["turn"] != 1] for rows in (before, after)
    )
    assert kept == left
    assert len([row for row in after if row["turn"] == 1]) == 2
    assert await database.read(lambda tx: found(tx, "zebra")) == [1]


async def test_what_is_corrected_before_all_is_indexed_is_found_as_it_is_in_the_end(
    database: Database, noon: datetime
) -> None:
    said = [f"This is number {number} of many." for number in range(600)]
    job = await database.write(lambda tx: replied(tx, *said, now=noon))
    assert await database.read(lambda tx: found(tx, "number")) == [], "only a portion"
    for turn in (1, 599):
        await database.write(lambda tx, turn=turn: correct(tx, job, turn, f"Here is zebra {turn}.", now=noon))  # type: ignore[misc]
    while await database.write(search.catch_up):
        pass
    assert await database.read(lambda tx: [found(tx, f"zebra {turn}") for turn in (1, 599)]) == [[1], [599]]
    assert await database.read(lambda tx: found(tx, "599 many")) == []


async def test_whoever_indexes_what_was_read_before_a_correction_stops(database: Database, noon: datetime) -> None:
    said = [f"This is number {number} of many." for number in range(600)]
    job = await database.write(lambda tx: replied(tx, *said, now=noon))

    class Between:
        """Somebody corrects between what is read and what is written."""

        async def read(self, work):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
            read = await database.read(work)
            await database.write(lambda tx: correct(tx, job, 599, "Here is zebra.", now=noon))
            return read

        write = database.write

    await search.index(Between(), job.id)  # type: ignore[arg-type]  # all that is used of it
    while await database.write(search.catch_up):
        pass
    assert await database.read(lambda tx: found(tx, "zebra")) == [599]


CHANNEL = Scope(team="T1", kind="channel", owner="C1")
WORKSPACE = Scope(team="T1", kind="workspace")
ORIGIN = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1")


def expecting(*words: str, locked: bool | None = None) -> Preferences:
    return Preferences(locked=locked, options=TranscriptionOptions(vocabulary=words or None))


async def test_words_are_added_to_what_a_conversation_expects(database: Database, noon: datetime) -> None:
    await database.write(lambda tx: preferences.put(tx, WORKSPACE, expecting("ubuntu"), seen=0, by="U1", now=noon))
    assert await database.read(lambda tx: vocabularies.room(tx, ORIGIN)) == (True, False)
    for words in (["Thembisa", "Ubuntu"], ["thembisa", "Dlamini"]):
        await database.write(lambda tx, words=words: vocabularies.expect(tx, ORIGIN, words, by="U2", now=noon))  # type: ignore[misc]
    kept = await database.read(lambda tx: preferences.get(tx, CHANNEL))
    assert kept.preferences.options.vocabulary == ("ubuntu", "Thembisa", "Dlamini")
    assert (kept.version, kept.by) == (2, "U2")


async def test_no_more_words_are_added_than_fit(database: Database, noon: datetime) -> None:
    full = expecting(*(f"word{number}" for number in range(MOST_WORDS - 1)), locked=True)
    await database.write(lambda tx: preferences.put(tx, CHANNEL, full, seen=0, by="U1", now=noon))
    await database.write(lambda tx: vocabularies.expect(tx, ORIGIN, ["Thembisa", "Dlamini"], by="U2", now=noon))
    assert await database.read(lambda tx: vocabularies.room(tx, ORIGIN)) == (False, True)
    await database.write(lambda tx: vocabularies.expect(tx, ORIGIN, ["Sipho"], by="U2", now=noon))
    kept = await database.read(lambda tx: preferences.get(tx, CHANNEL))
    assert (kept.preferences.options.vocabulary or ())[-1] == "Thembisa"
    assert kept.version == 2, "nothing is written for nothing"
