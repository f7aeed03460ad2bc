"""Extraction of texts that are not on disk, beside that of files: in the same lanes, from threads of its own."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from remora_hub.errors import LaneError
from remora_hub.facts import PackedFile
from remora_hub.logs import get_logger
from remora_hub.pipeline.lane import Request
from remora_hub.pipeline.lanes import ParseLanes

_THREADS = 2  # those that index are busy for long at a cold start

log = get_logger(__name__)


class UnsavedTexts:
    """What editors have open and not saved. Close the lanes first, so that no thread waits for one."""

    def __init__(self, lanes: ParseLanes) -> None:
        self._lanes = lanes
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="unsaved")

    async def extract(self, path: str, data: bytes) -> PackedFile | None:
        """The facts of ``data`` as if it were the file at ``path``; None if no lane could make any."""
        loop = asyncio.get_running_loop()
        try:
            return await loop.run_in_executor(self._threads, self._extract, path, data)
        except LaneError as error:
            log.warning("unsaved.not_extracted", path=path, reason=str(error))
            return None
        except RuntimeError:  # the executor's way to say that it was shut down
            return None

    def close(self) -> None:
        """Begin nothing more."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _extract(self, path: str, data: bytes) -> PackedFile | None:
        [(_, outcome)] = self._lanes.extract([Request(path, data)])
        return outcome if isinstance(outcome, PackedFile) else None
