"""A: signed events acknowledged per second if each is stored on disk first, and the processor time of one."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import itertools
import json
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path

from benchmarks.load_client import send_all
from benchmarks.measuring import Figures, Found, Goal, compare, cpu_of, folder, in_turn
from benchmarks.servers_under_test import SECRET, TEAM

CONNECTIONS, EVENTS = 64, 4000

A1 = Goal(
    key="A1",
    what="durable acknowledgement of a signed event, 64 connections: requests/s",
    against="bare Bolt that stores nothing",
    least=0.6,
)
A1_CPU = Goal(key="A1", what="the same: processor time of a request", against="bare Bolt", most=1.5)
A2 = Goal(key="A2", what="the same: 99th percentile", against="bare Bolt", most=2)
A3 = Goal(key="A3", what="the same: requests/s", against="bare Bolt with a transaction of aiosqlite", least=2.5)

_numbers = itertools.count(1)


def measure() -> list[Found]:
    """Measure all four goals."""
    with folder() as base, ExitStack() as stack:
        servers = {side: stack.enter_context(server(side, base)) for side in ("ours", "bare", "aiosqlite")}
        for process, port in servers.values():
            burst(process, port, events=500)
        rounds = in_turn({side: lambda at=at: burst(*at) for side, at in servers.items()})  # type: ignore[misc]
    return [
        compare(A1, rounds, ours="ours", theirs="bare", figure="rate", unit="requests/s"),
        compare(A1_CPU, rounds, ours="ours", theirs="bare", figure="cpu", unit="µs"),
        compare(A2, rounds, ours="ours", theirs="bare", figure="p99", unit="ms"),
        compare(A3, rounds, ours="ours", theirs="aiosqlite", figure="rate", unit="requests/s"),
    ]


@contextmanager
def server(side: str, base: Path) -> Iterator[tuple[int, int]]:
    """Start a server in a process; yield its process id and its port."""
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.servers_under_test", side, str(base)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    try:
        yield process.pid, int(process.stdout.readline())
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def burst(pid: int, port: int, *, events: int = EVENTS) -> Figures:
    """Send this many events as fast as they are answered."""
    requests = [signed_event() for _ in range(events)]
    before, began = cpu_of(pid), time.perf_counter()
    took = asyncio.run(send_all(port, requests, connections=CONNECTIONS))
    passed, spent = time.perf_counter() - began, cpu_of(pid) - before
    return {"rate": events / passed, "cpu": spent / events * 1e6, "p99": statistics.quantiles(took, n=100)[98] * 1000}


def signed_event() -> bytes:
    """Return a request in Slack's format, about 2 kB, about a new file."""
    return signed_request(json.dumps(_event(next(_numbers))).encode(), secret=SECRET)


def signed_request(body: bytes, *, secret: str) -> bytes:
    """Return the whole request with this body, as Slack sends and signs it."""
    moment = str(int(time.time()))
    mark = hmac.new(secret.encode(), b"v0:%s:%s" % (moment.encode(), body), hashlib.sha256).hexdigest()
    head = (
        "POST /slack/events HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"X-Slack-Request-Timestamp: {moment}\r\nX-Slack-Signature: v0={mark}\r\n"
        f"User-Agent: Slackbot 1.0 (+https://api.slack.com/robots)\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def _event(number: int) -> Mapping[str, object]:
    file = f"F{number:010}"
    return {
        "token": "verification",
        "team_id": TEAM,
        "api_app_id": "A1",
        "type": "event_callback",
        "event": {
            "type": "file_shared",
            "file_id": file,
            "user_id": "U1",
            "channel_id": f"C{number % 50}",
            "file": {"id": file},
            "event_ts": f"{1_795_000_000 + number}.000100",
        },
        "event_id": f"Ev{number:010}",
        "event_time": 1_795_000_000 + number,
        "authorizations": [
            {"enterprise_id": None, "team_id": TEAM, "user_id": "UBOT", "is_bot": True, "is_enterprise_install": False}
        ],
        "is_ext_shared_channel": False,
        "event_context": "4-" + "eyJldCI6ImZpbGVfc2hhcmVkIiwidGlkIjoiVDEifQ" * 34,
    }
