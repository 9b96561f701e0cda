"""What people read keeps the rules of docs/decisions/0039: one voice, one wording for each event, no code to type."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from pathlib import Path

import pytest

from bot.rendering.reply import Reply, render
from handlers import action_ids, words
from handlers.home_page import Month, page
from handlers.listing import Viewer, with_commands
from handlers.recording_rows import recordings
from storage.job import WORTH_A_TRY, Failure, Job, JobId, JobState, Origin, Reason
from tests.bot.job_fixtures import NOON

ROOT = Path(__file__).parents[2]
WORDS, REMARKS = "handlers/words.py", "transcription/remarks.py"
PLACES = (WORDS, REMARKS)

FILLED_IN = "\ufffc"
"""Stands in a sentence for what is filled in."""

MODAL_TITLE, BUTTON, LEGIBLE = 24, 75, 30
"""Characters that Slack takes of a modal's title and of a button, and those that a button shows on a phone."""

RULES = {
    "a refusal asks for nothing": r"(?i)\bplease\b",
    "nobody is shouted at": "!",
    "the app is no person": r"\bI\b|\bI['’]|(?i:\b(my|me|mine|we|our|us|we['’]\w+)\b)",
    "a control is named, not placed": (
        r"(?i)\b(above|below|beneath|underneath|under|to the (left|right)|at the (top|bottom))\b"
    ),
    "code is a piece of rich text": "`",
    "nobody types a code": r"\bIDs?\b|/transcripts (status|cancel|retry|delete)\b",
    "one kind of quotes": r"[\"’‘„«»]|\u201c[^\u201d]*$|^[^\u201c]*\u201d",
    "one character for three dots": r"\.\.\.|…\S",
    "one space between two words": r"\S  +\S",
    "one word for one thing": r"(?i)\b(retry(ing)?|transcribe again|transcriber|in work|lately|who transcribes)\b",
    "short forms": r"(?i)\b(cannot|can not|(do|does|did|is|are|was|were|could|will|would|have|has) not)\b",
}
"""What no text may hold, by the rule that it breaks."""

SAID_BY_THE_READER = {words.OWN_SETTINGS: "the reader's own", "Only me": "an answer to “Send to”"}
"""Labels in which it is the reader who speaks."""

PLACES_NO_CONTROL = {"As a reply under the recording"}
"""Says where a file goes, and no control stands there."""

NAMES = frozenset(
    {
        "AI",
        "Audio",
        "Botlhale",
        "English",
        "Gowajee",
        "Home",
        "JSON",
        "M4A",
        "MP3",
        "Slack",
        "Slack's",
        "South",
        "Africa",
    }
    | {"SubRip", "Thailand", "Threadscribe", "Threadscribe's", "UTC", "WAV", "WebVTT", "Whisper", "Word"}
)
"""Words that have a capital letter anywhere."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text as it stands in the code, and the name of what it is said by."""

    name: str
    text: str


def texts_in(source: str) -> Iterator[Said]:
    """Yield each text that people can read; docstrings, patterns and keys are none."""
    for node in ast.parse(source).body:
        match node:
            case (
                ast.Assign(targets=[ast.Name(id=name)], value=value)
                | ast.AnnAssign(target=ast.Name(id=name), value=value)
            ):
                found = list(_texts(value)) if value else []
            case ast.FunctionDef(name=name) | ast.ClassDef(name=name):
                found = [text for part in node.body for text in _texts(part)]
            case _:
                continue
        yield from (Said(name, text) for text in found)


def _texts(node: ast.AST) -> Iterator[str]:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.MatchValue() | ast.Compare() | ast.Subscript():
            return
        case ast.Constant(value=str(text)):
            yield from [text] if re.search(r"\w", text) else []
            return
        case ast.JoinedStr(values=parts):
            yield "".join(str(part.value) if isinstance(part, ast.Constant) else FILLED_IN for part in parts)
            for part in parts:
                if isinstance(part, ast.FormattedValue):
                    yield from _texts(part.value)
            return
    for child in ast.iter_child_nodes(node):
        yield from _texts(child)


def complaints(source: str, rule: str) -> list[Said]:
    """Return the texts that break a rule."""
    found = re.compile(RULES[rule])
    spared: Iterable[str] = {
        "the app is no person": SAID_BY_THE_READER,
        "a control is named, not placed": PLACES_NO_CONTROL,
    }.get(rule, ())
    return [said for said in texts_in(source) if found.search(said.text) and said.text not in spared]


def read(place: str) -> str:
    return (ROOT / place).read_text(encoding="utf-8")


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("rule", RULES)
def test_no_text_breaks_a_rule(place: str, rule: str) -> None:
    assert complaints(read(place), rule) == []


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        ("a refusal asks for nothing", "Please share it again."),
        ("nobody is shouted at", "Transcribed!"),
        ("the app is no person", "I couldn't hear that."),
        ("the app is no person", "We couldn't hear that."),
        ("a control is named, not placed", "Use the buttons under the transcript."),
        ("a control is named, not placed", "Press the button below."),
        ("code is a piece of rich text", "Type `/transcripts`."),
        ("nobody types a code", "You'll find the ID in the list."),
        ("nobody types a code", "To cancel it, type /transcripts cancel k3j."),
        ("one kind of quotes", 'No results for "zebra".'),
        ("one kind of quotes", "It’s done."),
        ("one kind of quotes", "No results for “zebra."),
        ("one character for three dots", "Transcribe differently..."),
        ("one space between two words", "It is done.  Look."),
        ("one word for one thing", "Retry it later."),
        ("one word for one thing", "In work"),
        ("short forms", "It was not deleted."),
    ],
)
def test_a_text_that_breaks_a_rule_is_found(rule: str, text: str) -> None:
    assert complaints(f"WRONG = {text!r}", rule) == [Said("WRONG", text)]
    assert complaints(f"def wrong(name: str) -> str:\n    return f'{{name}}: ' + {text!r}", rule)


def test_texts_are_read_with_what_is_filled_in_and_without_remarks() -> None:
    source = '''
A = "one"
"""A remark."""
B = (("two", "three"),)

def c(number: int) -> str:
    """Another remark."""
    return f"{number:%B} {'four' if number == 1 else 'five'} things"
'''
    assert [said.text for said in texts_in(source)] == [
        "one",
        "two",
        "three",
        f"{FILLED_IN} {FILLED_IN} things",
        "four",
        "five",
    ]


@pytest.mark.parametrize("reason", sorted(WORTH_A_TRY))
def test_where_a_button_does_it_nobody_is_told_to_share_it_again(reason: Reason) -> None:
    assert "share" not in thread(reason).text.lower()


TYPED = re.compile(r"/(?:transcripts|invite)(?: (?:@Threadscribe|help|list|search|settings|where)\b)?")
"""What people are told to type."""


def test_what_people_type_is_shown_as_code() -> None:
    told = {said.text for said in texts_in(read(WORDS)) if TYPED.search(said.text)}
    assert len(told) > 5, "it sees them"
    for text in told:
        assert [piece.text.strip() for piece in with_commands(text) if piece.code] == TYPED.findall(text)


# --- labels ---------------------------------------------------------------------------------------------------------


def capitals(text: str) -> list[str]:
    """Return the words with a capital letter that neither begin a sentence nor are names of something."""
    named = text
    for label in sorted(_labels(), key=len, reverse=True):
        named = re.sub(rf"(?<=\S ){re.escape(label)}(?![a-z])", "", named)
    found = re.finditer(r"(?P<before>^|[.?] |“|\A|: )?\b(?P<word>[A-Z][\w']*)", named)
    return [each["word"] for each in found if not _begins(named, each.start("word")) and each["word"] not in NAMES]


def _begins(text: str, at: int) -> bool:
    before = text[:at].rstrip()
    return not before or before[-1] in ".?“(·" or before.endswith((". ", "\ufffc"))


@cache
def _labels() -> frozenset[str]:
    """The names of controls, which may be named in a sentence."""
    texts = [value for name, value in vars(words).items() if name.isupper() and isinstance(value, str)]
    return frozenset(
        text for text in texts if text[:1].isupper() and not text.endswith((".", ":")) and len(text) <= LEGIBLE
    )


@pytest.mark.parametrize("place", PLACES)
def test_only_the_first_word_and_names_begin_with_a_capital_letter(place: str) -> None:
    found = [(said.name, capitals(said.text)) for said in texts_in(read(place))]
    assert [(name, which) for name, which in found if which] == []


@pytest.mark.parametrize("text", ["Name Speakers", "Who Transcribes it", "Open Thread and look"])
def test_a_label_with_more_capital_letters_is_found(text: str) -> None:
    assert capitals(text)


def used_as(node: ast.AST) -> Iterator[str]:
    """Yield the names of `words` in an expression."""
    for part in ast.walk(node):
        match part:
            case ast.Attribute(value=ast.Name(id="words"), attr=name) if name.isupper():
                yield name


def modules() -> list[Path]:
    return sorted(path for room in ("bot", "handlers") for path in (ROOT / room).rglob("*.py"))


@cache
def modal_words() -> frozenset[str]:
    """The words that are a modal's title or one of its two buttons."""
    found = {
        name
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
        for given in node.keywords
        if given.arg in {"title", "submit", "close"}
        for name in used_as(given.value)
    }
    return frozenset(name for name in found if isinstance(getattr(words, name), str))


@cache
def controls() -> frozenset[str]:
    """The words beside an action id: the labels of buttons and of what is chosen in menus."""
    return frozenset(
        name
        for path in modules()
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Tuple) and len(node.elts) in {2, 3}
        if any(isinstance(part, ast.Name) and part.id in vars(action_ids) for part in ast.walk(node))
        for name in used_as(node.elts[0])
    )


def test_modals_have_titles_and_buttons_that_slack_takes() -> None:
    assert len(modal_words()) > 10, "it sees them"
    assert {name for name in modal_words() if len(getattr(words, name)) > MODAL_TITLE} == set()
    titles = (words.OWN_SETTINGS, words.CHANNEL_SETTINGS, words.ALL_SETTINGS)
    assert all(len(title) <= MODAL_TITLE for title in titles)


def test_buttons_can_be_read_on_a_phone() -> None:
    assert len(controls()) > 10, "it sees them"
    assert {name for name in controls() if len(getattr(words, name)) > LEGIBLE} == set()
    assert LEGIBLE < BUTTON


def test_labels_have_no_full_stop() -> None:
    assert [name for name in {*controls(), *modal_words()} if getattr(words, name).endswith((".", "!", "?", ":"))] == []


# --- one wording for each event -------------------------------------------------------------------------------------

PROVIDER, TITLE = "Botlhale AI", "Voice note"
VIEWER = Viewer(now=NOON, provider_title=lambda _: PROVIDER, workspace_url="https://acme.slack.com/", person="U1")


def job(state: JobState, *, reason: Reason | None = None) -> Job:
    failure = Failure(reason=reason) if reason else None
    origin = Origin(team="T1", channel="C1", file="F1", occasion="1.0", user="U1", thread="1.0")
    return Job(
        id=JobId("k3jhgfdsaq"),
        origin=origin,
        state=state,
        created_at=NOON,
        state_since=NOON,
        title=TITLE,
        provider="botlhale",
        duration=timedelta(seconds=34),
        failure=failure,
    )


def texts(part: object) -> Iterator[str]:
    match part:
        case {"text": str(text)}:
            yield text
        case dict():
            for value in part.values():
                yield from texts(value)
        case list() | tuple():
            for value in part:
                yield from texts(value)


def in_list(one: Job) -> str:
    _, blocks = recordings([one], VIEWER, heading="Recordings", older=False)
    return " ".join(texts([block.to_dict() for block in blocks]))


def in_list_aloud(one: Job) -> str:
    return recordings([one], VIEWER, heading="Recordings", older=False)[0]


def at_home(one: Job) -> str:
    month = Month(used=(), limit=None, ends=NOON.date())
    return " ".join(texts(page([one], month, VIEWER, may_manage=False).to_dict()))


def thread(reason: Reason) -> Reply:
    return render(Failure(reason=reason), title=TITLE, provider=PROVIDER)


def plain(text: str) -> str:
    """A text as it is compared: with straight quotes of other people's making, in small letters."""
    return " ".join(text.replace("\u2019", "'").split()).lower()


@pytest.mark.parametrize("reason", [reason for reason in Reason if reason in WORTH_A_TRY])
def test_a_failure_has_one_wording_in_the_list_at_home_and_in_the_thread(reason: Reason) -> None:
    failed = job(JobState.REPLIED, reason=reason)
    told = words.ending(reason, provider=PROVIDER)
    what, _, why = told.partition(": ")
    for shown in (in_list(failed), in_list_aloud(failed), at_home(failed)):
        assert plain(told) in plain(shown)
    for shown in (thread(reason).text, " ".join(texts(thread(reason).blocks))):
        assert plain(what) in plain(shown), "the bold line says the same"
        assert plain(why) in plain(shown), "the sentence says the same"


@pytest.mark.parametrize("reason", Reason)
def test_every_ending_is_told_alike_in_the_list_and_at_home(reason: Reason) -> None:
    ended = job(JobState.ABANDONED, reason=reason)
    told = plain(words.ending(reason, provider=PROVIDER))
    assert all(told in plain(shown) for shown in (in_list(ended), in_list_aloud(ended), at_home(ended)))


@pytest.mark.parametrize("state", [state for state in JobState if state.is_open])
def test_every_state_is_told_alike_in_the_list_and_at_home(state: JobState) -> None:
    told = plain(words.standing(state, provider=PROVIDER))
    moving = job(state)
    assert all(told in plain(shown) for shown in (in_list(moving), in_list_aloud(moving), at_home(moving)))


@pytest.mark.parametrize("state", [JobState.SUBMITTING, JobState.SUBMITTED])
def test_progress_in_the_thread_begins_with_the_word_of_the_list(state: JobState) -> None:
    said = words.in_progress(TITLE, length="34 sec", provider=PROVIDER, sent=state is JobState.SUBMITTED)
    assert said.split()[0] == words.standing(state, provider=PROVIDER).split()[0]


def test_a_transcript_is_told_alike_in_the_list_at_home_and_in_its_small_print() -> None:
    done = words.done_by(PROVIDER)
    transcribed = job(JobState.REPLIED)
    assert all(plain(done) in plain(shown) for shown in (in_list(transcribed), at_home(transcribed)))
    assert "words.done_by" in read("bot/rendering/reply.py")


def test_a_deleted_transcript_is_told_alike() -> None:
    deleted = replace(job(JobState.REPLIED), forgotten=2)
    assert all(plain(words.REMOVED) in plain(shown) for shown in (in_list(deleted), at_home(deleted)))


def test_a_failure_is_never_counted_as_done() -> None:
    two = [job(JobState.REPLIED), job(JobState.REPLIED, reason=Reason.PROVIDER_FAILED)]
    said, _ = recordings(two, VIEWER, heading="Recordings", older=False)
    assert words.counts(in_progress=0, attention=1, transcribed=1, others=0) in said


# --- nothing that nobody says ---------------------------------------------------------------------------------------


def names_used(path: Path, module: str) -> Iterator[str]:
    """Yield the public names of a module of words that this one uses."""
    tree, own = ast.parse(path.read_text(encoding="utf-8")), path.stem == module
    for node in ast.walk(tree):
        match node:
            case ast.Attribute(value=ast.Name(id=name), attr=used) if name == module:
                yield used
            case ast.ImportFrom(module=source, names=names) if source and source.endswith(f".{module}"):
                yield from (alias.name for alias in names)
            case ast.Name(id=used, ctx=ast.Load()) if own:
                yield used


@pytest.mark.parametrize("place", PLACES)
def test_every_word_is_said_somewhere(place: str) -> None:
    module = Path(place).stem
    defined = {
        name
        for node in ast.parse(read(place)).body
        for name in (
            [target.id for target in node.targets if isinstance(target, ast.Name)]
            if isinstance(node, ast.Assign)
            else [node.target.id]
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name)
            else [node.name]
            if isinstance(node, ast.FunctionDef)
            else []
        )
        if not name.startswith("_")
    }
    used = {
        name
        for room in ("bot", "handlers", "transcription")
        for path in (ROOT / room).rglob("*.py")
        for name in names_used(path, module)
    }
    assert len(defined) > 15
    assert defined - used == set()
