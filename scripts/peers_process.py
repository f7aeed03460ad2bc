"""A server's process on two pipes: requests and their answers, in LSP's frames, and how long an answer takes."""

from __future__ import annotations

import asyncio
import json
import os
import select
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from peers_frames import FrameReader, frame

_PIPE_BYTES = 65536  # what a pipe holds
Message = Mapping[str, Any]


class ServerError(Exception):
    """A server refused a request, or ended."""


class _Answer(NamedTuple):
    """The result of a request, and when its last byte had come, by ``time.perf_counter``."""

    result: Any
    arrived_at: float


class ServerProcess:
    """A process that answers requests on standard output. ``start`` it before anything else, ``kill`` it at last.

    ``reply`` makes the ``result`` or ``error`` that a request of the server's own gets.
    """

    def __init__(self, command: Sequence[str], reply: Callable[[Message], Message]) -> None:
        self._command = command
        self._reply = reply
        self._frames = FrameReader()
        self._waiting: dict[int, asyncio.Future[_Answer]] = {}
        self._requests = 0
        self._has_ended = False

    async def start(self, directory: Path, variables: Mapping[str, str]) -> None:
        """Start it in ``directory``, with ``variables`` as its environment. Raises OSError if there is no program."""
        self._output, its_output = os.pipe()
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                cwd=directory,
                env=variables,
                stdin=asyncio.subprocess.PIPE,
                stdout=its_output,
                stderr=asyncio.subprocess.DEVNULL,
                start_new_session=True,  # a server may be a script that starts the real one; both are ended
            )
        except BaseException:
            os.close(self._output)
            raise
        finally:
            os.close(its_output)
        self._input.transport.set_write_buffer_limits(0)  # drained is what has been written to the last byte
        os.set_blocking(self._output, False)
        self._readable = select.poll()
        self._readable.register(self._output, select.POLLIN)
        asyncio.get_running_loop().add_reader(self._output, self._receive)

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    @property
    def _input(self) -> asyncio.StreamWriter:
        assert self._process.stdin is not None
        return self._process.stdin

    def send(self, message: Message) -> None:
        """Write a message that nobody answers."""
        self._input.write(frame(message))

    async def request(self, method: str, params: object, timeout_s: float) -> Any:
        """The result of ``method``. Raises ServerError if refused, TimeoutError after ``timeout_s``."""
        request, answer = self._prepared(method, params)
        self._input.write(request)
        return (await asyncio.wait_for(answer, timeout_s)).result

    async def timed_request(self, method: str, params: object, timeout_s: float) -> tuple[Any, float]:
        """The same, and the seconds from the write of the request to the last byte of its answer.

        The loop stands still meanwhile, for its turns would be a good part of the time of a quick answer. The answer is
        decoded behind the clock.
        """
        await asyncio.sleep(0)  # what others write is read between two questions, lest their pipes fill up
        request, answer = self._prepared(method, params)
        asked_at = time.perf_counter()
        self._input.write(request)
        try:
            while not answer.done():
                left_s = asked_at + timeout_s - time.perf_counter()
                if self._input.transport.get_write_buffer_size():  # a full pipe: the loop writes the rest
                    await asyncio.wait_for(self._input.drain(), left_s)
                elif left_s > 0 and self._readable.poll(left_s * 1000):
                    self._receive()
                else:
                    raise TimeoutError
        finally:
            answer.cancel()  # an answer that comes later is nobody's
        result, arrived_at = answer.result()
        return result, arrived_at - asked_at

    async def wait(self, timeout_s: float) -> None:
        """Return once it has ended. Raises TimeoutError."""
        await asyncio.wait_for(self._process.wait(), timeout_s)

    async def kill(self) -> None:
        """End it, and all that it started."""
        with suppress(ProcessLookupError):  # it has ended
            os.killpg(self._process.pid, signal.SIGKILL)
        await self._process.wait()
        self._end()

    def _prepared(self, method: str, params: object) -> tuple[bytes, asyncio.Future[_Answer]]:
        """The bytes of a request and what its answer will be put into."""
        if self._has_ended:
            raise ServerError(f"{self._command[0]} ended")
        self._requests += 1
        answer = self._waiting[self._requests] = asyncio.get_running_loop().create_future()
        return frame({"id": self._requests, "method": method, "params": params}), answer

    def _receive(self) -> None:
        """Take what has come, for the loop or for who waits. A server that writes no frames is as good as ended."""
        try:
            data = os.read(self._output, _PIPE_BYTES)
        except BlockingIOError:  # who waits was quicker than the loop
            return
        arrived_at = time.perf_counter()
        try:
            for body in self._frames.feed(data):
                self._take(json.loads(body), arrived_at)
        except ValueError:
            self._end()
        if not data:
            self._end()

    def _take(self, message: dict[str, Any], arrived_at: float) -> None:
        if "method" in message:
            if "id" in message:
                self.send({"id": message["id"], **self._reply(message)})
            return
        waiting = self._waiting.pop(message["id"], None)
        if waiting is None or waiting.done():  # its asker gave up
            return
        if "error" in message:
            waiting.set_exception(ServerError(message["error"]["message"]))
        else:
            waiting.set_result(_Answer(message.get("result"), arrived_at))

    def _end(self) -> None:
        """Read no more; whoever waits gets a ServerError."""
        if self._has_ended:
            return
        self._has_ended = True
        asyncio.get_running_loop().remove_reader(self._output)
        os.close(self._output)
        for waiting in self._waiting.values():
            if not waiting.done():  # its asker may have given up
                waiting.set_exception(ServerError(f"{self._command[0]} ended"))
        self._waiting.clear()
