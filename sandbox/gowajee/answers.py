"""What Gowajee answers about a job, by status call and by webhook.

Source: the samples on Gowajee's pages: asynchronous, checking job status, diarization, multichannel. Seconds as
floats, `SPEAKER_00` or `unknown`, channels one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.gowajee.jobs import Job
from sandbox.script import Segment

VERSION = "2.2.0"


def immediate(job: Job, webhook_id: str) -> dict[str, object]:
    """Answer the submission."""
    return {"status": "IN_QUEUE", "jobId": job.job_id, "webhookId": webhook_id}


def status(job: Job, webhook_id: str, segments: Sequence[Segment]) -> dict[str, object]:
    """Answer the status call; a failed job does not say why."""
    if job.state == "COMPLETED":
        return {"status": "COMPLETED", "jobId": job.job_id, "output": _output(job, segments)}
    return {"status": job.state, "jobId": job.job_id, "webhookId": webhook_id}


def unknown(job_id: str) -> dict[str, object]:
    """Answer the status call for a job that is not there, or no longer."""
    return {"status": "UNKNOWN", "jobId": job_id}


def notice(job: Job, webhook_id: str, segments: Sequence[Segment]) -> dict[str, object]:
    """Give the body of the webhook: a success carries no status, a failure says why."""
    ids: dict[str, object] = {"webhookId": webhook_id, "jobId": job.job_id}
    if job.state == "FAILED":
        return {"status": "FAILED", **ids, "message": job.message}
    speakers = "_WITH_DIARIZE" if job.order.diarization else ""
    return {
        "type": f"ASR_{job.model.upper()}{speakers}",
        "amount": job.seconds,
        "output": _output(job, segments),
        **ids,
    }


def _output(job: Job, segments: Sequence[Segment]) -> dict[str, object]:
    channels = range(job.channels) if job.order.multichannels else [None]
    results = [
        _result(job, segment, channel=channel)
        for channel in channels
        for segment in segments
        if channel is None or (segment.speaker or 0) % job.channels == channel
    ]
    return {"results": results, "duration": job.seconds, "version": VERSION}


def _result(job: Job, segment: Segment, *, channel: int | None) -> dict[str, object]:
    result: dict[str, object] = {
        "transcript": segment.text,
        # The published samples begin with the integer 0.
        "startTime": round(segment.start, 3) or 0,
        "endTime": round(segment.end, 3),
    }
    if job.order.diarization:
        result["speaker"] = _label(segment.speaker, job.voices)
    if channel is not None:
        result["channel"] = channel
    return result


def _label(speaker: int | None, voices: tuple[str, ...]) -> str:
    if speaker is None or (voices and speaker >= len(voices)):
        return "unknown"
    return voices[speaker] if voices else f"SPEAKER_{speaker:02}"
