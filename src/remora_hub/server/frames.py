"""Reading frames from a stream, with limits: a header of 4 KiB, a body of what the configuration allows, a minute."""

from __future__ import annotations

import asyncio

from remora_hub.wire import MAX_HEADER_BYTES, content_length

# Half a frame keeps a connection, of which there are only so many.
LONGEST_FRAME_S = 60.0


class FrameError(Exception):
    """The stream cannot be read on: no header where one must be, or a frame over a limit. The connection ends."""


async def read_frame(reader: asyncio.StreamReader, max_bytes: int) -> bytes | None:
    """The body of the next frame; None at the end of the stream, also in the middle of a frame. Raises FrameError."""
    begin = await reader.read(1)  # for which a client may take as long as it likes
    if not begin:
        return None
    try:
        async with asyncio.timeout(LONGEST_FRAME_S):
            return await _read_rest(begin, reader, max_bytes)
    except TimeoutError as error:
        raise FrameError(f"a message that has not come whole within {LONGEST_FRAME_S:g} s") from error


async def _read_rest(begin: bytes, reader: asyncio.StreamReader, max_bytes: int) -> bytes | None:
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
        raise FrameError(f"a message of {length} bytes; the limit is {max_bytes}")
    try:
        return await reader.readexactly(length)
    except asyncio.IncompleteReadError:
        return None
