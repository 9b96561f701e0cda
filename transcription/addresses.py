"""Check the upload address that a provider returns: https to a public host, never an address in our own network. Pure.

The provider chooses the storage address itself. A compromised or malicious provider could name an internal machine that
only this bot can reach, and the recording, or bytes that the provider chooses around it, would be sent there (SSRF).

Names are not resolved: the host that a name leads to must still present a TLS certificate for that name, which no
internal machine has. The address is parsed by the same library that sends the request, and it must be spelled exactly
as that library spells it: a presigned address is valid only byte for byte, and two parsers could see two different
hosts.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

_ODD = re.compile(r"[\x00-\x20\x7f\\#]")
"""Characters that URL parsers drop or interpret differently. Includes `#`: a fragment is never sent."""

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*([a-z0-9-]{1,63})", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
"""A last label like this makes the host a disguised IP address: 127.1 and 0x7f.1 both mean 127.0.0.1."""

_PORTS = 2**16

_OWN = ("localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
"""Domain endings that have a meaning only inside a private network."""


def may_receive(address: str, *, provider: str) -> bool:
    """Return whether a recording may be sent to `address`, which the provider at the base URL `provider` returned.

    If the provider itself is in a private network (by its settings), its storage may be there too. A stand-in on this
    machine may also use http. Link-local addresses (169.254.0.0/16, fe80::/10), where cloud machines serve their
    metadata, are never allowed.
    """
    if _ODD.search(address):
        return False
    try:
        place, home = httpx.URL(address), httpx.URL(provider)
    except (httpx.InvalidURL, ValueError):  # httpx raises ValueError for lone surrogates
        return False
    if str(place) != address:
        return False
    host, own = _host_of(place), _host_of(home)
    if place.userinfo or not 0 < (443 if place.port is None else place.port) < _PORTS:
        return False
    if place.scheme == "https":
        return _is_public(host) or (_is_near(host) and not _is_public(own))
    return place.scheme == home.scheme == "http" and _is_this_machine(host)


def _host_of(url: httpx.URL) -> str:
    return url.raw_host.decode("ascii").lower().removesuffix(".")


def _is_name(host: str) -> bool:
    found = _NAME.fullmatch(host)
    return found is not None and not _NUMBER.fullmatch(found[1])


def _is_public(host: str) -> bool:
    own = any(host == ending or host.endswith("." + ending) for ending in _OWN)
    return _is_name(host) and "." in host and not own


def _is_near(host: str) -> bool:
    """Return whether the host can be in a private network.

    That is a name, or an IP address that is not link-local, multicast or unspecified.
    """
    number = _number(host)
    if number is None:
        return _is_name(host)
    return not (number.is_link_local or number.is_multicast or number.is_unspecified)


def _is_this_machine(host: str) -> bool:
    number = _number(host)
    return host == "localhost" if number is None else number.is_loopback


def _number(host: str) -> IPv4Address | IPv6Address | None:
    try:
        number = ip_address(host)
    except ValueError:
        return None
    return getattr(number, "ipv4_mapped", None) or number
