"""Names for searches while the first index is being made: read by their spelling once somebody asks.

Who asks then has the machine: the first index waits for the fraction of its time that the names take. The first to ask
do not even wait for that: the names that hold what they ask for are looked for before all others.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from remora_hub.errors import HubError
from remora_hub.logs import get_logger
from remora_hub.pipeline.spelling import spell
from remora_hub.pipeline.spelling_process import SpellingProcess
from remora_hub.query.name_match import fold
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.query.symbols import asked_name
from remora_hub.store.index_reader import FileSymbols

_LONGEST_READING_S = 30.0

log = get_logger(__name__)


class FirstNames:
    """``over`` tells it that nothing has to be indexed any more; ``rests`` is set while it reads nothing.

    ``start`` starts what reads the names, unless that is ``started`` already.
    """

    def __init__(
        self,
        symbols: SymbolSearch,
        start: Callable[[], SpellingProcess],
        started: SpellingProcess | None = None,
    ) -> None:
        self._symbols = symbols
        self._start = start
        self._started = started
        self._reading: asyncio.Task[None] | None = None
        self._is_over = False
        self._wanted = ""
        self._glimpse = asyncio.Event()
        self.rests = asyncio.Event()
        self.rests.set()

    async def over(self) -> None:
        """Nothing has to be indexed any more: forget what is left of the names."""
        self.close()
        await self._symbols.forget_spelled()

    async def glimpsed(self, query: str) -> bool:
        """Return once a search finds the names that hold what ``query`` asks for, or all; whether it is only those.

        Of those that match in another way it may find none yet.
        """
        name = asked_name(query)
        if self._reading is None and not self._is_over:
            self._begin(name)
        reading = self._reading
        if reading is None or not self._wanted or self._wanted not in fold(name):
            return False
        glimpse = asyncio.create_task(self._glimpse.wait())
        try:
            await asyncio.wait((reading, glimpse), return_when=asyncio.FIRST_COMPLETED)
        finally:
            glimpse.cancel()
        return not reading.done()

    async def offered(self) -> None:
        """Return once a search finds the names of all files, be it by their spelling, or that cannot be had."""
        if self._reading is None and not self._is_over:
            self._begin("")
        if self._reading is not None:
            await asyncio.wait((self._reading,))

    def close(self) -> None:
        """Read no more, and let nobody wait."""
        self._is_over = True
        if self._reading is not None:
            self._reading.cancel()
        if self._started is not None:
            self._started.close()
            self._started = None

    def _begin(self, name: str) -> None:
        self._wanted = fold(name)
        self.rests.clear()
        self._reading = asyncio.create_task(self._read())
        self._reading.add_done_callback(lambda _: self.rests.set())

    async def _read(self) -> None:
        try:
            process, self._started = self._started or self._start(), None
            async with (
                asyncio.timeout(_LONGEST_READING_S),
                aclosing(spell(process, self._wanted)) as spelling,
            ):
                async for files in spelling:
                    await self._symbols.take_spelled([FileSymbols(*file) for file in files])
                    self._glimpse.set()
        except TimeoutError:  # whatever holds it up, a disk that hangs, must not hold up the index
            log.debug("spelling.failed", reason=f"not within {_LONGEST_READING_S:g} s")
        except (HubError, OSError) as error:
            # No process to be had, or a store in trouble: what is searched for is found when its file is indexed.
            log.debug("spelling.failed", reason=str(error))
