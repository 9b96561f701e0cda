"""The Prometheus metrics: one object per process, passed to everything that reports something.

Labels never hold ids, channels, workspaces, titles or texts: only states, providers, calls, reasons and kinds of
errors, all of which are known in advance.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from datetime import timedelta
from importlib.metadata import PackageNotFoundError, version
from platform import python_version

from prometheus_client import CollectorRegistry, Counter, GCCollector, Histogram, Info, ProcessCollector

from storage.job import Job, JobState, Reason

UNCHOSEN = "none"
"""The provider label of a job that has none yet."""

ACKNOWLEDGED_WITHIN = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 3, 5, 10)
"""Buckets in seconds; Slack waits three."""

CALLED_WITHIN = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 20, 60, 300)
"""Buckets in seconds; one request has 20, and an upload more."""

ANSWERED_WITHIN = (2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 4 * 3600, 24 * 3600)
"""Buckets in seconds; a recording may be hours long, and one step is retried for a day."""


class Metrics:
    """`providers`: the names of those that jobs may have; their counters start at zero instead of missing.

    `expected`: errors that are labelled by their class; every other one is labelled as a bug.
    """

    def __init__(self, *, providers: Collection[str] = (), expected: tuple[type[Exception], ...] = ()) -> None:
        self._expected = expected
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)
        build = Info("threadscribe_build", "The program.", registry=self.registry)
        build.info({"version": _version(), "python": python_version()})
        self._acknowledgements = self._times(
            "threadscribe_acknowledgement_seconds",
            "From a request to its answer, when it is stored.",
            "kind",
            "outcome",
            within=ACKNOWLEDGED_WITHIN,
        )
        self._provider_calls = self._times(
            "threadscribe_provider_call_seconds", "One call to a provider.", "provider", "call", within=CALLED_WITHIN
        )
        self._provider_errors = self._counter(
            "threadscribe_provider_call_errors", "Calls to a provider that failed.", "provider", "call", "error"
        )
        self._slack_calls = self._times(
            "threadscribe_slack_call_seconds", "One call to Slack.", "method", within=CALLED_WITHIN
        )
        self._slack_errors = self._counter(
            "threadscribe_slack_call_errors", "Calls to Slack that failed.", "method", "error"
        )
        self._replies = self._counter("threadscribe_replies", "Answers in threads.", "provider", "outcome")
        self._answers = self._times(
            "threadscribe_share_to_reply_seconds",
            "From the event about a recording to its answer.",
            "provider",
            within=ANSWERED_WITHIN,
        )
        self._sent = self._counter("threadscribe_sent_audio_seconds", "Length of what providers took.", "provider")
        self._failed_steps = self._counter(
            "threadscribe_steps_failed",
            "Steps of jobs that failed, to be tried again or given up.",
            "state",
            "error",
            "decision",
        )
        self._given_up = self._counter(
            "threadscribe_jobs_given_up", "Jobs that came to an end without a transcript.", "reason"
        )
        self._sockets = self._counter("threadscribe_socket_connections", "Connections to Slack that stood.")
        self._rate_limited = self._counter(
            "threadscribe_events_rate_limited", "Times that Slack has said that it drops events."
        )
        self._no_database = self._counter(
            "threadscribe_database_unavailable", "Times that the worker or a scrape could not use the database."
        )
        self._begin(providers)

    def _counter(self, name: str, told: str, *labels: str) -> Counter:
        return Counter(name, told, labels, registry=self.registry)

    def _times(self, name: str, told: str, *labels: str, within: tuple[float, ...]) -> Histogram:
        return Histogram(name, told, labels, buckets=within, registry=self.registry)

    def _begin(self, providers: Collection[str]) -> None:
        # Prometheus sees no increase of a counter that appears with its first count.
        for reason in Reason:
            self._given_up.labels(reason)
        for provider in (UNCHOSEN, *providers):
            for outcome in ("transcript", "failure"):
                self._replies.labels(provider, outcome)

    def acknowledged(self, kind: str, *, status: int, after: float) -> None:
        """Count and time an answer to a request: its HTTP status, and the seconds that it took."""
        outcome = "kept" if status < 400 else "refused" if status < 500 else "failed"  # noqa: PLR2004 - HTTP's classes
        self._acknowledgements.labels(kind, outcome).observe(after)

    @contextmanager
    def provider_call(self, provider: str, call: str) -> Iterator[None]:
        """Time a call to a provider; count its error, if it fails."""
        with self._provider_calls.labels(provider, call).time():
            try:
                yield
            except Exception as error:
                self._provider_errors.labels(provider, call, self._kind_of(error)).inc()
                raise

    @contextmanager
    def slack_call(self, method: str) -> Iterator[None]:
        """Time a call to Slack; count its error, if it fails."""
        with self._slack_calls.labels(method).time():
            try:
                yield
            except Exception as error:
                self._slack_errors.labels(method, self._kind_of(error)).inc()
                raise

    def moved(self, before: Job, after: Job, *, age: timedelta) -> None:
        """Count what has changed when a worker saved `after` over `before`; `age` is the job's."""
        provider = after.provider or UNCHOSEN
        if after.failure is not None and before.failure is None:
            self._given_up.labels(after.failure.reason).inc()
        if after.state is before.state:
            return
        if after.state is JobState.SUBMITTED and after.duration is not None:
            self._sent.labels(provider).inc(after.duration.total_seconds())
        if after.state is JobState.REPLIED:
            self._replies.labels(provider, "failure" if after.failure else "transcript").inc()
            if not after.retried:  # it may have been shared a month ago
                self._answers.labels(provider).observe(max(age.total_seconds(), 0))

    def step_failed(self, state: JobState, error: Exception, *, given_up: bool) -> None:
        """Count a failed step of a job in this state."""
        self._failed_steps.labels(state, self._kind_of(error), "given up" if given_up else "again").inc()

    def socket_connected(self) -> None:
        """Count a new connection to Slack."""
        self._sockets.inc()

    def events_rate_limited(self) -> None:
        """Count that Slack has dropped events."""
        self._rate_limited.inc()

    def database_unavailable(self) -> None:
        """Count that the database could not be used."""
        self._no_database.inc()

    def _kind_of(self, error: Exception) -> str:
        """Return the label of an error: its class if it is expected, "OSError" for those, "bug" for the rest."""
        if isinstance(error, OSError):
            return "OSError"
        return type(error).__name__ if isinstance(error, self._expected) else "bug"


def _version() -> str:
    try:
        return version("threadscribe")
    except PackageNotFoundError:
        return "unknown"  # run from a checkout that was never installed
