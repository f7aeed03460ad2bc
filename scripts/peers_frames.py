"""The frames of the Language Server Protocol: a header that says how long the body is, and the body, which is JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

_HEADER_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"(?i)content-length: *(\d+)")


def frame(message: Mapping[str, Any]) -> bytes:
    """The bytes of a message."""
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


class FrameReader:
    """Cuts bytes, in whatever pieces they come, into the bodies of frames. Decodes none."""

    def __init__(self) -> None:
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """The bodies that ``data`` completes. Raises ValueError for a header without a length."""
        self._held += data
        while (body := self._next_body()) is not None:
            yield body

    def _next_body(self) -> bytes | None:
        header_end = self._held.find(_HEADER_END)
        if header_end < 0:
            return None
        length = _LENGTH.search(self._held, 0, header_end)
        if length is None:
            raise ValueError("a frame's header has no Content-Length")
        start = header_end + len(_HEADER_END)
        end = start + int(length[1])
        if len(self._held) < end:
            return None
        body = bytes(self._held[start:end])
        del length  # a match holds on to the buffer, which must not shrink under it
        del self._held[:end]
        return body
