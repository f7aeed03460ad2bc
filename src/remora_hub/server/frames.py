"""Reading frames from a stream, with limits: a header of 4 KiB, a body of what the configuration allows."""

from __future__ import annotations

import asyncio

from remora_hub.wire import MAX_HEADER_BYTES, content_length


class FrameError(Exception):
    """The stream cannot be read on: no header where one must be, or a frame over the limit. The connection ends."""


async def read_frame(reader: asyncio.StreamReader, max_bytes: int) -> bytes | None:
    """The body of the next frame; None at the end of the stream, also in the middle of a frame. Raises FrameError."""
    try:
        header = await reader.readuntil(b"\r\n\r\n")
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
