"""One client's connection: its requests are answered as they are done, cancelled on demand, and end with it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from functools import cache
from typing import Any

import msgspec

from remora_hub.errors import HubError
from remora_hub.logs import get_logger
from remora_hub.metrics.requests import RequestMeter
from remora_hub.server.frames import FrameError, UnfinishedFrames, read_frame
from remora_hub.server.hang_up import has_hung_up
from remora_hub.server.sender import Sender
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
    ProtocolError,
    WireError,
    refusal_of,
)

log = get_logger(__name__)

_MOST_WAITING_BYTES = 1 << 20
_MOST_SHOWN = 200  # characters of what a client sent, in an answer to it
_LOOK_EVERY_S = 0.2

Method = tuple[type[msgspec.Struct], Callable[["Connection", Any], Awaitable[object]]]
Notification = tuple[type[msgspec.Struct], Callable[["Connection", Any], None]]
RequestId = int | str | None


class _CancelParams(msgspec.Struct):
    id: int | str


class Connection:
    """Serves one stream. ``methods`` maps names to the type of their parameters and the coroutine that answers,
    ``notifications`` those that have no answer to a plain function, called at once and in order.

    ``max_requests`` are answered at a time. Further ones wait, up to a megabyte of them, so that a cancellation, or the
    end of the stream, is seen behind them; what exceeds that is refused. An answer is encoded when it is its turn to be
    sent, so a client that does not read costs what its requests hold and one answer, however many it asks for.
    """

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        methods: Mapping[str, Method],
        notifications: Mapping[str, Notification],
        *,
        max_frame_bytes: int,
        max_requests: int,
        meter: RequestMeter,
        unfinished: UnfinishedFrames,
    ) -> None:
        self._meter = meter
        self._unfinished = unfinished
        self._reader = reader
        self._writer = writer
        self._sender = Sender(writer)
        self._methods = methods
        self._notifications: Mapping[str, Notification] = {
            **notifications,
            "$/cancelRequest": (_CancelParams, Connection._cancel),
        }
        self._max_frame_bytes = max_frame_bytes
        self._slots = asyncio.Semaphore(max_requests)
        self._waiting_bytes = 0
        self._running: dict[RequestId, asyncio.Task[None]] = {}
        self._asked: dict[RequestId, asyncio.Future[object]] = {}
        self._asked_so_far = 0
        self._tasks: set[asyncio.Task[None]] = set()
        self._at_end: list[Callable[[], None]] = []
        self._is_over = False

    async def serve(self) -> None:
        """Answer until the client hangs up or breaks the protocol beyond repair."""
        try:
            while not self._is_over and (body := await self._next_body()) is not None:
                refusal = self._receive(body)
                if refusal is not None:
                    self._meter.failures["invalid"] += 1
                    await self._sender.send(refusal)
                # A request is begun before the next message is looked at: it is about the text as it was then.
                await asyncio.sleep(0)
            while not self._is_over and self._running and not has_hung_up(self._writer):
                # It may have closed its own direction alone, as `nc -N` does, to be answered what it asked.
                await asyncio.wait(self._running.values(), timeout=_LOOK_EVERY_S)
        except FrameError as error:
            self._meter.failures["invalid"] += 1
            await self._sender.send(Failure(None, WireError(INVALID_REQUEST, str(error))))
        except ConnectionError:
            pass  # the client is gone, which is its right
        finally:
            await self._end()

    async def _next_body(self) -> bytes | None:
        return await read_frame(self._reader, self._max_frame_bytes, self._unfinished)

    def spawn(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run a coroutine that ends with the connection, such as a subscription."""
        _ = self._begin(coroutine)

    def at_end(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the connection ends."""
        self._at_end.append(callback)

    def hang_up(self) -> None:
        """Read no more: the client has said that it goes."""
        self._is_over = True

    async def notify(self, method: str, params: object) -> None:
        """Send a notification; waits while the client does not read."""
        await self._sender.send(Call(method, params))

    async def ask(self, method: str, params: object) -> None:
        """Send a request and wait for its answer, which need only be a success. Raises ProtocolError if it is none."""
        self._asked_so_far += 1
        request = f"hub-{self._asked_so_far}"
        answered = self._asked[request] = asyncio.get_running_loop().create_future()
        try:
            await self._sender.send(Call(method, params, request))
            await answered
        finally:
            del self._asked[request]

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
                self._answered(message)
                return None
            return Failure(None, WireError(INVALID_REQUEST, "a request has a method, and says jsonrpc 2.0"))
        if isinstance(message.id, msgspec.UnsetType):
            self._notified(message.method, message.params)
            return None
        if message.id in self._running:
            return Failure(
                message.id, WireError(INVALID_REQUEST, "a request of this id is still being answered")
            )
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

    def _answered(self, message: Incoming) -> None:
        """An answer of the client's; to a question nobody waits for, or has asked, it means nothing."""
        if isinstance(message.id, msgspec.UnsetType) or (answered := self._asked.get(message.id)) is None:
            return
        if answered.done():
            return
        if isinstance(message.error, msgspec.UnsetType):
            answered.set_result(None)
        else:
            answered.set_exception(ProtocolError(message.error.code, message.error.message))

    def _notified(self, name: str, params: msgspec.Raw) -> None:
        """A notification has no answer to complain in: unknown ones are ignored, as JSON-RPC has it."""
        if name not in self._notifications:
            return
        parameters, notified = self._notifications[name]
        try:
            notified(self, decode_params(params, parameters))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ProtocolError, HubError) as error:
            log.debug("notification.refused", method=name, reason=str(error))
        except Exception:  # a fault of the hub's own: as for a request
            log.exception("notification.crashed", method=name)

    def _cancel(self, params: _CancelParams) -> None:
        if (task := self._running.get(params.id)) is not None:
            task.cancel()

    async def _answer(self, request: RequestId, name: str, params: msgspec.Raw, size: int) -> None:
        task = asyncio.current_task()
        try:
            # Held while sending, too: what waits to be read is bounded as what waits for an answer is.
            async with self._slots:
                answer = await self._call(name, request, params)
                del self._running[request]
                await self._sender.send(answer)
        except asyncio.CancelledError:
            if task is None or self._running.pop(request, None) is not task:
                raise  # the connection ends: it has cleared the table
            task.uncancel()  # by the client's wish
            await self._sender.send(Failure(request, WireError(REQUEST_CANCELLED, "cancelled")))
        finally:
            self._waiting_bytes -= size

    async def _call(self, name: str, request: RequestId, params: msgspec.Raw) -> Answer | Failure:
        try:
            method = self._methods.get(name)  # which may have to be imported first: see ``LateMethods``
        except Exception:  # noqa: BLE001 - as below
            return self._crashed(request, name)
        if method is None:
            self._meter.failures["invalid"] += 1
            return Failure(request, WireError(METHOD_NOT_FOUND, f"no method {name[:_MOST_SHOWN]!r}"))
        parameters, answer = method
        try:
            decoded = decode_params(params, parameters)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            self._meter.failures["invalid"] += 1
            return Failure(request, WireError(INVALID_PARAMS, f"bad parameters of {name}: {error}"))
        began_s = time.perf_counter()
        try:
            return Answer(request, await answer(self, decoded))
        except ProtocolError as error:
            self._meter.failures["refused"] += 1
            return Failure(request, WireError(error.code, error.message))
        except HubError as error:
            self._meter.failures["refused"] += 1
            return Failure(request, refusal_of(error))
        except Exception:  # noqa: BLE001 - a fault of the hub's own: it is logged, and the connection lives on
            return self._crashed(request, name)
        finally:
            self._meter.took(name, time.perf_counter() - began_s)

    def _crashed(self, request: RequestId, name: str) -> Failure:
        """Called where an exception is handled."""
        log.exception("request.crashed", method=name)  # noqa: LOG004
        self._meter.failures["crashed"] += 1
        return Failure(request, WireError(INTERNAL_ERROR, f"{name} failed inside the hub; its log says why"))

    async def _end(self) -> None:
        """Cancel what is under way and hang up."""
        self._running.clear()
        for callback in self._at_end:
            callback()
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._sender.close()


_decode = msgspec.json.Decoder(Incoming).decode


def decode_params(params: msgspec.Raw, parameters: type[msgspec.Struct]) -> msgspec.Struct:
    """Parameters of a known type; absent ones and null, which many clients write for none, are an empty object."""
    text = bytes(params)
    return _decoder(parameters)(b"{}" if text in (b"", b"null") else text)


@cache
def _decoder(parameters: type[msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
    """Made once for each type: making one takes ten times as long as using it."""
    return msgspec.json.Decoder(parameters).decode
