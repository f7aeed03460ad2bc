"""One client's connection: its requests are answered as they are done, cancelled on demand, and end with it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Mapping
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
    Incoming,
    WireError,
    encode_frame,
    failure_data,
)

log = get_logger(__name__)

_MOST_UNSENT_BYTES = 1 << 20
_MOST_WAITING_BYTES = 1 << 20
_LONGEST_GOODBYE_S = 1.0

Method = tuple[type[msgspec.Struct], Callable[["Connection", Any], Awaitable[object]]]
RequestId = int | str | None


class _CancelParams(msgspec.Struct):
    id: int | str


class Connection:
    """Serves one stream. ``methods`` maps names to the type of their parameters and the coroutine that answers.

    ``max_requests`` are answered at a time. Further ones wait, up to a megabyte of them, so that a cancellation, or the
    end of the stream, is seen behind them; what exceeds that is refused. An answer is encoded when it is its turn to be
    sent, so a client that does not read costs what its requests hold and one answer, however many it asks for.
    """

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
        self._sending = asyncio.Lock()
        self._waiting_bytes = 0
        self._running: dict[RequestId, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        writer.transport.set_write_buffer_limits(high=_MOST_UNSENT_BYTES)

    async def serve(self) -> None:
        """Answer until the client hangs up or breaks the protocol beyond repair."""
        try:
            while (body := await read_frame(self._reader, self._max_frame_bytes)) is not None:
                refusal = self._receive(body)
                if refusal is not None:
                    await self._send(refusal)
        except FrameError as error:
            await self._send(Failure(None, WireError(INVALID_REQUEST, str(error))))
        except ConnectionError:
            pass  # the client is gone, which is its right
        finally:
            await self._end()

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that ends with the connection, such as a subscription."""
        _ = self._begin(coroutine)

    async def notify(self, method: str, params: object) -> None:
        """Send a notification; waits while the client does not read."""
        await self._send(Call(method, params))

    def _receive(self, body: bytes) -> Failure | None:
        """Begin what a message asks for; the failure to send at once if it asks for nothing that can be done."""
        try:
            message = _decode(body)
        except msgspec.ValidationError as error:
            return Failure(None, WireError(INVALID_REQUEST, f"not a JSON-RPC 2.0 message: {error}"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Failure(None, WireError(PARSE_ERROR, f"not JSON: {error}"))
        if message.method is None or message.jsonrpc != "2.0":
            if message.result or message.error is not msgspec.UNSET:
                return None  # an answer: nothing was asked of this client
            return Failure(None, WireError(INVALID_REQUEST, "a request has a method, and says jsonrpc 2.0"))
        if isinstance(message.id, msgspec.UnsetType):
            self._notified(message)
            return None
        if message.id in self._running:
            reason = f"request {message.id!r} is still being answered"
            return Failure(message.id, WireError(INVALID_REQUEST, reason))
        if self._waiting_bytes and self._waiting_bytes + len(body) > _MOST_WAITING_BYTES:
            return Failure(message.id, WireError(REQUEST_FAILED, "too many requests are waiting"))
        self._waiting_bytes += len(body)
        coroutine = self._answer(message.id, message.method, message.params, len(body))
        self._running[message.id] = self._begin(coroutine)
        return None

    def _begin(self, coroutine: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _notified(self, message: Incoming) -> None:
        """Cancellation is the one notification known (LSP 3.17); any other is ignored, as JSON-RPC has it."""
        if message.method != "$/cancelRequest":
            return
        with contextlib.suppress(
            msgspec.DecodeError, RecursionError
        ):  # notifications have no answer to complain in
            wanted = msgspec.json.decode(message.params or b"{}", type=_CancelParams).id
            # Behind the task's first step, which is scheduled already: a task that never ran could not answer.
            asyncio.get_running_loop().call_soon(self._cancel, wanted)

    def _cancel(self, request: RequestId) -> None:
        if (task := self._running.get(request)) is not None:
            task.cancel()

    async def _answer(self, request: RequestId, name: str, params: msgspec.Raw, size: int) -> None:
        task = asyncio.current_task()
        try:
            async with (
                self._slots
            ):  # also while sending: what waits to be read is bounded as what waits for an answer
                answer = await self._call(name, request, params)
                del self._running[request]
                await self._send(answer)
        except asyncio.CancelledError:
            if task is None or self._running.pop(request, None) is not task:
                raise  # the connection ends: it has cleared the table
            task.uncancel()  # by the client's wish
            await self._send(Failure(request, WireError(REQUEST_CANCELLED, "cancelled")))
        finally:
            self._waiting_bytes -= size

    async def _call(self, name: str, request: RequestId, params: msgspec.Raw) -> Answer | Failure:
        method = self._methods.get(name)
        if method is None:
            return Failure(request, WireError(METHOD_NOT_FOUND, f"no method {name!r}"))
        parameters, answer = method
        try:
            decoded = msgspec.json.decode(params or b"{}", type=parameters)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return Failure(request, WireError(INVALID_PARAMS, f"bad parameters of {name}: {error}"))
        try:
            return Answer(request, await answer(self, decoded))
        except HubError as error:
            return Failure(request, WireError(REQUEST_FAILED, str(error), failure_data(error)))
        except Exception:  # a fault of the hub's own: this boundary logs it, and the connection lives on
            log.exception("request.crashed", method=name)
            return Failure(
                request, WireError(INTERNAL_ERROR, f"{name} failed inside the hub; its log says why")
            )

    async def _send(self, message: Answer | Failure | Call) -> None:
        async with self._sending:
            if self._writer.is_closing():
                return
            try:
                self._writer.write(encode_frame(message))
                await self._writer.drain()
            except ConnectionError:
                pass  # the client is gone; ``serve`` sees the end of its stream

    async def _end(self) -> None:
        """Cancel what is under way and hang up; what was written already is given a second to be read."""
        self._running.clear()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._writer.close()
        try:
            async with asyncio.timeout(_LONGEST_GOODBYE_S):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()


_decode = msgspec.json.Decoder(Incoming).decode
