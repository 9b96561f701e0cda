"""The stored intent of a reply: how it is recognised and what it shows. Used to post, edit and delete it."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import asdict, dataclass, replace

from pydantic import TypeAdapter

from bot.rendering.large import LONG, render_apart
from bot.rendering.reply import Named, Reply, ReplyContext, ReplyForm, render
from bot.worker.steps.fold import stays_folded
from bot.worker.tools import Tools
from handlers import words
from storage import corrections, preferences, transcripts
from storage.database import Transaction
from storage.job import Failure, Job, Reason
from storage.namings import Naming
from transcription.isolation import Crashed
from transcription.transcriber import Transcriber

TOO_MUCH = frozenset({"msg_blocks_too_long", "msg_too_long", "invalid_blocks", "invalid_blocks_format"})
"""Slack's error codes for a message that is too large; it is then posted with files."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Intent:
    """How the reply is recognised: by `files` (ids and titles) if it has any, otherwise by `mark`.

    `mark` is unique to this reply. `sharings`: how often files were uploaded for it. `replacing`: new files that
    replace `files`, because speakers were named or after a rerun. `dropped`: earlier files that never showed in the
    thread. `plain`: without buttons, because Slack did not take them together with files. `outcome`: which outcome the
    recording's reactions show, "" before that. `folded`: its message has a folded part. `unfolded`: it has none
    because Slack refused it with one. `tells_place`: it says where the audio goes (`storage.first_transcripts`).
    """

    mark: str = ""
    form: ReplyForm = "auto"
    files: tuple[tuple[str, str], ...] = ()
    sharings: int = 0
    replacing: tuple[tuple[str, str], ...] = ()
    dropped: tuple[str, ...] = ()
    plain: bool = False
    outcome: str = ""
    folded: bool = False
    unfolded: bool = False
    tells_place: bool = False

    @property
    def own_files(self) -> tuple[str, ...]:
        """The ids of all files that the reply has or had."""
        return (*(file for file, _ in (*self.files, *self.replacing)), *self.dropped)

    def without_files(self, form: ReplyForm) -> Intent:
        """Return the intent for another try in this form, without the files so far."""
        return replace(self, form=form, files=(), dropped=(*self.dropped, *(file for file, _ in self.files)))

    def dump(self) -> str:
        """Return it as JSON for the job's row."""
        return json.dumps(asdict(self))

    @classmethod
    def load(cls, text: str | None) -> Intent:
        """Return the intent that `dump` wrote; a default one if there is none."""
        return _INTENT.validate_json(text) if text else cls()


_INTENT = TypeAdapter(Intent)


async def rendered(
    job: Job, tools: Tools, intent: Intent, *, naming: Naming | None = None, files: bool = True
) -> Reply:
    """Render the job's reply, with the speakers' names; without `files`, only its message."""
    stored, editors = (None, "") if job.failure else await tools.database.read(lambda tx: _kept(tx, job))
    title, provider = job.title, tools.transcriber_of(job).title
    form: ReplyForm = job.options.form or "auto" if intent.form == "auto" else intent.form
    time_marks, named = job.options.time_marks is not False, _named(job, naming, buttons=not intent.plain)
    context = ReplyContext(
        place=await _place(job, tools) if intent.tells_place else "",
        edited_by=editors,
        fold=intent.folded and await stays_folded(job, tools),
    )
    if stored is not None and len(stored) > LONG:
        with suppress(Crashed):  # rather late than never: it holds up others for a second
            return await render_apart(
                tools.apart,
                stored,
                title=title,
                provider=provider,
                form=form,
                time_marks=time_marks,
                named=named,
                context=context,
                files=files,
            )
    outcome = transcripts.BODY.validate_json(stored) if stored else job.failure or Failure(reason=Reason.GAVE_UP)
    return render(
        outcome,
        title=title,
        provider=provider,
        form=form,
        time_marks=time_marks,
        named=named,
        context=context,
        files=files,
        uncharged=tools.settings.person_minutes is not None and not job.spent,
    )


def _kept(tx: Transaction, job: Job) -> tuple[str | None, str]:
    """Return the transcript as it is stored, and the people who corrected words of it."""
    return transcripts.text(tx, job.id), words.people(corrections.editors(tx, job.id))


async def usual_transcriber(job: Job, tools: Tools) -> Transcriber:
    """Return who transcribes what people share in the job's conversation, whatever one of them chose for themselves."""
    is_direct = job.origin.channel.startswith("D")  # there the settings of its person are those of the conversation
    origin = job.origin if is_direct else replace(job.origin, user="")
    chosen = await tools.database.read(lambda tx: preferences.of_recording(tx, origin))
    return tools.transcriber_for(chosen.options)


async def _place(job: Job, tools: Tools) -> str:
    """Return where the audio of the conversation goes."""
    place = (await usual_transcriber(job, tools)).capabilities.place
    return f"{words.audio_from_here(place)} {words.TO_CHANGE_THAT}"


def _named(job: Job, naming: Naming | None, *, buttons: bool) -> Named:
    names, version = (naming.names, naming.version) if naming else ({}, 0)
    direct = job.origin.channel.startswith("D")
    return Named(job=job.id, names=names, version=version, buttons=buttons, in_direct_message=direct)
