"""Build Gowajee's answers about a job, for the status call and the webhook.

Source: the samples on Gowajee's pages: asynchronous, checking job status, diarization, multichannel. Times are seconds
as floats, speakers `SPEAKER_00` or `unknown`, channels one after the other.
"""

from __future__ import annotations

from collections.abc import Sequence

from sandbox.gowajee.jobs import Job
from sandbox.script import Segment

VERSION = "2.2.0"


def immediate(job: Job, webhook_id: str) -> dict[str, object]:
    """Return the answer to a submission."""
    return {"status": "IN_QUEUE", "jobId": job.job_id, "webhookId": webhook_id}


def status(job: Job, webhook_id: str, segments: Sequence[Segment]) -> dict[str, object]:
    """Return the answer of the status call. A failed job gives no reason."""
    if job.state == "COMPLETED":
        return {"status": "COMPLETED", "jobId": job.job_id, "output": _output(job, segments)}
    return {"status": job.state, "jobId": job.job_id, "webhookId": webhook_id}


def unknown(job_id: str) -> dict[str, object]:
    """Return the answer of the status call for an unknown job."""
    return {"status": "UNKNOWN", "jobId": job_id}


def notice(job: Job, webhook_id: str, segments: Sequence[Segment]) -> dict[str, object]:
    """Return the body of the webhook. A success has no status; a failure states the reason."""
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
        # The documented samples begin with the integer 0.
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
