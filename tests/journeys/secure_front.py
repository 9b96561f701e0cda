"""TLS in front of a server of the sandbox: a certificate that is right or wrong, or a handshake that is cut off."""

from __future__ import annotations

import asyncio
import ssl
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from sandbox.ports import free_port

Shows = Literal["right", "expired", "signed by itself", "for another name", "cut off"]

DAY = timedelta(days=1)


class Authority:
    """Signs certificates for `localhost`; `path` is the file of its own, for SSL_CERT_FILE."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Invented authority")
        own = _certificate(self._name, self._key, issuer=self._name, by=self._key, is_authority=True)
        self.path = folder / "authority.pem"
        self.path.write_bytes(own.public_bytes(serialization.Encoding.PEM))

    def context(self, shows: Shows) -> ssl.SSLContext:
        """A server's context with such a certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        host = "elsewhere.example" if shows == "for another name" else "localhost"
        issuer, by = (_name(host), key) if shows == "signed by itself" else (self._name, self._key)
        made = _certificate(_name(host), key, issuer=issuer, by=by, host=host, is_expired=shows == "expired")
        path = self._folder / f"{host} {shows}.pem"
        pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
        private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
        path.write_bytes(private + made.public_bytes(pem))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    key: ec.EllipticCurvePrivateKey,
    *,
    issuer: x509.Name,
    by: ec.EllipticCurvePrivateKey,
    host: str | None = None,
    is_authority: bool = False,
    is_expired: bool = False,
) -> x509.Certificate:
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 30 * DAY)
        .not_valid_after(now - DAY if is_expired else now + 30 * DAY)
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
    if host is not None:
        made = made.add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
    return made.sign(by, hashes.SHA256())


class SecureFront:
    """Listens with TLS on a port of its own and passes everything on to `origin`; what it shows can be changed."""

    def __init__(self, origin: str, authority: Authority) -> None:
        there = urlsplit(origin)
        self._there = there.hostname, there.port
        self._authority = authority
        self._server: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.port = free_port()
        self.tried = 0
        """How many connections were cut off."""

    @property
    def origin(self) -> str:
        return f"https://localhost:{self.port}"

    async def show(self, shows: Shows) -> None:
        """Listen (again), with this certificate; connections that stand are ended."""
        await self.close()
        begin = self._cut if shows == "cut off" else self._begin
        context = None if shows == "cut off" else self._authority.context(shows)
        self._server = await asyncio.start_server(begin, "127.0.0.1", self.port, ssl=context)

    async def close(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
        for task in list(self._connections):
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _cut(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.tried += 1
        await reader.read(1)  # in the middle of what the client begins with
        writer.transport.abort()

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._pass_on(reader, writer))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._there)
        try:
            await asyncio.gather(_pour(reader, far_writer), _pour(far_reader, writer))
        finally:
            writer.transport.abort()
            far_writer.close()


async def _pour(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError, ssl.SSLError):
        while chunk := await source.read(65_536):
            target.write(chunk)
            await target.drain()
    target.close()
