"""Names by their spelling, from all files at once: for who asks while the first index is being made.

Processes of their own read the files, first those that seem to define what is asked for, then all: the first search has
an answer in a fraction of the time that the index takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from concurrent.futures import ThreadPoolExecutor

from remora_hub.extract.spelled_names import definitions_of
from remora_hub.logs import get_logger
from remora_hub.pipeline.spelled_files import SpelledFile
from remora_hub.pipeline.spelling_process import LONGEST_WANTED, SpellingProcess

log = get_logger(__name__)


async def spell(process: SpellingProcess, wanted: str) -> AsyncGenerator[list[SpelledFile]]:
    """Yield the names in those files that seem to define a name with ``wanted`` in it, then in all. Closes ``process``.

    Only in all where the former cannot be told (``definitions_of``). Files that cannot be read are left out.
    """
    threads = ThreadPoolExecutor(process.share_count, "spelling")  # of its own: each is blocked for long
    wanted = wanted if len(wanted) <= LONGEST_WANTED else ""
    try:
        process.ask(wanted)
        first = await _answers(process, threads)
        if None not in first and definitions_of(wanted) is not None:
            yield _together(first)
        second = await _answers(process, threads)
        if None in second:
            log.debug("spelling.failed", reason="a process has ended")
        yield _together(second)
    finally:
        threads.shutdown(wait=False)
        process.close()


async def _answers(process: SpellingProcess, threads: ThreadPoolExecutor) -> list[list[SpelledFile] | None]:
    in_thread = asyncio.get_running_loop().run_in_executor
    shares = range(process.share_count)
    return await asyncio.gather(*(in_thread(threads, process.answer, share) for share in shares))


def _together(answers: list[list[SpelledFile] | None]) -> list[SpelledFile]:
    """In the order of their paths, whoever has read them."""
    return sorted(file for files in answers for file in files or ())
