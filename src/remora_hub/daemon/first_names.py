"""Names for searches while the first index is being made: read by their spelling once somebody asks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from remora_hub.pipeline.index_files import Sources
from remora_hub.pipeline.spelling import spell
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store.index_reader import FileSymbols

_FEW_FILES = 500  # are indexed before their names could be read


class FirstNames:
    """``walked`` tells it what is to be indexed, ``over`` that all of it is."""

    def __init__(self, sources: Sources, symbols: SymbolSearch, processes: int) -> None:
        self._sources = sources
        self._symbols = symbols
        self._processes = processes
        self._paths: Sequence[str] = ()
        self._is_known = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    def walked(self, paths: Sequence[str]) -> None:
        """These files are to be indexed."""
        self._paths = paths if len(paths) > _FEW_FILES else ()
        self._is_known.set()

    async def over(self) -> None:
        """All that was to be indexed is: forget what is left of the names."""
        self.close()
        await self._symbols.forget_spelled()

    async def offered(self) -> None:
        """Return once a search finds the names of all files, be it by their spelling. Raises StoreError."""
        await self._is_known.wait()
        if not self._paths:
            return
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait((self._reading,))
        if not self._reading.cancelled():
            self._reading.result()

    def close(self) -> None:
        """Read no more, and let nobody wait."""
        self._paths = ()
        self._is_known.set()
        if self._reading is not None:
            self._reading.cancel()

    async def _read(self) -> None:
        files = await spell(self._sources.root, self._paths, self._sources.max_file_bytes, self._processes)
        await self._symbols.take_spelled([FileSymbols(*file) for file in files])
