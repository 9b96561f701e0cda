"""The model hub, or a mirror of it, as a source of models. Used only by `threadscribe models fetch`.

Every address contains a pinned revision, and a file is used only after its hash was checked. In addition, access is
restricted: https with verified certificates, at most five redirects, no password, no cookies, nothing from the
environment. A proxy is used only if the operator names one.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http import HTTPStatus
from http.cookiejar import CookieJar, DefaultCookiePolicy
from ipaddress import ip_address
from typing import Final

import httpx

from transcription.models.catalog import Model, ModelFile
from transcription.models.errors import Interrupted, NotOffered, Unreachable, WrongContent
from transcription.models.sources import Stream

HUB: Final = "https://huggingface.co"

REDIRECTS: Final = 5
"""Maximum number of redirects per file. The hub uses one or two."""

PATIENCE: Final = timedelta(seconds=30)
"""Time-out for a connection, and for each block of a file."""

_REDIRECTED: Final = frozenset({301, 302, 303, 307, 308})
_RETRY_LATER: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18}|\*)")


class Hub:
    """The hub, or with `mirror` an address below which a model's files are found under their own names.

    With `plain_loopback`, http is allowed to this machine only. Raises `NotOffered` for a forbidden address.
    """

    def __init__(self, client: httpx.Client, *, mirror: str | None = None, plain_loopback: bool = False) -> None:
        self._client = client
        self._mirror = mirror
        self._plain_loopback = plain_loopback
        if mirror is not None:
            self._checked(mirror)

    @contextmanager
    def read(self, model: Model, file: ModelFile, *, start: int) -> Iterator[Stream]:
        """Yield a file's bytes from `start`, or from 0 if the server does not resume.

        Raises `Unreachable`, `Interrupted`, `NotOffered`, and `WrongContent` if the answer cannot be the file.
        """
        try:
            with self._answer(self._address(model, file), file, start=start) as answer:
                yield Stream(_first_offset(answer, file, start=start), _blocks(answer, file))
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.ProxyError, httpx.PoolTimeout) as error:
            raise Unreachable(f"the server cannot be reached ({type(error).__name__}: {error})") from error
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise Interrupted(f"{file.name}: the connection broke ({type(error).__name__})") from error

    def _address(self, model: Model, file: ModelFile) -> httpx.URL:
        if self._mirror is None:
            return self._checked(f"{HUB}/{model.repository}/resolve/{model.revision}/{file.name}")
        return self._checked(f"{self._mirror.rstrip('/')}/{file.name}")

    @contextmanager
    def _answer(self, address: httpx.URL, file: ModelFile, *, start: int) -> Iterator[httpx.Response]:
        headers = {"Accept-Encoding": "identity"} | ({"Range": f"bytes={start}-"} if start else {})
        for _ in range(REDIRECTS + 1):
            with self._client.stream("GET", address, headers=headers, auth=None, follow_redirects=False) as answer:
                if answer.status_code not in _REDIRECTED:
                    yield answer
                    return
                address = self._checked(answer.headers.get("Location", ""), base=address)
        raise NotOffered(f"{file.name}: the server sends it from place to place (more than {REDIRECTS} times)")

    def _checked(self, address: str, *, base: httpx.URL | None = None) -> httpx.URL:
        """Return the parsed address if it may be used. Raises `NotOffered`."""
        try:
            place = base.join(address) if base is not None else httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            raise NotOffered("the server sends it to something that is no address") from None
        if place.userinfo:
            raise NotOffered(f"{place.host}: an address with a user or password in it is not used")
        secure = place.scheme == "https" and place.host
        if not secure and not (self._plain_loopback and place.scheme == "http" and is_loopback(place.host)):
            raise NotOffered(f"{place.scheme or 'no'}://{place.host}: only https is used")
        return place


@contextmanager
def open_hub(*, mirror: str | None = None, proxy: str | None = None) -> Iterator[Hub]:
    """Yield the hub, or the mirror at an address, and close its connections at the end.

    Http is allowed only to a mirror on this machine; everything else needs https. Raises `NotOffered` for an address or
    a proxy that cannot be used.
    """
    with new_client(proxy=proxy) as client:
        yield Hub(client, mirror=mirror, plain_loopback=mirror is not None and _is_plain_loopback(mirror))


def new_client(*, proxy: str | None = None) -> httpx.Client:
    """Return a client that keeps no cookies and reads nothing from the environment. Raises `NotOffered`."""
    try:
        return httpx.Client(
            timeout=PATIENCE.total_seconds(),
            trust_env=False,
            cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=())),
            verify=ssl.create_default_context(),
            proxy=proxy,
        )
    except (httpx.InvalidURL, ValueError, ImportError) as error:
        raise NotOffered(f"the proxy cannot be used: {error}") from None


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _is_plain_loopback(address: str) -> bool:
    try:
        place = httpx.URL(address)
    except httpx.InvalidURL:
        return False
    return place.scheme == "http" and is_loopback(place.host)


def _first_offset(answer: httpx.Response, file: ModelFile, *, start: int) -> int:
    """Return the offset of the first received byte. Raises `NotOffered`, `Unreachable`, `WrongContent`."""
    code = answer.status_code
    if code in _RETRY_LATER:
        raise Unreachable(f"{file.name}: the server has no time ({code}); try again later")
    if code not in {HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT}:
        raise NotOffered(f"{file.name}: the server does not give it ({code})")
    if answer.headers.get("Content-Encoding", "identity") != "identity":
        raise WrongContent(f"{file.name}: the server packs it, which was not asked for")
    if answer.headers.get("Content-Type", "").partition(";")[0].strip().casefold() == "text/html":
        raise WrongContent(f"{file.name}: a web page came in its place; is there a proxy that wants a login?")
    begins = 0
    if code == HTTPStatus.PARTIAL_CONTENT:
        told = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        if not told or int(told[1]) != start or told[3] not in {"*", str(file.size)}:
            raise WrongContent(f"{file.name}: the server goes on at another place than it was asked for")
        begins = start
    announced = answer.headers.get("Content-Length", "")
    if re.fullmatch("[0-9]{1,18}", announced) and begins + int(announced) > file.size:
        raise WrongContent(f"{file.name}: the server has {begins + int(announced):,} bytes instead of {file.size:,}")
    return begins


def _blocks(answer: httpx.Response, file: ModelFile) -> Iterator[bytes]:
    try:
        yield from answer.iter_raw()  # unbuffered: buffered bytes would be lost when the connection breaks
    except httpx.HTTPError as error:
        raise Interrupted(f"{file.name}: the connection broke ({type(error).__name__})") from error
