"""What `doctor` says of a server that cannot be reached, and what to do about it."""

from __future__ import annotations

from bot.cli.findings import Finding
from transcription.connection_faults import ConnectionFault

_SAID: dict[ConnectionFault, tuple[str, str]] = {
    ConnectionFault.NAME_NOT_FOUND: (
        "its name is not found",
        "check {setting}, and whether this machine can look names up (DNS)",
    ),
    ConnectionFault.CONNECTION_REFUSED: (
        "nothing answers at its address",
        "check {setting}, and whether a firewall lets this machine out",
    ),
    ConnectionFault.CERTIFICATE_EXPIRED: (
        "its certificate is out of date, or this machine's clock is wrong",
        "compare the output of `date` with a clock; if it is right, the certificate has to be renewed over there",
    ),
    ConnectionFault.CERTIFICATE_UNTRUSTED: (
        "its certificate is signed by nobody whom this machine trusts",
        (
            "check {setting}; if a proxy of your own inspects traffic, name its certificate in SSL_CERT_FILE, "
            "else install the system's certificates (ca-certificates)"
        ),
    ),
    ConnectionFault.CERTIFICATE_OF_ANOTHER_HOST: (
        "its certificate is for another name",
        "check {setting}; if it is right, something else answers in its place",
    ),
    ConnectionFault.CERTIFICATE_INVALID: ("its certificate is not accepted", "check {setting}, and any proxy between"),
    ConnectionFault.TLS_FAILED: (
        "the secure connection is cut off before it stands",
        "check {setting}, and any firewall or proxy between; the other side must speak TLS 1.2 or later",
    ),
}


def unreachable(who: str, error: Exception, *, fault: ConnectionFault | None, setting: str) -> Finding:
    """Return the finding that `who` cannot be reached at the address in `setting`."""
    if fault is None:
        return Finding(verdict="bad", what=f"{who} cannot be reached ({error})", fix=f"check the network and {setting}")
    what, fix = _SAID[fault]
    return Finding(verdict="bad", what=f"{who} cannot be reached: {what} ({error})", fix=fix.format(setting=setting))
