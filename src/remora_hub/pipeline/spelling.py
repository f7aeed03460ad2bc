"""Names by their spelling, from all files at once: for who asks while the first index is being made.

Processes of their own read the files: the first search has an answer in the time that takes, about a tenth of what the
index takes. Few files are read here and now, in less time than a process takes to start.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from remora_hub.logs import get_logger
from remora_hub.pipeline.spelled_files import SpelledFile, read_names

_FEW_FILES = 500
_PROGRAM = "from remora_hub.pipeline.spelling_main import main; main()"

log = get_logger(__name__)


_decode = msgspec.msgpack.Decoder(list[SpelledFile]).decode


async def spell(root: Path, paths: Sequence[str], max_bytes: int, processes: int) -> list[SpelledFile]:
    """The names in the files at ``paths``; those that cannot be read are left out. Ends its processes if cancelled."""
    if len(paths) <= _FEW_FILES:
        return await asyncio.to_thread(lambda: list(read_names(root, paths, max_bytes)))
    shares = [share for number in range(processes) if (share := paths[number::processes])]
    found = await asyncio.gather(*(_spell(root, share, max_bytes) for share in shares))
    return [file for files in found for file in files]


async def _spell(root: Path, paths: Sequence[str], max_bytes: int) -> list[SpelledFile]:
    pipe = asyncio.subprocess.PIPE
    command = (sys.executable, "-P", "-c", _PROGRAM, str(os.getpid()), str(root), str(max_bytes))
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd="/")
    except OSError as error:  # no process to be had: what is searched for is found when its file is indexed
        log.debug("spelling.failed", reason=str(error))
        return []
    try:
        output, _ = await process.communicate(msgspec.msgpack.encode(list(paths)))
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        log.debug("spelling.failed", reason=f"exit code {process.returncode}")
        return []
    return await asyncio.to_thread(_decode, output)
