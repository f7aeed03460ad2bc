"""The directories of a tree, listed by a fork of this process: on another core, while this one does something else."""

from __future__ import annotations

import marshal
import os
import select
import signal
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from remora_hub.discovery.rules import SourceRules

_READ_BYTES = 1 << 16
_GOOD_FOR_S = 5.0  # what was listed longer ago may have changed too much to be of use


class ForkedWalk:
    """Begins when it is made, which this process must do before it has threads. Close it.

    ``make_rules`` is called in the fork. Raises OSError if there is none to be had.
    """

    def __init__(self, root: Path, make_rules: Callable[[], SourceRules]) -> None:
        self._good_until_s = time.monotonic() + _GOOD_FOR_S
        signal.signal(
            signal.SIGCHLD, signal.SIG_DFL
        )  # whoever started this may ignore it: nothing can be waited for
        self._answer, told = os.pipe()
        try:
            self._child = os.fork()
        except OSError:
            os.close(self._answer)
            os.close(told)
            raise
        if self._child == 0:
            os.close(self._answer)  # so that it is seen that nobody reads any more
            _tell_directories(told, root, make_rules)
        os.close(told)
        self._is_closed = False

    def directories(self) -> dict[str, int] | None:
        """As ``walk.walk_directories``; None if that was not told, or is no longer of use. Blocks. Closes this."""
        answer = self._read()
        self.close()
        try:
            found: dict[str, int] = marshal.loads(answer)  # noqa: S302 - of its own fork
        except (EOFError, ValueError, TypeError):  # cut short: it ran into something, as who walks next will
            return None
        return found

    def close(self) -> None:
        """End the fork, if it still runs. Again if you like."""
        if self._is_closed:
            return
        self._is_closed = True
        os.close(self._answer)
        os.kill(self._child, signal.SIGKILL)  # it is there, or waits to be waited for
        # Not waited for here: on a disk that hangs the kernel ends it when that answers.
        with suppress(RuntimeError):  # no thread to be had: it is waited for when this process ends
            Thread(target=os.waitpid, args=(self._child, 0), name="walk-reaper", daemon=True).start()

    def _read(self) -> bytes:
        """All that is told while it is of use."""
        poll = select.poll()
        poll.register(self._answer, select.POLLIN)
        answer = bytearray()
        while (left_s := self._good_until_s - time.monotonic()) > 0 and poll.poll(1000 * left_s):
            part = os.read(self._answer, _READ_BYTES)
            if not part:
                return bytes(answer)
            answer += part
        return b""


def _tell_directories(told: int, root: Path, make_rules: Callable[[], SourceRules]) -> NoReturn:
    """In the fork, of which nothing else must be left to run."""
    try:
        from remora_hub.discovery.walk import walk_directories

        with open(told, "wb") as answer:
            marshal.dump(walk_directories(root, make_rules()), answer)
    finally:  # whatever it ran into, who walks next will run into it and can say so
        os._exit(0)
