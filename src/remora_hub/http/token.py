"""The token that a client of the listener must show: a file only the hub's user can read, made when it is missing."""

from __future__ import annotations

import contextlib
import hmac
import os
import secrets
import stat
from pathlib import Path

from remora_hub.http import TOKEN_FILE
from remora_hub.logs import get_logger

_TOKEN_BYTES = 32
_MOST_BYTES = 256

log = get_logger(__name__)


class Token:
    """``<state directory>/http.token``, mode 0600. Delete the file for another token: the next request makes it."""

    def __init__(self, state_dir: Path) -> None:
        self.path = state_dir / TOKEN_FILE

    def ensure(self) -> str:
        """The token; made if there is none, or one that others could have read or written. Raises OSError."""
        token = self._read()
        return token or self._make()

    def matches(self, shown: str) -> bool:
        """Whether somebody shows the token; nobody does while it cannot be read."""
        try:
            token = self.ensure()
        except OSError as error:
            log.warning("http.token_unavailable", path=str(self.path), reason=str(error))
            return False
        return hmac.compare_digest(shown.encode(), token.encode())

    def _read(self) -> str:
        try:
            descriptor = os.open(self.path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK)
        except OSError:
            return ""
        with open(descriptor, "rb") as file:
            status = os.fstat(descriptor)
            is_own = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
            if not is_own or stat.S_IMODE(status.st_mode) & 0o077:
                return ""
            return file.read(_MOST_BYTES).decode("ascii", "replace").strip()

    def _make(self) -> str:
        token = secrets.token_urlsafe(_TOKEN_BYTES)
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with open(descriptor, "w", encoding="ascii") as file:
            file.write(f"{token}\n")
        return token
