"""Frames out of the bytes of a stream as they come, and messages into frames (LSP 3.17, "Base Protocol")."""

from __future__ import annotations

import json

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

_MOST_HEADER_BYTES = 4096


class FrameError(Exception):
    """The stream holds no frame where one must be; it cannot be read on."""


class Frames:
    """Collects what is read from one stream."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def add(self, data: bytes) -> Iterator[bytes]:
        """Take more bytes; yields the body of each frame they complete. Raises FrameError."""
        buffer = self._buffer
        buffer += data
        while (end := buffer.find(b"\r\n\r\n")) >= 0:
            start = end + 4
            stop = start + _content_length(bytes(buffer[:end]))
            if len(buffer) < stop:
                return
            body = bytes(buffer[start:stop])
            del buffer[:stop]
            yield body
        if len(buffer) > _MOST_HEADER_BYTES:
            raise FrameError(f"no header within {_MOST_HEADER_BYTES} bytes")


def frame(body: bytes) -> bytes:
    """A body with its header."""
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def message_frame(message: dict[str, Any]) -> bytes:
    """The frame of a message that is yet to be encoded."""
    return frame(json.dumps({"jsonrpc": "2.0", **message}).encode())


def _content_length(header: bytes) -> int:
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length" and value.strip().isdigit():
            return int(value)
    raise FrameError("a header without a Content-Length")
