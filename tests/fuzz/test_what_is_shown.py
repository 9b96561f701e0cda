"""Whatever a transcript, a title or a job holds: it is shown within Slack's limits, and no word is lost in a file."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.rendering.blocks import MESSAGE, SECTION, cost, sized
from bot.rendering.file_names import stem
from bot.rendering.reply import ReplyForm, render
from handlers import details, home_page, listing, recording_rows, words
from handlers.plain_text import harmless, spoken
from sandbox.slack.limits import VIEW_BLOCKS, check_blocks
from storage.job import Failure, Job, JobId, JobState, Origin, Reason
from tests.bot.rendering.test_reply import assert_fits, assert_harmless
from tests.fuzz.strategies import TEXT, tries
from tests.transcription.test_exports import cues_of
from transcription.cutting import pieces
from transcription.exports import as_json, as_srt, as_text, as_vtt
from transcription.naming import one_line
from transcription.paragraphs import paragraphs
from transcription.transcript import Speaker, Transcript, Turn

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
UNSEEN = re.compile("[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f\u202a-\u202e\u2066-\u2069\ufeff]")

MOMENTS = st.one_of(
    st.integers(0, 10_000), st.sampled_from((0, 24_000_000, 360_000_000, 10**13)), st.integers(0, 10**15)
).map(lambda count: timedelta(milliseconds=count))
SPEAKERS = st.one_of(st.none(), st.builds(Speaker, label=TEXT, name=st.one_of(st.none(), TEXT)))
TURNS = st.builds(
    Turn,
    start=MOMENTS,
    end=MOMENTS,
    text=TEXT,
    speaker=SPEAKERS,
    language=st.one_of(st.none(), TEXT),
    confidence=st.one_of(st.none(), st.floats()),
)


@st.composite
def transcripts(draw: st.DrawFn) -> Transcript:
    """Turns of nobody and of everybody, over one another, of no length, of years; sorted as promised."""
    turns = draw(st.lists(TURNS, max_size=6)) * draw(st.sampled_from((1, 1, 1, 40)))
    ordered = sorted((forwards(turn) for turn in turns), key=lambda turn: (turn.start, turn.end))
    return Transcript(turns=tuple(ordered), duration=draw(MOMENTS), note=draw(st.one_of(st.none(), TEXT)))


def forwards(turn: Turn) -> Turn:
    return replace(turn, end=max(turn.start, turn.end))


FAILURES = st.builds(Failure, reason=st.sampled_from(Reason), sentence=st.one_of(st.none(), TEXT))
MAYBE = st.one_of(st.none(), TEXT)


def seen(text: str) -> str:
    """What is left of a text for the eye: no control characters, no white space, no halves of characters."""
    return "".join(re.sub("[\ud800-\udfff]", "\ufffd", UNSEEN.sub("", text)).split())


@given(
    outcome=st.one_of(transcripts(), transcripts(), FAILURES),
    title=MAYBE,
    provider=MAYBE,
    form=st.sampled_from(("auto", "file", "message")),
)
@tries(150)
def test_any_outcome_is_one_reply_that_fits_and_does_no_harm(
    outcome: Transcript | Failure, title: str | None, provider: str | None, form: ReplyForm
) -> None:
    reply = render(outcome, title=title, provider=provider, form=form)
    assert_fits(reply)
    assert_harmless(reply)
    assert reply.text.encode()
    assert (form == "message") <= (not reply.attachments)


@given(talk=transcripts())
@tries(100)
def test_every_file_of_any_transcript_can_be_written_and_read_back_with_every_word(talk: Transcript) -> None:
    said = [seen(turn.text) for turn in talk.turns]
    for written in (as_text(talk), as_srt(talk), as_vtt(talk), as_json(talk)):
        written.encode()
    document = json.loads(as_json(talk))
    assert [seen(turn["text"]) for turn in document["turns"]] == said
    assert all(turn["start"] <= turn["end"] for turn in document["turns"])
    cues = cues_of(as_vtt(talk))
    assert [start for start, _, _ in cues] == sorted(start for start, _, _ in cues)
    assert all(start < end for start, end, _ in cues)
    assert sorted("".join(seen(text) for _, _, text in cues)) == sorted("".join(said))
    assert sorted("".join(seen(paragraph.text) for paragraph in paragraphs(talk))) == sorted("".join(said))
    assert len(re.findall(r"^\d+\n\d\d+:\d\d:\d\d,\d{3} --> ", as_srt(talk), re.MULTILINE)) == len(cues)


@given(talk=transcripts())
@tries(60)
def test_any_transcript_is_divided_into_what_fits_a_section(talk: Transcript) -> None:
    divided = list(sized(paragraphs(talk)))
    assert all(cost(paragraph) <= SECTION for paragraph in divided)
    assert seen("".join(paragraph.text for paragraph in divided)) == seen("".join(turn.text for turn in talk.turns))
    assert SECTION < MESSAGE


@given(title=MAYBE)
@tries(300)
def test_any_title_makes_a_file_name_that_every_computer_takes(title: str | None) -> None:
    name = stem(title)
    assert 1 <= len(name.encode()) <= 150
    assert name.isprintable()
    assert not set(name) & set('<>:"/\\|?*')
    assert name == name.strip(". -_")
    assert stem(name + ".txt") == name
    assert name.upper() not in {"CON", "PRN", "AUX", "NUL"}


@given(text=TEXT)
@tries(300)
def test_any_text_can_be_put_where_slack_parses(text: str) -> None:
    said = spoken(text)
    said.encode()
    assert not re.search(r"[<>*_~`@#|\n]|:\S|&(?!amp;)", said)
    assert harmless(harmless(text)) == harmless(text)
    assert one_line(one_line(text)) == one_line(text)


@given(text=TEXT.map(one_line), limit=st.integers(1, 400))
@tries(300)
def test_any_line_is_cut_into_pieces_that_make_it_up_again(text: str, limit: int) -> None:
    cut = list(pieces(text, limit=limit))
    assert all(len(piece) <= limit for _, piece in cut)
    assert all(text[at : at + len(piece)] == piece for at, piece in cut)
    assert "".join(piece for _, piece in cut).replace(" ", "") == text.replace(" ", "")


JOBS = st.builds(
    Job,
    id=st.just(JobId("abcdefgh23")),
    origin=st.builds(
        Origin, team=st.just("T1"), channel=TEXT, file=TEXT, occasion=TEXT, user=TEXT, thread=st.one_of(st.none(), TEXT)
    ),
    state=st.sampled_from(JobState),
    created_at=st.just(NOW),
    state_since=st.just(NOW),
    title=MAYBE,
    provider=MAYBE,
    duration=st.one_of(st.none(), MOMENTS),
    failure=st.one_of(st.none(), FAILURES),
)
VIEWER = listing.Viewer(now=NOW, provider_title=lambda _: "Botlhale AI", workspace_url="https://x.slack.com/")


ROW = re.compile(
    r"\*((?:[^<>*_~`@#|\n]|(?<=[A-Za-z0-9])_(?=[A-Za-z0-9]))+)\*\n"
    r"[^<>*_~`@#|\n]+ · <!date\^\d+\^\{ago\}\|[^<>*_~`@#|\n]+>"
    r"( · <https://x\.slack\.com/archives/[^<>|\s]*\|Open thread>)?"
)


@given(jobs=st.lists(JOBS, max_size=40), older=st.booleans())
@tries(80)
def test_any_jobs_are_listed_within_the_limits(jobs: list[Job], older: bool) -> None:  # noqa: FBT001 - of Hypothesis
    text, blocks = recording_rows.recordings(jobs, VIEWER, heading=words.LIST_OWN, older=older)
    assert not re.search(r"[<>*_~`@#|]|&(?!amp;)", text)
    drawn = [block.to_dict() for block in blocks]
    check_blocks(drawn)
    assert len(json.dumps(drawn)) < 13_000
    assert all(ROW.fullmatch(block["text"]["text"]) for block in drawn if block["type"] == "section")


@given(job=JOBS, note=MAYBE)
@tries(80)
def test_any_job_has_details_and_a_history_within_the_limits(job: Job, note: str | None) -> None:
    history = [(NOW, job.state, note)] * 20
    lines = listing.status(job, history, VIEWER)
    assert not re.search(r"[<>*_~`@#|]|&(?!amp;)", listing.as_text(lines))
    blocks = [block.to_dict() for block in listing.as_blocks(lines)]
    view = details.form(job, history, VIEWER).to_dict()
    check_blocks(view["blocks"], most=VIEW_BLOCKS, total=None)
    assert len(blocks) <= 50
    shown = [
        text_of(part)
        for block in [*blocks, *view["blocks"]]
        for section in block.get("elements", [])
        for part in section["elements"]
    ]
    assert all(shown)
    assert sum(map(len, shown)) < 13_000


def text_of(part: dict[str, str]) -> str:
    return part[{"date": "fallback", "user": "user_id"}.get(part["type"], "text")]


@given(jobs=st.lists(JOBS, max_size=15), provider=TEXT, used=MOMENTS, limit=st.one_of(st.none(), MOMENTS))
@tries(60)
def test_any_jobs_make_an_app_home_that_slack_takes(
    jobs: list[Job], provider: str, used: timedelta, limit: timedelta | None
) -> None:
    month = home_page.Month(used=((provider, used),), limit=limit, ends=NOW.date())
    view = home_page.page(jobs, month, VIEWER, may_manage=True).to_dict()
    json.dumps(view).encode()
    check_blocks(view["blocks"], most=VIEW_BLOCKS, total=None)
    assert {block["type"] for block in view["blocks"]} <= {"header", "actions", "rich_text", "section"}
    for block in view["blocks"]:
        if block["type"] == "section":
            assert ROW.fullmatch(block["text"]["text"])
        if block["type"] == "rich_text":
            assert all(text_of(part) for section in block["elements"] for part in section["elements"])


@pytest.mark.parametrize("speakers", [1, 2, 500])
def test_sixty_thousand_words_of_hours_fit_like_sixty(speakers: int) -> None:
    voices = [Speaker(label=f"speaker_{number}") for number in range(speakers)]
    turns = tuple(
        Turn(
            start=timedelta(seconds=n * 2),
            end=timedelta(seconds=n * 2 + 2),
            text="one two three, four & five six.",
            speaker=voices[n % speakers],
        )
        for n in range(10_000)
    )
    talk = Transcript(turns=turns, duration=timedelta(seconds=20_000))
    reply = render(talk, title="A long day", provider="Botlhale AI")
    assert_fits(reply)
    assert len(reply.attachments) == 2
    document = reply.attachments[0].content.decode()
    assert document.count("one two three, four & five six.") == 10_000
