"""Names by their spelling, from all files at once: for who asks while the first index is being made.

Processes of their own read the files, first those that seem to define what is asked for, then all: the first search has
an answer in a fraction of the time that the index takes. Few files are read here and now, in less time than a process
takes to start.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import struct
import subprocess
import sys
import threading
from collections.abc import AsyncGenerator, Awaitable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from remora_hub.extract.spelled_names import definitions_of
from remora_hub.logs import get_logger
from remora_hub.pipeline.spelled_files import SpelledFile, read_names
from remora_hub.pipeline.spelling_main import ANSWER_HEADER

_FEW_FILES = 500
_SOON_S = 0.01  # few files are found within it
_PROGRAM = "from remora_hub.pipeline.spelling_main import main; main()"

log = get_logger(__name__)


async def spell(
    root: Path, paths: Awaitable[Sequence[str]], wanted: str, max_bytes: int, processes: int
) -> AsyncGenerator[list[SpelledFile]]:
    """Yield the names in those of the files at ``paths`` that seem to define a name with ``wanted`` in it, then in all.

    Only in all where the former cannot be told (``definitions_of``). Files that cannot be read are left out. Ends its
    processes if it is closed. Where the paths take long to find there are many, and processes start meanwhile. Raises
    what ``paths`` raises.
    """
    finding = asyncio.ensure_future(paths)
    shares: list[_Share] = []
    threads = ThreadPoolExecutor(
        processes, thread_name_prefix="spelling"
    )  # of its own: each is blocked for long
    try:
        await asyncio.wait((finding,), timeout=_SOON_S)
        if finding.done() and len(found := finding.result()) <= _FEW_FILES:
            yield await asyncio.to_thread(lambda: list(read_names(root, found, max_bytes)))
            return
        try:
            shares += (_Share(root, max_bytes) for _ in range(processes))
        except OSError as error:  # none to be had: what is searched for is found when its file is indexed
            log.debug("spelling.failed", reason=str(error))
        found = await finding
        for number, share in enumerate(shares):
            share.ask(wanted, found[number :: len(shares)])
        first = await _answers(shares, threads)
        if first and None not in first and definitions_of(wanted) is not None:
            yield [file for files in first for file in files or ()]
        yield [file for files in await _answers(shares, threads) for file in files or ()]
    finally:
        threads.shutdown(wait=False)
        for share in shares:
            share.end()
        if finding.done() and not finding.cancelled():
            finding.exception()  # whoever waited for it has raised it
        finding.cancel()


async def _answers(shares: Sequence[_Share], threads: ThreadPoolExecutor) -> list[list[SpelledFile] | None]:
    in_thread = asyncio.get_running_loop().run_in_executor
    return await asyncio.gather(*(in_thread(threads, share.answer) for share in shares))


class _Share:
    """A process that reads some of the files. Raises OSError if there is none to be had."""

    def __init__(self, root: Path, max_bytes: int) -> None:
        command = (sys.executable, "-P", "-c", _PROGRAM, str(os.getpid()), str(root), str(max_bytes))
        # Not by asyncio: uvloop forks, which takes 15 ms of the event loop where the hub is large, this a tenth.
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")

    def ask(self, wanted: str, paths: Sequence[str]) -> None:
        """Have it read these files; the request is larger than what it may be late to take."""
        request = marshal.dumps((wanted, list(paths)))
        threading.Thread(target=self._send, args=(request,), name="spelling-request", daemon=True).start()

    def answer(self) -> list[SpelledFile] | None:
        """Its next answer; None where it has ended. Blocks."""
        assert self._process.stdout is not None
        try:
            header = self._process.stdout.read(ANSWER_HEADER.size)
            body = self._process.stdout.read(*ANSWER_HEADER.unpack(header))
            return [SpelledFile(*file) for file in marshal.loads(body)]  # noqa: S302 - of its own child
        except (struct.error, EOFError, ValueError) as error:  # cut short, or its pipe closed: it was ended
            log.debug("spelling.failed", reason=f"exit code {self._process.poll()}: {error}")
            return None

    def end(self) -> None:
        """End it, if it has not. Nobody waits for it: on a disk that hangs the kernel does so when that answers."""
        self._process.kill()
        threading.Thread(target=self._reap, name="spelling-reaper", daemon=True).start()

    def _reap(self) -> None:
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            assert pipe is not None
            with suppress(OSError):  # what was left to be sent to it
                pipe.close()

    def _send(self, request: bytes) -> None:
        assert self._process.stdin is not None
        with suppress(OSError, ValueError):  # it has ended, as its answer will say
            self._process.stdin.write(request)
            self._process.stdin.close()
