"""Why no connection came about: DNS, TLS and certificates, as words that logs, `doctor` and people are told by."""

from __future__ import annotations

import enum
import socket
import ssl
from collections.abc import Iterator


class ConnectionFault(enum.StrEnum):
    """What is wrong between us and a server; the value is what the log says."""

    NAME_NOT_FOUND = "name_not_found"
    CONNECTION_REFUSED = "connection_refused"
    CERTIFICATE_EXPIRED = "certificate_expired"
    CERTIFICATE_UNTRUSTED = "certificate_untrusted"
    """Nobody whom this machine trusts has signed it; often it is a proxy's, or signed by itself."""
    CERTIFICATE_OF_ANOTHER_HOST = "certificate_of_another_host"
    CERTIFICATE_INVALID = "certificate_invalid"
    TLS_FAILED = "tls_failed"
    """The connection was cut off during the handshake, or the other side speaks no TLS that we do."""

    @property
    def is_about_trust(self) -> bool:
        """Whether the other side may be somebody else: waiting seldom helps, somebody has to mend it."""
        return self.name.startswith("CERTIFICATE")


_CERTIFICATES = {
    9: ConnectionFault.CERTIFICATE_EXPIRED,  # not valid yet: as with an expired one, a clock may be wrong
    10: ConnectionFault.CERTIFICATE_EXPIRED,
    18: ConnectionFault.CERTIFICATE_UNTRUSTED,
    19: ConnectionFault.CERTIFICATE_UNTRUSTED,
    20: ConnectionFault.CERTIFICATE_UNTRUSTED,
    21: ConnectionFault.CERTIFICATE_UNTRUSTED,
    62: ConnectionFault.CERTIFICATE_OF_ANOTHER_HOST,
    64: ConnectionFault.CERTIFICATE_OF_ANOTHER_HOST,
}
"""By OpenSSL's number: https://docs.openssl.org/master/man3/X509_STORE_CTX_get_error/."""

_CUT_OFF = frozenset({"ConnectionResetError", "ConnectionAbortedError", "EndOfStream", "BrokenResourceError"})
"""Errors of asyncio and anyio, by which a connection ends before it stands."""


def connection_fault(error: BaseException) -> ConnectionFault | None:
    """Return why connecting failed, of an error that says no more than that it did; None if it is something else."""
    causes = list(_causes(error))
    for cause in causes:
        match cause:
            case ssl.SSLCertVerificationError(verify_code=code):
                return _CERTIFICATES.get(code, ConnectionFault.CERTIFICATE_INVALID)
            case socket.gaierror():
                return ConnectionFault.NAME_NOT_FOUND
            case ConnectionRefusedError():
                return ConnectionFault.CONNECTION_REFUSED
    if any(isinstance(cause, ssl.SSLError) or type(cause).__name__ in _CUT_OFF for cause in causes):
        return ConnectionFault.TLS_FAILED
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
