"""Hypothesis strategies for fuzzing: odd text and values, and documented bodies with changes.

All tests of this folder check one property of code that parses external input: it returns a value or raises a declared
error. They generate new cases in every run; a failure prints how to reproduce it.
"""

from __future__ import annotations

import asyncio
import copy
import json
import re
import threading
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, Final, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

T = TypeVar("T")
Json = Any
"""Whatever JSON can say; only the tests of this folder are free to."""

Path = tuple[str | int, ...]

SLOW: Final = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)


def tries(count: int) -> settings:
    """So many cases; on failure with a blob by which the case can be had again."""
    return settings(max_examples=count, deadline=None, print_blob=True, suppress_health_check=SLOW)


# --- text and values ------------------------------------------------------------------------------------------------

_PIECES = (
    "",
    " ",
    "\x00",
    "\ud800",
    "\udfff",
    "\ud83d\ude00",
    "\u202e",
    "\u2066",
    "\ufeff",
    "\u200b",
    "\x1b[31m",
    "\r\n",
    "<!channel>",
    "<@U1>",
    "<https://evil.example|x>",
    "&lt;!here&gt;",
    "*b* _i_ ~s~ `c`",
    ":smile:",
    "@here",
    "..",
    "a/../b",
    "C:\\x",
    "NUL",
    "%s%n",
    "{0}",
    "'; DROP TABLE jobs; --",
    "-->",
    "x" * 3_000,
    "👩🏽\u200d🚀🇿🇦",
    "ก" * 400,
    "e\u0301" * 200,
    "&<>" * 200,
    "one two three. ",
    "א",
    "１２",
    "1e999",
    "NaN",
    "40.4 seconds",
    "-5",
    "\t",
    "/",
)

TEXT: Final = st.lists(st.one_of(st.sampled_from(_PIECES), st.text(max_size=20)), max_size=4).map("".join)
"""Anything a string of Python's can hold, halves of characters too."""

_NUMBERS = (
    0,
    -1,
    1,
    2**31,
    2**53 + 1,
    2**63,
    2**64,
    -(2**63),
    10**30,
    10**400,
    10**4_299,
    0.5,
    -0.0,
    5e-324,
    1e308,
    1e16,
)
_NO_NUMBERS = (float("nan"), float("inf"), float("-inf"))
_DEEP = "\x01deep"

VALUES: Final = st.one_of(
    st.none(),
    st.booleans(),
    st.sampled_from(_NUMBERS),
    st.sampled_from(_NO_NUMBERS),
    st.integers(),
    st.floats(),
    TEXT,
    st.sampled_from(([], {}, [[]], [None], {"": None}, {"id": []}, ["x"] * 50, _DEEP)),
)
"""Whatever may stand where something else is documented."""


# --- bodies ---------------------------------------------------------------------------------------------------------


def _places(value: Json, path: Path = ()) -> Iterator[Path]:
    yield path
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, member in inside:
        yield from _places(member, (*path, key))


def _changed(value: Json, path: Path, change: Callable[[Any, str | int], None]) -> Json:
    whole = copy.deepcopy(value)
    around = whole
    for key in path[:-1]:
        around = around[key]
    change(around, path[-1])
    return whole


def _put(new: Json) -> Callable[[Any, str | int], None]:
    def change(around: Any, key: str | int) -> None:
        around[key] = new

    return change


def _drop(around: Any, key: str | int) -> None:
    del around[key]


def _rename(around: Any, key: str | int) -> None:
    around[str(key).upper() if isinstance(around, dict) else key] = around.pop(key)


@st.composite
def changed(draw: st.DrawFn, sample: Json, *, most: int = 3) -> Json:
    """`sample` with up to `most` of its parts replaced, left out, renamed, repeated or wrapped; the same sometimes."""
    for _ in range(draw(st.sampled_from((0, 1, 1, 1, 2, most)))):
        paths = [path for path in _places(sample) if path]
        if not paths:
            break
        path = draw(st.sampled_from(paths))
        match draw(st.sampled_from(("put", "put", "put", "drop", "rename", "wrap"))):
            case "put":
                sample = _changed(sample, path, _put(draw(VALUES)))
            case "drop":
                sample = _changed(sample, path, _drop)
            case "rename" if isinstance(path[-1], str):
                sample = _changed(sample, path, _rename)
            case _:
                sample = _changed(sample, path, lambda around, key: _put([around[key]] * 2)(around, key))
    return sample


def written(value: Json) -> str:
    """JSON as careless senders write it: NaN, halves of characters, numbers of thousands of digits, deep nests."""
    return json.dumps(value).replace(json.dumps(_DEEP), "[" * 3_000 + "]" * 3_000)


@st.composite
def bodies(draw: st.DrawFn, sample: bytes) -> bytes:
    """A documented body in which something is not as documented: a value, the JSON, or the bytes."""
    body = written(draw(changed(json.loads(sample)))).encode()
    damage = draw(st.one_of(st.none(), st.none(), st.sampled_from(DAMAGES)))
    return damage(draw, body) if damage else body


def _cut(draw: st.DrawFn, body: bytes) -> bytes:
    return body[: draw(st.integers(0, len(body)))]


def _flip(draw: st.DrawFn, body: bytes) -> bytes:
    at = draw(st.integers(0, max(len(body) - 1, 0)))
    return body[:at] + draw(st.binary(min_size=1, max_size=3)) + body[at + 1 :]


def _repeat_keys(draw: st.DrawFn, body: bytes) -> bytes:
    """Say every key of the outermost object once more before, with another value."""
    keys = re.findall(rb'"\w+"(?=:)', body)
    again = b",".join(key + b":" + written(draw(VALUES)).encode() for key in keys[:10])
    return b"{" + again + b"," + body[1:] if keys and body[:1] == b"{" else body


def _mark(_: st.DrawFn, body: bytes) -> bytes:
    return b"\xef\xbb\xbf" + body


def _widen(_: st.DrawFn, body: bytes) -> bytes:
    return body.decode().encode("utf-16")


def _say_twice(_: st.DrawFn, body: bytes) -> bytes:
    return body + body


def _replace(draw: st.DrawFn, _: bytes) -> bytes:
    return draw(st.binary(max_size=200))


DAMAGES = (_cut, _flip, _repeat_keys, _mark, _widen, _say_twice, _replace)


# --- servers beside the cases ---------------------------------------------------------------------------------------


class Beside:
    """An event loop in a thread of its own, so that cases drawn one after another talk to one running server."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        """Run it there and wait for what comes of it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def close(self) -> None:
        """Stop the loop."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(60)
        self._loop.close()
