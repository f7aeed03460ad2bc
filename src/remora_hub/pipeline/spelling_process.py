"""Processes that read names as they are spelled, in the hub's sight.

The first looks for the files as soon as it runs, long before anybody can ask: a hub that finds no index starts it
before it imports what it needs itself. So this imports little.
"""

from __future__ import annotations

import marshal
import os
import struct
import subprocess
import sys
import threading
from contextlib import ExitStack, suppress
from typing import TYPE_CHECKING, Any, BinaryIO

if TYPE_CHECKING:
    from pathlib import Path

    from remora_hub.config.model import DiscoveryConfig
    from remora_hub.pipeline.spelled_files import SpelledFile

ANSWER_HEADER = struct.Struct("<I")
# Ctrl-C reaches the whole process group; the hub ends its processes.
_PROGRAM = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN); "
_PROGRAM += "from remora_hub.pipeline.spelling_main import main; main()"
_LONGEST_END_S = 10.0  # of processes that read on for 64 files at most
LONGEST_WANTED = 1000  # characters; a pipe holds them, so that who asks need not wait until they are read


class SpellingProcess:
    """``share_count`` processes that read the names in the sources of ``root``; see ``spelling_main``. Close it.

    Raises OSError if there are none to be had.
    """

    def __init__(self, root: Path, discovery: DiscoveryConfig, share_count: int) -> None:
        self._is_closed = False
        with ExitStack() as undoing, ExitStack() as passed_on:
            self._answers: list[BinaryIO] = []
            told: list[int] = []
            for _ in range(share_count):
                answers, write_end = os.pipe()
                self._answers.append(undoing.enter_context(open(answers, "rb")))
                passed_on.callback(os.close, write_end)
                told.append(write_end)
            command = (sys.executable, "-P", "-c", _PROGRAM, str(root), *map(str, told))
            # Not by asyncio: uvloop forks, which takes 15 ms of the event loop where the hub is large, this a tenth.
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, pass_fds=told, cwd="/")
            undoing.pop_all()
        self._send({name: getattr(discovery, name) for name in discovery.__struct_fields__})

    def ask(self, wanted: str) -> None:
        """Have it read the names, first in files that seem to define one with ``wanted`` in it. Once.

        That has at most ``LONGEST_WANTED`` characters.
        """
        self._send(wanted)

    @property
    def share_count(self) -> int:
        """In so many parts it answers."""
        return len(self._answers)

    def answer(self, share: int) -> list[SpelledFile] | None:
        """The next answer of a share; None where that process has ended. Blocks."""
        from remora_hub.pipeline.spelled_files import SpelledFile  # nothing that a start need wait for

        answers = self._answers[share]
        try:
            header = answers.read(ANSWER_HEADER.size)
            body = answers.read(*ANSWER_HEADER.unpack(header))
            return [SpelledFile(*file) for file in marshal.loads(body)]  # noqa: S302 - of its own child
        except (struct.error, EOFError, ValueError):  # cut short, or its pipe closed: it was ended
            return None

    def close(self) -> None:
        """Let it go: all of its processes end, and are waited for by one another. Again if you like.

        Nobody waits for the first: on a disk that hangs the kernel ends it when that answers.
        """
        if not self._is_closed:
            self._is_closed = True
            with suppress(RuntimeError):  # no thread to be had: it is waited for when the hub ends
                threading.Thread(target=self._reap, name="spelling-reaper", daemon=True).start()

    def _send(self, request: Any) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended, as its answer will say
            self._process.stdin.write(marshal.dumps(request))
            self._process.stdin.flush()

    def _reap(self) -> None:
        assert self._process.stdin is not None
        with suppress(OSError):  # what was left to be sent to it
            self._process.stdin.close()
        try:
            self._process.wait(_LONGEST_END_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for answers in self._answers:
            answers.close()
