"""A model hub on loopback: it serves files, records each request, and fails on demand."""

from __future__ import annotations

import contextlib
import re
import threading
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.transcription.models.invented import Invented

Behaviour = Callable[["Asked", bytes], None]


class Asked(BaseHTTPRequestHandler):
    """One request."""

    server: HubStandIn
    protocol_version = "HTTP/1.1"

    def handle(self) -> None:
        """Take it well when the other side goes away."""
        with contextlib.suppress(ConnectionError):
            super().handle()

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers.items())))
        content = self.server.files.get(self.path)
        planned = self.server.plans[self.path.rsplit("/", 1)[-1]]
        behave = planned.pop(0) if planned else serve
        if content is None and behave is serve:
            self.give(b"not here", status=404)
        else:
            behave(self, content or b"")

    def give(self, body: bytes, *, status: int = 200, length: int | None = -1, **headers: str) -> None:
        """Answer; `length` is what is announced, None nothing."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        if length is not None:
            self.send_header("Content-Length", str(len(body) if length < 0 else length))
        else:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)
        if length is None or length > len(body):
            self.close_connection = True

    def begins_at(self) -> int:
        found = re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", ""))
        return int(found[1]) if found else 0

    def log_message(self, *_: object) -> None:
        """Say nothing."""


class HubStandIn(ThreadingHTTPServer):
    """`files` by their paths; `plans` by the last part of the path: how the next requests for it are answered."""

    daemon_threads = True

    def __init__(self, files: Mapping[str, bytes]) -> None:
        super().__init__(("127.0.0.1", 0), Asked)
        self.files = dict(files)
        self.plans: defaultdict[str, list[Behaviour]] = defaultdict(list)
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    @property
    def mirror(self) -> str:
        """The address of the models' files."""
        return f"{self.origin}/mirror"

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def ranges(self, name: str) -> list[str | None]:
        return [headers.get("Range") for path, headers in self.requests if path.endswith(f"/{name}")]


def serve(asked: Asked, content: bytes) -> None:
    """As a good server does, from the middle where that is asked for."""
    start = asked.begins_at()
    if not start:
        return asked.give(content)
    return asked.give(content[start:], status=206, Content_Range=f"bytes {start}-{len(content) - 1}/{len(content)}")


def break_off(after: int) -> Behaviour:
    """Announce everything and send a part of it."""

    def behave(asked: Asked, content: bytes) -> None:
        start = asked.begins_at()
        ranged = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if start else {}
        rest = content[start:]
        asked.give(rest[:after], status=206 if start else 200, length=len(rest), **ranged)

    return behave


def end_early(after: int) -> Behaviour:
    """Announce nothing and stop as if that were all."""
    return lambda asked, content: asked.give(content[:after], length=None)


def send(body: bytes, *, status: int = 200, length: int | None = -1, **headers: str) -> Behaviour:
    """Answer so, whatever is asked for."""
    return lambda asked, _: asked.give(body, status=status, length=length, **headers)


def ignore_range(asked: Asked, content: bytes) -> None:
    """Send everything, whatever part is asked for."""
    asked.give(content)


def redirect(location: str, *, status: int = 302) -> Behaviour:
    """Send it elsewhere."""
    return lambda asked, _: asked.give(b"", status=status, Location=location, Set_Cookie="seen=1")


@contextmanager
def serving(made: Invented | None = None) -> Iterator[HubStandIn]:
    """A hub that has the model's files, until the block ends."""
    files = {f"/mirror/{name}": content for name, content in made.contents.items()} if made else {}
    with HubStandIn(files) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()
