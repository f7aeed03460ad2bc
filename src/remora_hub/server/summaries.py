"""The summaries that models wrote, put into answers. Read in the threads of questions, from a database of its own."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec.structs import replace

from remora_hub.answers import Hover, Summary
from remora_hub.errors import StoreError
from remora_hub.logs import get_logger
from remora_hub.query.index import Index

if TYPE_CHECKING:
    from remora_hub.enrich.summarize.reading import SummaryReader

_log = get_logger(__name__)


class Summaries:
    """Those of one hub; for any thread. Where nobody has made any there is no file, and looking costs next to nothing.

    That they cannot be read keeps nobody from an answer: it comes without, and the log says why.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    @property
    def are_there(self) -> bool:
        """Whether there is anything to look in."""
        return self._path.exists()

    def of(self, index: Index, key: str | None) -> Summary | None:
        """The summary of a node; None where there is none, or no node."""
        if key is None or not self.are_there:
            return None
        try:
            return self._reader.summary(index, key)
        except StoreError as error:
            _log.warning("summaries.not_read", reason=error.problem)
            return None

    def added_to(self, index: Index, hover: Hover | None) -> Hover | None:
        """What is shown of a name, with the summary of what it names."""
        if hover is None or (summary := self.of(index, hover.definition.key)) is None:
            return hover
        return replace(hover, summary=summary)

    @cached_property
    def _reader(self) -> SummaryReader:
        from remora_hub.enrich.summarize.reading import (
            SummaryReader,
        )  # 50 ms, where there is anything to read

        return SummaryReader(self._path)
