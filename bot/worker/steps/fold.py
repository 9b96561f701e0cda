"""Whether a reply may be folded: as `FOLD` says, where its workspace takes that, unless it refused one within the week.

No clock decides alone when a workspace is asked again: what the clock leapt is left out, and what was noted by a clock
that was ahead does not count. See docs/decisions/0041.
"""

from __future__ import annotations

from bot.clock import AGREED, passed
from bot.rendering.folding import folded_sample
from bot.slack.errors import SlackRefused, SlackUnavailable
from bot.worker.tools import Tools
from storage import folding
from storage.folding import FoldingAnswer
from storage.job import Job


async def may_fold(job: Job, tools: Tools) -> bool:
    """Return whether a reply that is being planned may be folded; with `auto` its workspace may be asked for that."""
    match tools.settings.fold:
        case "never":
            return False
        case "always":
            return await _taken(job, tools) is not False
        case "auto":
            return await _asked(job, tools)


async def stays_folded(job: Job, tools: Tools) -> bool:
    """Return whether a reply that was planned folded still may be; nobody is asked for that."""
    return tools.settings.fold != "never" and await _taken(job, tools) is not False


async def _taken(job: Job, tools: Tools) -> bool | None:
    """Return the workspace's answer while it counts; else None."""
    answer = await tools.database.read(lambda tx: folding.answer_of(tx, team=job.origin.team))
    return answer.taken if answer is not None and _counts(answer, tools) else None


async def _asked(job: Job, tools: Tools) -> bool:
    """Return the workspace's answer; ask for it if none counts. No answer is False, and counts for an hour.

    Of several replies that are planned at once one asks; the others are not folded.
    """
    team, now = job.origin.team, tools.clock()
    seen = await tools.database.read(lambda tx: folding.answer_of(tx, team=team))
    if seen is not None and _counts(seen, tools):
        return seen.taken is True
    if not await tools.database.write(lambda tx: folding.claim(tx, team=team, seen=seen, now=now)):
        return False
    try:
        taken = await tools.workspace_of(job).takes(folded_sample())
    except (SlackUnavailable, SlackRefused):
        return False
    await tools.database.write(lambda tx: folding.note(tx, team=team, taken=taken, now=now))
    return taken


def _counts(answer: FoldingAnswer, tools: Tools) -> bool:
    is_ahead = answer.asked_at > tools.clock() + AGREED
    return not is_ahead and passed(tools.clock, answer.asked_at) < answer.counts_for
