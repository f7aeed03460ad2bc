"""One client's connection: its requests are answered as they are done, cancelled on demand, and end with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from remora_hub.errors import HubError
from remora_hub.logs import get_logger
from remora_hub.server.frames import FrameError, read_frame
from remora_hub.wire import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    REQUEST_FAILED,
    Answer,
    Call,
    Failure,
    FailureData,
    Incoming,
    WireError,
    encode_frame,
)

log = get_logger(__name__)

_MOST_UNSENT_BYTES = 1 << 20

Method = tuple[type[msgspec.Struct], Callable[["Connection", Any], Awaitable[object]]]


class _CancelParams(msgspec.Struct):
    id: int | str


class Connection:
    """Serves one stream. ``methods`` maps names to the type of their parameters and the coroutine that answers."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        methods: Mapping[str, Method],
        *,
        max_frame_bytes: int,
        max_requests: int,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._methods = methods
        self._max_frame_bytes = max_frame_bytes
        self._slots = asyncio.Semaphore(max_requests)
        self._running: dict[int | str | None, asyncio.Task[None]] = {}
        self._background: set[asyncio.Task[None]] = set()
        writer.transport.set_write_buffer_limits(high=_MOST_UNSENT_BYTES)

    async def serve(self) -> None:
        """Answer until the client hangs up or breaks the protocol beyond repair."""
        try:
            while (body := await read_frame(self._reader, self._max_frame_bytes)) is not None:
                await self._slots.acquire()
                self._dispatch(body)
        except FrameError as error:
            await self._send(Failure(None, WireError(INVALID_REQUEST, str(error))))
        except ConnectionError:
            pass  # the client is gone, which is its right
        finally:
            await self._end()

    def spawn(self, coroutine: Any) -> None:
        """Run a coroutine that ends with the connection, such as a subscription."""
        task = asyncio.create_task(coroutine)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def notify(self, method: str, params: object) -> None:
        """Send a notification; waits while the client does not read."""
        await self._send(Call(method, params))

    def _dispatch(self, body: bytes) -> None:
        task = asyncio.create_task(self._answer(body))
        self._background.add(task)
        task.add_done_callback(self._done)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._background.discard(task)
        self._slots.release()

    async def _answer(self, body: bytes) -> None:
        try:
            message = _decode(body)
        except msgspec.ValidationError as error:
            await self._send(
                Failure(None, WireError(INVALID_REQUEST, f"not a JSON-RPC 2.0 message: {error}"))
            )
            return
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            await self._send(Failure(None, WireError(PARSE_ERROR, f"not JSON: {error}")))
            return
        if message.method is None or message.jsonrpc != "2.0":
            if not message.result and message.error is msgspec.UNSET:
                await self._send(Failure(None, WireError(INVALID_REQUEST, "a request needs a method")))
            return
        if message.id is msgspec.UNSET:
            await self._notified(message)
            return
        task = asyncio.current_task()
        assert task is not None
        self._running[message.id] = task
        try:
            answer = await self._call(message.method, message.id, message.params)
        except asyncio.CancelledError:
            if (
                self._running.get(message.id) is task
            ):  # by the client's wish; the connection's end clears the table
                task.uncancel()
                answer = Failure(message.id, WireError(REQUEST_CANCELLED, "cancelled"))
            else:
                raise
        finally:
            self._running.pop(message.id, None)
        with contextlib.suppress(ConnectionError):
            await self._send(answer)

    async def _notified(self, message: Incoming) -> None:
        if message.method == "$/cancelRequest":
            with contextlib.suppress(msgspec.DecodeError):
                task = self._running.get(msgspec.json.decode(message.params or b"{}", type=_CancelParams).id)
                if task is not None:
                    task.cancel()

    async def _call(self, name: str, request: int | str | None, params: msgspec.Raw) -> Answer | Failure:
        method = self._methods.get(name)
        if method is None:
            return Failure(request, WireError(METHOD_NOT_FOUND, f"no method {name!r}"))
        parameters, answer = method
        try:
            decoded = msgspec.json.decode(params or b"{}", type=parameters)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            return Failure(request, WireError(INVALID_PARAMS, f"bad parameters of {name}: {error}"))
        try:
            return Answer(request, await answer(self, decoded))
        except HubError as error:
            return Failure(request, WireError(REQUEST_FAILED, str(error), failure_data(error)))
        except Exception:
            log.exception("request.crashed", method=name)
            return Failure(
                request, WireError(INTERNAL_ERROR, f"{name} failed inside the hub; its log says why")
            )

    async def _send(self, message: Answer | Failure | Call) -> None:
        self._writer.write(encode_frame(message))
        await self._writer.drain()

    async def _end(self) -> None:
        self._running.clear()
        tasks = list(self._background)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


_decode = msgspec.json.Decoder(Incoming).decode


def failure_data(error: HubError) -> FailureData:
    """The parts of an error, for a client to rebuild it from."""
    return FailureData(
        type(error).__name__,
        error.operation,
        error.subject,
        error.reason,
        error.hint,
        error.exit_code,
        error.recoverable,
    )
