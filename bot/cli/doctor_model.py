"""The check of `threadscribe doctor` for the offline engine's model: which one, from where, whether it is intact."""

from __future__ import annotations

from pathlib import Path

from bot.cli.findings import Finding, Verdict
from transcription.embedded.local_model import ENGINE, is_installed
from transcription.models.catalog import BASE, Model
from transcription.models.errors import DamagedModel, ModelError
from transcription.models.store import AUTO, ModelOrigin, ModelStore, VerifiedModel

LAST_RESORT = (
    "the offline engine works with its last resort, pocketsphinx, which understands English only and gets more than "
    "half of real people's words wrong"
)
"""Measured: 59 % of 608 words. Its transcripts read like speech, but often nobody said that."""

BETTER = f"`make offline MODEL={BASE.name}` in the checkout, or `threadscribe models fetch {BASE.name}`"


async def examine_model(
    configured: str = AUTO,
    *,
    directory: Path | None = None,
    store: ModelStore | None = None,
    engine: bool | None = None,
) -> list[Finding]:
    """Return which model the offline engine would use, as findings; changes nothing.

    `configured` is EMBEDDED_MODEL: a name, a folder or `auto`; `directory` is EMBEDDED_MODELS_DIRECTORY. `engine`:
    whether faster-whisper is installed, checked if None. A chosen model that cannot be used is bad. No chosen model and
    none here is a note, because the engine works without one.
    """
    store = store or ModelStore(directory)
    try:
        seen = await store.inspect(configured)
    except ModelError as error:
        return _without(error, configured=configured)
    engine = is_installed() if engine is None else engine
    if not engine:
        return [_no_engine(seen, configured=configured)]
    damaged = [
        Finding(verdict="bad", what=f"a better model is here and not used: {error}", fix=_mend(error))
        for error in seen.passed_over
    ]
    return [*damaged, _used(seen)]


def _used(seen: VerifiedModel) -> Finding:
    if seen.model is None:
        return Finding(
            verdict="note",
            what=f"the offline engine works with an unknown model in {seen.folder}; nobody but you vouches for it",
            fix="leave EMBEDDED_MODEL out to use a model whose files can be verified",
        )
    model = seen.model
    what = (
        f"the offline engine works with Whisper {model.name} from {_origin(seen, model)}, verified; {model.understands}"
    )
    if model.word_errors is not None:
        what += f"; {model.word_errors} % of words wrong in nine recordings of English"
    fix = f"for other languages than English: {BETTER}" if len(model.languages) == 1 else None
    return Finding(verdict="good", what=what, fix=fix)


def _without(error: ModelError, *, configured: str) -> list[Finding]:
    verdict: Verdict = "bad" if configured != AUTO or isinstance(error, DamagedModel) else "note"
    if configured != AUTO:
        what = f"EMBEDDED_MODEL is {configured}, and that cannot be used: {error}"
        return [Finding(verdict=verdict, what=what, fix=_mend(error))]
    told = [Finding(verdict=verdict, what=str(error), fix=_mend(error))] if verdict == "bad" else []
    return [*told, Finding(verdict="note", what=LAST_RESORT, fix=BETTER)]


def _no_engine(seen: VerifiedModel, *, configured: str) -> Finding:
    name = seen.model.name if seen.model else str(seen.folder)
    if configured != AUTO:
        what = f"EMBEDDED_MODEL is {configured}, but {ENGINE}, which opens it, is not installed"
        return Finding(verdict="bad", what=what, fix="`make offline` in the checkout")
    what = f"{LAST_RESORT}: the model {name} is here, but {ENGINE}, which opens it, is not installed"
    return Finding(verdict="note", what=what, fix="`make offline` in the checkout")


def _mend(error: ModelError) -> str:
    if isinstance(error, DamagedModel):
        return "`threadscribe models verify` says which; fetch it again, or reinstall its package"
    return f"`threadscribe models list` says which are here; {BETTER}"


def _origin(seen: VerifiedModel, model: Model) -> str:
    match seen.origin:
        case ModelOrigin.PACKAGE:
            several = "packages" if len(model.distributions) > 1 else "package"
            return f"the {several} {' and '.join(model.distributions)}"
        case ModelOrigin.FETCHED | ModelOrigin.FOLDER:
            return str(seen.folder)
