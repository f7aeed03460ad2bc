"""systemd's journal: each event as an entry with a priority and a field for each key, by its native protocol.

The protocol is a datagram of ``NAME=value`` lines (https://systemd.io/JOURNAL_NATIVE_PROTOCOL/), which is all that is
needed here; cysystemd, the library for it, brings a compiled extension and links to libsystemd.
"""

from __future__ import annotations

import json
import logging
import os
import re
import socket
import struct
from collections.abc import Mapping
from typing import Any, TextIO

from remora_hub.terminal import printable

_SOCKET = "/run/systemd/journal/socket"
_MOST_CHARACTERS = 16_000  # of one value: a datagram has to fit into a socket's buffer
_PRIORITIES = {"debug": 7, "info": 6, "warning": 4, "error": 3, "critical": 2}  # sd-daemon(3)
_NO_FIELD_NAME = re.compile(r"[^A-Z0-9_]")
_OWN_KEYS = ("event", "level", "logger", "timestamp", "exception")


def is_journal(stream: TextIO) -> bool:
    """Whether systemd has connected ``stream`` with the journal: ``JOURNAL_STREAM`` in systemd.exec(5)."""
    try:
        status = os.fstat(stream.fileno())
    except (OSError, ValueError):  # closed, or no file at all
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{status.st_dev}:{status.st_ino}"


class JournalHandler(logging.StreamHandler[TextIO]):
    """Takes the lines of the JSON formatter apart again. What the journal does not take goes to ``stream`` as it is.

    While the journal is too busy to take an entry, that is lost: logging must not stop the hub.
    """

    def __init__(self, stream: TextIO, address: str = _SOCKET) -> None:
        super().__init__(stream)
        self._address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)

    def emit(self, record: logging.LogRecord) -> None:
        """Send one entry."""
        try:
            entry = encode(json.loads(self.format(record)))
            self._socket.sendto(entry, self._address)
        except BlockingIOError:
            return
        except OSError:  # no journal there, or none that takes this
            super().emit(record)
        except Exception:  # noqa: BLE001 - as logging's own handlers do: whatever it is, it must not reach the caller
            self.handleError(record)

    def close(self) -> None:
        """Close the socket, not the stream."""
        self._socket.close()
        super().close()


def encode(event: Mapping[str, Any]) -> bytes:
    """One event as the journal takes it: its keys become ``HUB_KEY`` fields, beside the well-known ones."""
    keys = {key: value for key, value in event.items() if key not in _OWN_KEYS}
    told = " ".join((event["event"], *(f"{key}={_quoted(value)}" for key, value in keys.items())))
    message = printable(told)
    if "exception" in event:
        message += "\n" + "\n".join(map(printable, event["exception"].splitlines()))
    fields = {
        "MESSAGE": message,
        "PRIORITY": _PRIORITIES.get(event.get("level", "info"), 6),
        "SYSLOG_IDENTIFIER": "remora-hub",
        "LOGGER": event.get("logger", "remora_hub"),
        "HUB_EVENT": event["event"],
        **{"HUB_" + _NO_FIELD_NAME.sub("_", key.upper()): value for key, value in keys.items()},
    }
    return b"".join(_field(name, _text(value)) for name, value in fields.items())


def _field(name: str, value: str) -> bytes:
    """A value of several lines has its length before it."""
    data = value[:_MOST_CHARACTERS].encode("utf-8", "backslashreplace")
    if b"\n" in data:
        return name.encode() + b"\n" + struct.pack("<Q", len(data)) + data + b"\n"
    return name.encode() + b"=" + data + b"\n"


def _quoted(value: object) -> str:
    """A value of several words in quotes, so that the next key can be told from it."""
    text = _text(value)
    return f'"{text}"' if " " in text else text


def _text(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)
