"""A connection on an event loop: any number of requests at a time over the daemon's socket."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping
from typing import Self

import msgspec

from remora_hub.client.address import LONGEST_CONNECT_S, check_peer, daemon_address, not_reached
from remora_hub.client.failures import gone, not_understood, result_of, timed_out
from remora_hub.errors import HubError, NotRunningError
from remora_hub.paths import StatePaths
from remora_hub.wire import MAX_HEADER_BYTES, Call, Incoming, content_length, encode_frame

_POLL_S = 0.02
_MOST_NOTIFICATIONS = 1000  # kept unread; beyond that the hub's messages are left in the socket


class AsyncConnection:
    """Made by ``connect``; belongs to the event loop it was made on.

    A request whose task is cancelled, or whose time is over, is cancelled in the hub, too. When the connection
    breaks, every request under way fails with the reason, and later ones at once.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        root: str,
        *,
        keeps_notifications: bool,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._root = root
        self._requests = 0
        self._waiting: dict[int, asyncio.Future[Incoming]] = {}
        self._broken: HubError | None = None
        self._notifications: asyncio.Queue[Incoming | None] | None = None
        if keeps_notifications:
            self._notifications = asyncio.Queue(_MOST_NOTIFICATIONS)
        self._receiving = asyncio.create_task(self._receive())

    @classmethod
    async def connect(cls, paths: StatePaths, *, keeps_notifications: bool = False) -> Self:
        """Connect to the daemon of ``paths``. Raises NotRunningError if none answers."""
        try:
            async with asyncio.timeout(LONGEST_CONNECT_S):
                connection = await _connected(daemon_address(paths))
                reader, writer = await asyncio.open_unix_connection(sock=connection)
        except OSError as error:  # a TimeoutError is one
            raise not_reached(paths, error) from error
        try:
            check_peer(writer.get_extra_info("socket"))
        except OSError as error:
            writer.close()
            raise not_reached(paths, error) from error
        return cls(reader, writer, str(paths.root), keeps_notifications=keeps_notifications)

    @property
    def is_closed(self) -> bool:
        """Whether it was closed, by its user or because it broke."""
        return self._broken is not None

    async def close(self) -> None:
        """Hang up; requests under way fail with NotRunningError."""
        self._break(NotRunningError("talk to the hub of", self._root, "this client hung up"))
        self._receiving.cancel()
        await asyncio.gather(self._receiving, return_exceptions=True)
        with contextlib.suppress(ConnectionError):  # the hub hung up first
            await self._writer.wait_closed()

    async def call_raw(self, method: str, params: Mapping[str, object], *, timeout_s: float) -> msgspec.Raw:
        """The result of ``method``, still JSON. Raises as ``BlockingClient.call`` does."""
        if self._broken is not None:
            raise self._broken
        self._requests += 1
        request = self._requests
        answer = self._waiting[request] = asyncio.get_running_loop().create_future()
        try:
            async with asyncio.timeout(timeout_s):
                self._writer.write(encode_frame(Call(method, dict(params), request)))
                await self._writer.drain()
                message = await answer
        except TimeoutError as error:
            self._cancel(request)
            raise timed_out(self._root, method, timeout_s) from error
        except asyncio.CancelledError:
            self._cancel(request)
            raise
        except OSError as error:
            raise gone(self._root, error) from error
        finally:
            del self._waiting[request]
            if answer.done() and not answer.cancelled():
                answer.exception()  # or asyncio complains that nobody looked at it
        return result_of(method, message)

    async def next_notification(self) -> Incoming:
        """The next notification. Raises NotRunningError or HubError when the connection has ended."""
        assert self._notifications is not None, "made without keeps_notifications"
        if self._broken is not None and self._notifications.empty():
            raise self._broken
        message = await self._notifications.get()
        if message is None:
            assert self._broken is not None, "None is put behind the last one"
            raise self._broken
        return message

    def _cancel(self, request: int) -> None:
        if self._broken is None:
            self._writer.write(encode_frame(Call("$/cancelRequest", {"id": request})))

    async def _receive(self) -> None:
        try:
            while True:
                message = _decode(await self._next_body())
                if message.method is not None:
                    if self._notifications is not None:
                        await self._notifications.put(message)
                elif message.id is None:
                    result_of("the hub", message)  # it could not even read a request: raises its reason
                elif isinstance(message.id, int):
                    answer = self._waiting.get(message.id)
                    if answer is not None and not answer.done():
                        answer.set_result(message)
        except HubError as error:
            self._break(error)
        except (OSError, EOFError) as error:
            reason = error if isinstance(error, OSError) else ConnectionResetError("the hub hung up")
            self._break(gone(self._root, reason))
        except (ValueError, RecursionError) as error:  # msgspec's DecodeError is a ValueError
            self._break(not_understood(self._root, error))

    async def _next_body(self) -> bytes:
        try:
            header = await self._reader.readuntil(b"\r\n\r\n")
        except asyncio.LimitOverrunError as error:
            raise ValueError(f"no header within {MAX_HEADER_BYTES} bytes") from error
        return await self._reader.readexactly(content_length(header))

    def _break(self, error: HubError) -> None:
        if self._broken is not None:
            return
        self._broken = error
        for answer in self._waiting.values():
            if not answer.done():
                answer.set_exception(error)
        self._writer.close()
        if self._notifications is not None and not self._notifications.full():
            self._notifications.put_nowait(None)


async def _connected(address: str) -> socket.socket:
    """A connection to ``address``, waited for while too many others wait to be accepted (connect(2), EAGAIN).

    An event loop takes that for a connection under way, and finds at the first message that there is none.
    """
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.setblocking(False)
        while True:
            try:
                connection.connect(address)
            except BlockingIOError:
                await asyncio.sleep(_POLL_S)  # nothing announces that there is room
            else:
                return connection
    except BaseException:
        connection.close()
        raise


_decode = msgspec.json.Decoder(Incoming).decode
