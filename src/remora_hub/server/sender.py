"""The sending half of a connection: one message after the other, waiting while the client does not read."""

from __future__ import annotations

import asyncio

from remora_hub.wire import Answer, Call, Failure, encode_frame

_MOST_UNSENT_BYTES = 1 << 20
_LONGEST_GOODBYE_S = 1.0


class Sender:
    """Writes messages to one stream; up to a megabyte waits in it unsent."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._sending = asyncio.Lock()
        writer.transport.set_write_buffer_limits(high=_MOST_UNSENT_BYTES)

    async def send(self, message: Answer | Failure | Call) -> None:
        """Send a message when it is its turn. It is encoded then, so what waits costs only what it is made of."""
        async with self._sending:
            if self._writer.is_closing():
                return
            try:
                self._writer.write(encode_frame(message))
                await self._writer.drain()
            except ConnectionError:
                pass  # the client is gone; whoever reads sees the end of its stream

    async def close(self) -> None:
        """Hang up; what was written already is given a second to be read."""
        self._writer.close()
        try:
            async with asyncio.timeout(_LONGEST_GOODBYE_S):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()
