"""Names by their spelling, from all files at once: for who asks while the first index is being made.

Processes of their own read the files, beside the lanes: the first search has an answer in the time that takes, about a
tenth of what the index takes.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from remora_hub.logs import get_logger

_PROGRAM = "from remora_hub.pipeline.spelling_main import main; main()"

log = get_logger(__name__)


class SpelledFile(NamedTuple):
    """``suffixes`` has a line for each name, ``places`` is as in ``facts.PackedFile``."""

    path: str
    suffixes: str
    places: str


_decode = msgspec.msgpack.Decoder(list[SpelledFile]).decode


async def spell(root: Path, paths: Sequence[str], max_bytes: int, processes: int) -> list[SpelledFile]:
    """The names in the files at ``paths``; those that cannot be read are left out. Ends its processes if cancelled."""
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
