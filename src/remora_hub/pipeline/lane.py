"""One parse lane as its parent sees it: a child process, fed through pipes, killed when a file takes too long."""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import struct
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Literal, NamedTuple

import msgspec

from remora_hub.errors import LaneError
from remora_hub.facts import PackedFile

_REQUEST_HEADER = struct.Struct("<II")
_ANSWER_HEADER = struct.Struct("<I")
_PROGRAM = "from remora_hub.pipeline.lane_start import main; main()"
_PIPE_BYTES = 1 << 20
_READ_BYTES = 1 << 16  # larger buffers are mapped and unmapped by the allocator for every read
_UNANSWERED = 3  # requests sent ahead, so that a lane never waits for its parent
_START_ALLOWANCE_S = 20.0  # for the interpreter and its imports; a loaded machine is slow
# A lane gives way to everybody, so on a loaded machine time passes in which it does not run. A file is to blame for the
# time that was spent on it: before so much of the limit went into it, it is given more, up to so many times the limit.
_LEAST_SHARE = 0.3
_MOST_LIMITS = 5.0
_MORE = 0.25

_decode = msgspec.msgpack.Decoder(PackedFile).decode


class Request(NamedTuple):
    """One file to be extracted."""

    path: str
    data: bytes


class LaneFailed(Exception):  # noqa: N818 - an outcome the pool deals with
    """The lane is gone: killed for taking too long, retired after a file that made it large, or dead of a file.

    ``detail`` tells how it ended.
    """

    def __init__(self, kind: Literal["timed_out", "retired", "died"], detail: str) -> None:
        self.kind = kind
        self.detail = detail
        super().__init__(detail)


class Lane:
    """A running child process. Used by one thread at a time."""

    def __init__(self) -> None:
        command = [sys.executable, "-P", "-c", _PROGRAM, str(os.getpid())]
        try:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/", bufsize=0, close_fds=True
            )
        except OSError as error:
            raise LaneError(
                "start a parse lane with", sys.executable, error.strerror or str(error)
            ) from error
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._requests, self._answers = self._process.stdin.fileno(), self._process.stdout.fileno()
        os.set_blocking(self._requests, False)
        for pipe in (self._requests, self._answers):
            with contextlib.suppress(
                PermissionError
            ):  # the user's pipe quota is used up: smaller pipes do, too
                fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_BYTES)
        self._buffer = bytearray()
        self._is_fresh = True
        self._working_since: float | None = None
        self.idle_since = time.monotonic()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._process.pid

    def extract(
        self, requests: Sequence[Request], limit_s: float, *, is_fair: bool = False
    ) -> Iterator[PackedFile]:
        """Yield the facts of each request, in order; ``limit_s`` seconds are allowed for each.

        More are, if it shall be ``is_fair``, where the machine is so busy that the process hardly ran. Raises
        LaneFailed when the process died or had to be killed; the file to blame is the first one not yielded. Raises
        LaneError when it never came up, for which no file is to blame.
        """
        waiting = deque(requests)
        unsent = bytearray()
        unanswered = 0
        is_complete = False
        try:
            if self._is_fresh:
                self._await_greeting()
            for _ in requests:
                self._working_since = time.monotonic()
                deadline = _Deadline(limit_s, self._processor_s if is_fair else None)
                while (answer := self._next_frame()) is None:
                    while waiting and unanswered < _UNANSWERED:
                        unsent += _frame(waiting.popleft())
                        unanswered += 1
                    self._exchange(unsent, deadline)
                unanswered -= 1
                yield _decode(answer)
            is_complete = True
            self._working_since = None
            self.idle_since = time.monotonic()
        finally:
            if not is_complete:
                self.close()  # answers nobody waits for must not be taken for those of the next request

    def _await_greeting(self) -> None:
        deadline = _Deadline(_START_ALLOWANCE_S)
        try:
            while self._next_frame() is None:
                self._exchange(bytearray(), deadline)
        except LaneFailed as failure:
            raise LaneError("start a parse lane with", sys.executable, failure.detail) from failure
        self._is_fresh = False

    def is_slower_than(self, seconds: float) -> bool:
        """Whether it has been at work on one file for longer; for other threads to ask."""
        since = self._working_since
        return since is not None and time.monotonic() - since > seconds

    def is_alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    def kill(self) -> None:
        """End the process from another thread; the one that uses the lane notices at once."""
        self._process.kill()

    def close(self) -> None:
        """Kill the process and collect it."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _processor_s(self) -> float:
        """Processor time the process has had so far (clock_getcpuclockid(3), whose numbers are the kernel's ABI)."""
        return time.clock_gettime(~self._process.pid << 3 | 2)

    def _exchange(self, unsent: bytearray, deadline: _Deadline) -> None:
        """Write what can be written and read what has come; wait no longer than ``deadline``."""
        poll = select.poll()
        poll.register(self._answers, select.POLLIN)
        if unsent:
            poll.register(self._requests, select.POLLOUT)
        ready = poll.poll(deadline.remaining_s() * 1000)
        if not ready and deadline.has_passed():
            raise LaneFailed("timed_out", "killed")
        for pipe, _ in ready:
            if pipe == self._requests:
                self._send(unsent)
            elif data := os.read(self._answers, _READ_BYTES):
                self._buffer += data
            else:
                return_code = self._process.wait()
                raise LaneFailed("died" if return_code else "retired", _ending(return_code))

    def _send(self, unsent: bytearray) -> None:
        try:
            del unsent[: os.write(self._requests, unsent)]
        except BlockingIOError:
            return
        except BrokenPipeError:
            unsent.clear()  # it died; the end of its answers says so in a moment

    def _next_frame(self) -> bytes | None:
        buffer = self._buffer
        if len(buffer) < _ANSWER_HEADER.size:
            return None
        end = _ANSWER_HEADER.size + _ANSWER_HEADER.unpack_from(buffer)[0]
        if len(buffer) < end:
            return None
        frame = bytes(buffer[_ANSWER_HEADER.size : end])
        del buffer[:end]
        return frame


class _Deadline:
    """When one file has had its time, by the clock and by the processor."""

    def __init__(self, limit_s: float, processor_s: Callable[[], float] | None = None) -> None:
        """``processor_s`` tells how much of a processor's time was spent; without it only the clock counts."""
        self._limit_s = limit_s
        self._processor_s = processor_s
        now_s = time.monotonic()
        self._at_s = now_s + limit_s
        self._last_s = now_s + _MOST_LIMITS * limit_s
        self._spent_before_s = self._spent_s()

    def remaining_s(self) -> float:
        """Seconds until it is to be asked whether the time is up."""
        return max(0.0, self._at_s - time.monotonic())

    def has_passed(self) -> bool:
        """Whether the time is up; where little of it could be used, it goes on for some more."""
        now_s = time.monotonic()
        if now_s < self._at_s:
            return False
        is_spent = self._processor_s is None or (
            self._spent_s() - self._spent_before_s >= _LEAST_SHARE * self._limit_s
        )
        self._at_s = now_s + _MORE * self._limit_s
        return is_spent or now_s >= self._last_s

    def _spent_s(self) -> float:
        try:
            return self._processor_s() if self._processor_s else 0.0
        except OSError:  # it died; the end of its answers says so in a moment
            return 0.0


def _frame(request: Request) -> bytes:
    path = request.path.encode()
    return _REQUEST_HEADER.pack(len(path), len(request.data)) + path + request.data


def _ending(return_code: int) -> str:
    if return_code == os.EX_DATAERR:
        return "its facts take too much memory"
    return f"signal {-return_code}" if return_code < 0 else f"exit code {return_code}"
