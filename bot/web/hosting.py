"""Hosts recordings at our public address, for a provider that downloads what is too large for a request.

The address holds a signature of the job's id, so it is the same after a restart and nobody can guess it. It works as
long as the job's folder holds the recording.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from pathlib import Path

from bot.worker.spool import room_of
from transcription.transcriber import Audio

_KEY = re.compile(r"[a-z0-9]{6,32}")


class Hosting:
    """`public_url` is our public address, `secret` signs job ids, `folder` is the spool."""

    def __init__(self, *, public_url: str, secret: str, folder: Path) -> None:
        self._public_url = public_url
        self._secret = secret.encode()
        self._folder = folder

    def address(self, audio: Audio) -> str:
        """Return the address where the provider can download the recording. It must be kept secret."""
        return f"{self._public_url}/recordings/{audio.key}/{self._sign(audio.key)}/{audio.path.name}"

    def find(self, *, key: str, signature: str, name: str) -> Path | None:
        """Return the file of an address; None if the signature is wrong or the file is gone."""
        if not _KEY.fullmatch(key) or not hmac.compare_digest(signature.encode(), self._sign(key).encode()):
            return None
        path = room_of(self._folder, key) / Path(name).name
        return path if path.suffix == ".wav" and path.is_file() else None

    def _sign(self, key: str) -> str:
        return hmac.new(self._secret, b"recording " + key.encode(), hashlib.sha256).hexdigest()
