"""received: finds what was shared and where, checks that it may be transcribed, and prepares it.

Nothing leaves Slack before it is known that the bot is in the conversation, and that no other company is, unless that
is allowed.
"""

from __future__ import annotations

import math
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

from bot.slack.errors import SlackNotAuthorised, SlackRefused, SlackUnavailable
from bot.slack.objects import FileSharing, SlackFile
from bot.worker.claim import Claim, Later
from bot.worker.quotas import enforce
from bot.worker.steps import progress
from bot.worker.steps.audio import obtain
from bot.worker.steps.backpressure import calling, paused
from bot.worker.steps.channel import (
    NOT_FOUND,
    distance,
    may_have_moved,
    reason_to_keep_out,
    sharing_elsewhere,
    wait_for_new_id,
)
from bot.worker.tools import Tools
from handlers import words
from handlers.shared_files import Likelihood
from storage import channel_homes, channel_ids, deletions, forgetting, jobs, preferences, reruns
from storage.database import Taken, Transaction
from storage.forgetting import ForgetRequest
from storage.job import Failure, Job, JobState, Reason, is_resolved
from storage.options import TranscriptionOptions
from storage.preferences import Preferences
from transcription.errors import NoSound, Refused
from transcription.naming import alike
from transcription.recording_kinds import HEAD, begins_like_a_recording

WAIT_FOR_SLACK = timedelta(minutes=10)
"""Slack scans an upload before it tells its type and its message; a large file takes longer."""

ATTEMPTS = 20
"""Polls before giving up, at least, whatever the clock says: about as many as fit into two minutes."""

WAIT_FOR_ANOTHER = timedelta(minutes=2)
"""How long an event that fits no new message waits for one; then it counts as a repeat of a known one."""

SAME_SHARING = 10.0
"""Seconds between a message with a file and the event about it; Slack writes both within moments."""

REACHES = ((timedelta(seconds=5), SAME_SHARING), (timedelta(minutes=1), 3600.0))
"""How many seconds they may differ, by the age of the event. While it is new, the right message may still show up, and
another one may be an old sharing. Later any message will do: an answer beside an old one is better than none.
"""

MOST_TICKETS = 30
"""Ends a job whose storage refuses every ticket; during an outage of a day a job may use up so many."""


async def locate(claim: Claim, tools: Tools) -> Job | Later:
    """Describe the file, find its thread, check permissions, download, convert, and get a ticket."""
    gone = await _forget_if_deleted(claim, tools)
    if gone is not None:
        return gone
    try:
        file = await tools.workspace_of(claim.job).file(claim.job.origin.file)
    except SlackRefused as refused:
        # Slack sometimes sends the event before `files.info` knows the file.
        return await _wait(claim, tools, otherwise=Reason.FILE_GONE, patience=WAIT_FOR_ANOTHER, note=refused.code)
    left = await _leave_unless_likely(claim, tools, file) or await _place(claim, tools, file)
    if left is not None:
        return left
    chosen = await tools.database.read(lambda tx: preferences.of_recording(tx, claim.job.origin))
    left = await _abandon_if_kept_out(claim, tools, chosen, file)
    if left is not None:
        return left
    if file.likelihood is Likelihood.UNCLEAR and not await _begins_like_a_recording(claim, tools, file):
        return await _leave_alone(claim, Reason.NOT_AUDIO)
    await _show_pending(claim, tools)
    return await _prepare(claim, tools, file, _as_offered(claim.job.options.over(chosen.options), tools))


async def _forget_if_deleted(claim: Claim, tools: Tools) -> Job | None:
    """End and forget a job whose deletion Slack told before the recording; return None if it told of none."""
    job = claim.job
    if not await tools.database.read(lambda tx: deletions.includes(tx, job.origin)):
        return None
    request = ForgetRequest(by="Slack", why="it was deleted before", reason=Reason.FILE_GONE)
    ended = replace(job, state=JobState.ABANDONED, failure=Failure(reason=request.reason))
    saved = await claim.save(ended, also=lambda tx: forgetting.forget(tx, job, request, now=tools.clock()))
    claim.job = replace(saved, forgotten=1, title=None, report=None)
    return claim.job


async def _leave_unless_likely(claim: Claim, tools: Tools, file: SlackFile) -> Job | Later | None:
    """Abandon the job if the file is no recording, wait if nobody can say yet; return None if it may be one."""
    other = file.is_elsewhere or (file.is_described and file.likelihood is Likelihood.OTHER)
    if other or await _is_ours(claim, tools, file):
        return await _leave_alone(claim, Reason.NOT_AUDIO)
    if not file.is_described and not (file.likelihood is Likelihood.RECORDING and file.address):
        return await _wait(claim, tools, otherwise=Reason.NOT_AUDIO)
    return None


async def _is_ours(claim: Claim, tools: Tools, file: SlackFile) -> bool:
    """Return whether the bot has uploaded the file itself: an event does not always say whose file it is."""
    return file.user is not None and file.user == (await tools.workspace_of(claim.job).identify()).user_id


async def _begins_like_a_recording(claim: Claim, tools: Tools, file: SlackFile) -> bool:
    """Return what the first bytes say. They are neither stored nor logged."""
    try:
        head = await tools.workspace_of(claim.job).downloads.begin(file.address or "", size=HEAD)
    except Refused:  # it is gone, and was never known to be a recording: nothing to say about it
        return False
    return begins_like_a_recording(head)


async def _wait(
    claim: Claim, tools: Tools, *, otherwise: Reason, patience: timedelta = WAIT_FOR_SLACK, note: str | None = None
) -> Job | Later:
    if claim.observed > patience and claim.job.misses >= ATTEMPTS:
        return await _leave_alone(claim, otherwise, note=note)
    # A little longer each time: most files are ready within a second or two, the largest within minutes.
    pause = min(max(claim.observed / 4, timedelta(seconds=0.5)), timedelta(seconds=30))
    return Later(due=tools.clock() + pause, missed=True)


async def _leave_alone(claim: Claim, reason: Reason, *, note: str | None = None, tools: Tools | None = None) -> Job:
    """Abandon the job. With `tools`, the person who asked for it is told why."""
    job, failure = claim.job, Failure(reason=reason)
    if job.shown_as is not None:  # a failed rerun: the transcript in the thread stays, and the person is told
        return await claim.save(replace(job, state=JobState.READY, failure=failure), note=note or str(reason))
    left = await claim.save(replace(job, state=JobState.ABANDONED, failure=failure), note=note or str(reason))
    if tools is not None and job.begun_by is not None:
        with suppress(SlackRefused, SlackUnavailable):  # best effort
            where, thread = job.origin.channel, job.origin.thread or ""
            await tools.workspace_of(job).post_ephemeral(
                where, thread, person=job.begun_by, text=words.apology(failure)
            )
    return left


class _AskedFor(Exception):
    """Somebody has asked for this recording meanwhile."""


async def _leave_unless_asked(claim: Claim) -> Job | None:
    def unless_asked(tx: Transaction) -> None:
        # Checked while the row is locked: a request made just now waits, and then sees the outcome.
        if reruns.who_asked(tx, claim.job) is not None:
            raise _AskedFor

    failure = Failure(reason=Reason.ON_REQUEST)
    left = replace(claim.job, state=JobState.ABANDONED, failure=failure)
    try:
        return await claim.save(left, note=str(failure.reason), also=unless_asked)
    except _AskedFor:
        return None


async def _place(claim: Claim, tools: Tools, file: SlackFile) -> Job | Later | None:
    """Find the message and the thread of the recording; return None when they are known."""
    job = claim.job
    if job.message_ts is not None:
        return None
    title = file.title or file.name or job.title
    if is_resolved(job.origin.occasion):
        located = replace(job, message_ts=job.origin.occasion, title=title)
        await claim.save(located)
        return None
    places = file.places(job.origin.channel)
    if not places:
        return await _look_elsewhere(claim, tools, file, title)
    taken = await tools.database.read(lambda tx: jobs.occasions(tx, job.origin))
    nearest = min(places, key=lambda place: distance(place, job.origin.occasion))
    if nearest.ts in taken and distance(nearest, job.origin.occasion) <= SAME_SHARING:
        return await _leave_alone(claim, Reason.DUPLICATE)
    reach = next((reach for age, reach in REACHES if claim.observed < age), math.inf)
    if nearest.ts not in taken and distance(nearest, job.origin.occasion) <= reach:
        return await _settle(claim, tools, nearest, title, channel=job.origin.channel)
    return await _wait(claim, tools, otherwise=Reason.DUPLICATE, patience=WAIT_FOR_ANOTHER)


async def _look_elsewhere(claim: Claim, tools: Tools, file: SlackFile, title: str | None) -> Job | Later | None:
    moved = await sharing_elsewhere(claim.job, tools, file, within=SAME_SHARING)
    if moved is None:
        return await _wait(claim, tools, otherwise=Reason.NOWHERE_TO_REPLY)
    channel, place = moved
    return await _settle(claim, tools, place, title, channel=channel, conversations=file.conversations)


async def _settle(
    claim: Claim,
    tools: Tools,
    place: FileSharing,
    title: str | None,
    *,
    channel: str,
    conversations: Collection[str] = (),
) -> Job | Later | None:
    """Note which message the recording is; end the job if another one has it, or if the message was deleted.

    Where it is in another conversation than the event said, `conversations` has those in which the file is: the message
    may be known under an id that its conversation had before.
    """
    job, now = claim.job, tools.clock()

    def work(tx: Transaction) -> Job | None:
        if channel != job.origin.channel and channel_ids.carry_over(
            tx,
            file=job.origin.file,
            ts=place.ts,
            channel=channel,
            conversations=conversations,
            team=job.origin.team,
            organisation=None,
            now=now,
        ):
            return None
        origin = replace(job.origin, channel=channel, occasion=place.ts, thread=place.root)
        if channel != job.origin.channel:
            team = channel_homes.home_team(tx, organisation=origin.enterprise, team=origin.team, channel=channel)
            origin = replace(origin, team=team)
        return jobs.locate(tx, job, replace(job, origin=origin, message_ts=place.ts, title=title))

    try:
        located = await tools.database.write(work)
    except Taken:
        return await _leave_alone(claim, Reason.DUPLICATE)
    if located is None:
        return Later(due=now)  # this job is there now, too, and finds that the message has its job
    claim.job = located
    return await _forget_if_deleted(claim, tools)  # its message is known only now


async def _abandon_if_kept_out(claim: Claim, tools: Tools, chosen: Preferences, file: SlackFile) -> Job | Later | None:
    """Abandon the job if its conversation may not be read or nobody wants a transcript; else return None."""
    reason: Reason | None
    try:
        reason = await reason_to_keep_out(claim.job, tools, chosen)
    except SlackRefused as refused:
        # It was allowed in an earlier try, so the conversation was there; or the message is somewhere else now.
        waits = claim.job.provider is not None or may_have_moved(claim.job, file)
        later = await wait_for_new_id(claim, tools) if refused.code == NOT_FOUND and waits else None
        if later is not None:
            return later
        reason = Reason.NOT_A_MEMBER
    if reason is None and chosen.automatic is False:
        return await _leave_unless_asked(claim)
    return None if reason is None else await _leave_alone(claim, reason, tools=tools)


async def _show_pending(claim: Claim, tools: Tools) -> None:
    job = claim.job
    if job.attempts or job.message_ts is None:
        return
    try:
        await tools.workspace_of(claim.job).react(job.origin.channel, job.message_ts, tools.settings.reaction_pending)
    except (SlackNotAuthorised, SlackRefused, SlackUnavailable):
        return  # best effort: the transcript comes without it


def _as_offered(options: TranscriptionOptions, tools: Tools) -> TranscriptionOptions:
    """Name the language as the transcriber does: it may have been chosen for another. Drop one it does not offer."""
    offers = tools.transcriber_for(options).capabilities.offers
    return replace(options, language=alike(options.language, offers)) if options.language else options


async def _prepare(claim: Claim, tools: Tools, file: SlackFile, options: TranscriptionOptions) -> Job | Later:
    transcriber = tools.transcriber_for(options)
    if claim.job.tickets >= MOST_TICKETS:
        failure = Failure(reason=Reason.PROVIDER_FAILED)
        return await claim.save(replace(claim.job, state=JobState.READY, failure=failure), note="too many tickets")
    try:
        obtained = await obtain(replace(claim.job, options=options), tools, transcriber, file=file)
    except NoSound:
        if file.is_voice:
            raise
        return await _leave_alone(claim, Reason.NO_SOUND)
    duration, damaged = obtained.audio.duration, obtained.damaged
    title = claim.job.title or file.title or file.name  # an old transcript may have been forgotten with its title
    known = replace(
        claim.job, provider=transcriber.name, options=options, title=title, duration=duration, damaged=damaged
    )
    await claim.save(known)
    await enforce(claim.job, tools, duration=duration)
    await progress.report(claim, tools)
    held = paused(claim, tools, transcriber.name)
    if held is not None:
        return held
    with calling(claim.job, tools, transcriber.name):
        ticket = await transcriber.prepare(obtained.audio)
    tickets = claim.job.tickets + 1
    return await claim.save(replace(claim.job, state=JobState.SUBMITTING, ticket=ticket, tickets=tickets))
