"""Names by their spelling, from all files at once: for who asks while the first index is being made.

Processes of their own read the files: the first search has an answer in the time that takes, about a tenth of what the
index takes. Few files are read here and now, in less time than a process takes to start.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Awaitable, Sequence
from pathlib import Path

import msgspec

from remora_hub.logs import get_logger
from remora_hub.pipeline.spelled_files import SpelledFile, read_names

_FEW_FILES = 500
_SOON_S = 0.01  # few files are found within it
_PROGRAM = "from remora_hub.pipeline.spelling_main import main; main()"

log = get_logger(__name__)


_decode = msgspec.msgpack.Decoder(list[SpelledFile]).decode


async def spell(
    root: Path, paths: Awaitable[Sequence[str]], max_bytes: int, processes: int
) -> list[SpelledFile]:
    """The names in the files at ``paths``; those that cannot be read are left out. Ends its processes if cancelled.

    Where the paths take long to find there are many, and processes start meanwhile. Raises what ``paths`` raises.
    """
    finding = asyncio.ensure_future(paths)
    try:
        await asyncio.wait((finding,), timeout=_SOON_S)
        if finding.done() and len(found := finding.result()) <= _FEW_FILES:
            return await asyncio.to_thread(lambda: list(read_names(root, found, max_bytes)))
        shares = (_spell(root, finding, number, processes, max_bytes) for number in range(processes))
        read = await asyncio.gather(*shares)
    finally:
        if finding.done() and not finding.cancelled():
            finding.exception()  # whoever waited for it has raised it
        finding.cancel()
    return [file for files in read for file in files]


async def _spell(
    root: Path, finding: asyncio.Future[Sequence[str]], number: int, processes: int, max_bytes: int
) -> list[SpelledFile]:
    """The share of one process."""
    command = (sys.executable, "-P", "-c", _PROGRAM, str(os.getpid()), str(root), str(max_bytes))
    try:
        # Not by asyncio: uvloop forks, which takes 15 ms of the event loop where the hub is large, this a tenth.
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd="/")  # noqa: ASYNC220
    except OSError as error:  # no process to be had: what is searched for is found when its file is indexed
        log.debug("spelling.failed", reason=str(error))
        return []
    try:
        paths = await asyncio.shield(finding)
        share = msgspec.msgpack.encode(paths[number::processes])
        return await asyncio.to_thread(_answer_of, process, share)
    except BaseException:
        process.kill()
        # Not here: on a disk that hangs the kernel ends it when that answers.
        threading.Thread(target=process.wait, name="spelling-reaper", daemon=True).start()
        raise


def _answer_of(process: subprocess.Popen[bytes], paths: bytes) -> list[SpelledFile]:
    output, _ = process.communicate(paths)
    if process.returncode:
        log.debug("spelling.failed", reason=f"exit code {process.returncode}")
        return []
    return _decode(output)
