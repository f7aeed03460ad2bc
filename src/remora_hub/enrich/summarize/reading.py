"""The summary of a node, for who looks at it."""

from __future__ import annotations

from pathlib import Path

from remora_hub.answers import Summary
from remora_hub.enrich.result_reader import ResultReader
from remora_hub.enrich.summarize.own_text import digest_of
from remora_hub.enrich.summarize.store import TASK
from remora_hub.query.index import Index


class SummaryReader:
    """Of one ``enrich.db``; for any thread. One that is stale is better than none, and says that it is."""

    def __init__(self, path: Path) -> None:
        self._results = ResultReader(path)

    def summary(self, index: Index, key: str) -> Summary | None:
        """The summary of the node as ``index`` has it; None where there is none. Raises StoreError."""
        found = self._results.latest(TASK, key)
        node = None if found is None else index.split_key(key)
        if found is None or node is None:
            return None
        file, suffix = node
        is_stale = found.digest != digest_of(file, file.by_suffix[suffix])
        return Summary(text=found.body.decode(), model=found.model, is_stale=is_stale)
