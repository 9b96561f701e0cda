"""Where a provider's answer may send a recording: to a host on the internet by https, never into our own network.

A provider names the storage itself. One that is broken into, or not what it seems, could name a machine that only we
can reach, and the recording, or the provider's own bytes around it, would go there.

A name is not looked up: what it leads to must still show a certificate for it, which no machine of ours has.
An address is read by the library that sends, and must be written as that library writes it: a presigned address holds
only byte for byte, and two readers of one address could see two hosts. Pure.
"""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

import httpx

_ODD = re.compile(r"[\x00-\x20\x7f\\#]")
"""What readers of addresses drop, or take for something else; a fragment is never sent."""

_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*([a-z0-9-]{1,63})", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
"""A last part like this makes an address in disguise: 127.1 and 0x7f.1 lead where 127.0.0.1 does."""

_PORTS = 2**16

_OWN = ("localhost", "local", "localdomain", "internal", "intranet", "private", "corp", "home", "lan", "home.arpa")
"""Endings that only mean something in a network of one's own."""


def may_receive(address: str, *, provider: str) -> bool:
    """Whether a recording may go to `address` because the provider at the base address `provider` says so.

    A provider in our own network (the settings say so) may have its storage there, and a stand-in on this machine
    without encryption; the addresses by which machines configure themselves (169.254.0.0/16, fe80::/10) never.
    """
    if _ODD.search(address):
        return False
    try:
        place, home = httpx.URL(address), httpx.URL(provider)
    except (httpx.InvalidURL, ValueError):  # the second for halves of surrogate pairs
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
    """A host of a network of one's own: by name, or by an address that is nobody's special one."""
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
