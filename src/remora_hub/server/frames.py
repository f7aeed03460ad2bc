"""Reading frames from a stream, with limits: a header of 4 KiB, a body of what the configuration allows, a minute.

What all streams together hold of unfinished frames has a limit, too: 512 clients with half a frame each would else hold
gigabytes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from remora_hub.wire import MAX_HEADER_BYTES, content_length

# Half a frame keeps a connection, of which there are only so many.
LONGEST_FRAME_S = 60.0
MOST_UNFINISHED_BYTES = 64 * 1024 * 1024
_READ_BYTES = 1 << 18


class FrameError(Exception):
    """The stream cannot be read on: no header where one must be, or a frame over a limit. The connection ends."""


class UnfinishedFrames:
    """How much is held of frames that have not come whole. Beyond the limit the one that began first is given up: who
    sends without a pause is done in milliseconds.
    """

    def __init__(self) -> None:
        self._held: dict[asyncio.Timeout, int] = {}

    def hold(self, frame: asyncio.Timeout, received: int) -> None:
        """So many more bytes of a frame have come; its time, or that of an older one, may be over with that."""
        self._held[frame] = self._held.get(frame, 0) + received
        while sum(self._held.values()) > MOST_UNFINISHED_BYTES:
            oldest = next(iter(self._held))
            del self._held[oldest]
            oldest.reschedule(asyncio.get_running_loop().time())

    def let_go(self, frame: asyncio.Timeout) -> None:
        """It is whole, or given up."""
        self._held.pop(frame, None)


async def read_frame(
    reader: asyncio.StreamReader, max_bytes: int, unfinished: UnfinishedFrames
) -> bytes | None:
    """The body of the next frame; None at the end of the stream, also in the middle of a frame. Raises FrameError."""
    begin = await reader.read(1)  # for which a client may take as long as it likes
    if not begin:
        return None
    try:
        async with asyncio.timeout(LONGEST_FRAME_S) as limit:
            try:
                return await _read_rest(begin, reader, max_bytes, lambda size: unfinished.hold(limit, size))
            finally:
                unfinished.let_go(limit)
    except TimeoutError as error:
        reason = f"within {LONGEST_FRAME_S:g} s, or before its room was needed for others"
        raise FrameError(f"a message that has not come whole {reason}") from error


async def _read_rest(
    begin: bytes, reader: asyncio.StreamReader, max_bytes: int, hold: Callable[[int], None]
) -> bytes | None:
    try:
        header = begin + await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    except asyncio.LimitOverrunError as error:
        raise FrameError(f"no header within {MAX_HEADER_BYTES} bytes") from error
    if len(header) > MAX_HEADER_BYTES:
        raise FrameError(f"a header of more than {MAX_HEADER_BYTES} bytes")
    try:
        length = content_length(header)
    except ValueError as error:
        raise FrameError(str(error)) from error
    if length > max_bytes:
        raise FrameError(f"a message of more than {max_bytes} bytes")
    body = bytearray()
    while len(body) < length:
        part = await reader.read(min(length - len(body), _READ_BYTES))
        if not part:
            return None
        body += part
        hold(len(part))
    return bytes(body)
