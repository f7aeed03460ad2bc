"""Search by meaning, names and text over the index as it stands, in a thread of its own."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from remora_hub.answers import SearchHit, SearchReason, SearchResults
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.model import EmbeddingModel, model_for, model_name
from remora_hub.enrich.embed.ranking import CANDIDATES, Question, rank
from remora_hub.enrich.embed.vector_index import EXACT_UP_TO, VectorIndex
from remora_hub.errors import HubError, StoreError
from remora_hub.model_names import module_name
from remora_hub.query.node_words import node_words
from remora_hub.query.path_filter import path_filter
from remora_hub.query.words import telling_words
from remora_hub.store.index_reader import batches
from remora_hub.store.keys import node_key
from remora_hub.store.reader import Reader
from remora_hub.store.word_index import Wanted, WordIndex, accepted

if TYPE_CHECKING:
    from remora_hub.config import EmbedConfig
    from remora_hub.enrich.embed.ranking import Ranked
    from remora_hub.enrich.embed.vectors import Vector
    from remora_hub.store.changes import Commit
    from remora_hub.store.node_state_store import NodeStateStore

IDLE_S = 600.0
_NOTHING_EMBEDDED = "nothing is embedded yet: found by names and text alone (remora-hub enrich embed)"
_ABOUT_TESTS = re.compile(r"\btest", re.IGNORECASE)

Result = TypeVar("Result")


class Search:
    """Answers in the state of the latest commit; close it before the store. What it holds in memory (words, vectors,
    the model) is made at the first search and dropped after ten idle minutes, when ``drop_if_idle`` is called.
    """

    def __init__(
        self,
        store: NodeStateStore,
        enrich_database: Path,
        config: EmbedConfig,
        *,
        follows: bool = True,
        exact_up_to: int = EXACT_UP_TO,
    ) -> None:
        """``follows`` commits, which a store that nothing changes has none of. ``exact_up_to``: of ``VectorIndex``."""
        self._store_path = store.path
        self._database_path = enrich_database
        self._config = config
        self._exact_up_to = exact_up_to
        self._model: EmbeddingModel | None = None
        self._words: WordIndex | None = None
        self._vectors: VectorIndex | None = None
        self._database: EnrichDatabase | None = None
        self._reader: Reader | None = None
        self._changed: set[str] = set()
        self._changed_lock = threading.Lock()
        self._used_s = time.monotonic()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="search")
        if follows:
            store.add_listener(self._on_commit)

    async def search(self, query: str, *, kind: str | None, path: str | None, limit: int) -> SearchResults:
        """The ``limit`` nodes that answer ``query`` best, of one kind, below a path. Raises StoreError."""
        self._used_s = time.monotonic()
        vectors, note = await self._in_thread(self._ready)
        vector: Vector | None = None
        if note is None:
            vector, note = await self._vector_of(query)
        wanted = Wanted(kind, path_filter(path) if path else None)
        question = Question(_ABOUT_TESTS.search(query) is not None, wanted, limit)
        hits = await self._in_thread(partial(self._search, query, question, vectors, vector))
        return SearchResults(hits, note)

    async def wait_until_built(self) -> None:
        """Return once a large index is searched as one. For who would rather wait: measurements and tests."""
        if self._vectors is not None:
            await self._in_thread(self._vectors.wait_until_built)

    @property
    def holds_memory(self) -> bool:
        """Whether words, and perhaps vectors and a model, are in memory."""
        return self._words is not None

    async def drop_if_idle(self) -> None:
        """Free the memory if nobody has searched for long."""
        if self.holds_memory and time.monotonic() - self._used_s > IDLE_S:
            await self._in_thread(self._drop)
            await self._close_model()

    async def close(self) -> None:
        """End the search under way; again and again if you like."""
        await asyncio.to_thread(self._thread.shutdown, cancel_futures=True)
        await self._close_model()
        self._drop()
        if self._reader is not None:
            self._reader.close()

    async def _in_thread(self, job: Callable[[], Result]) -> Result:
        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, job)
        except RuntimeError as error:  # the executor's way to say that it was shut down
            raise StoreError("search", str(self._store_path), "it is closed") from error

    async def _vector_of(self, query: str) -> tuple[Vector | None, str | None]:
        """The query's vector, or why there is none: names and text can be searched without."""
        try:
            if self._model is None:
                self._model = model_for(self._config)
            answer = await self._model.embed([query])
        except HubError as error:
            return None, f"found by names and text alone: {error}"
        return answer.value[0], None

    async def _close_model(self) -> None:
        model, self._model = self._model, None
        if model is not None:
            await model.close()

    def _ready(self) -> tuple[VectorIndex | None, str | None]:
        """Bring words and vectors up to date; the vectors, or why there are none."""
        self._refresh_words()
        try:
            if self._vectors is None:
                if not self._database_path.exists():
                    return None, _NOTHING_EMBEDDED
                self._database = EnrichDatabase(self._database_path)
                self._vectors = VectorIndex(
                    self._database, model_name(self._config), exact_up_to=self._exact_up_to
                )
            self._vectors.refresh()
        except HubError as error:
            return None, f"found by names and text alone: {error}"
        return (self._vectors, None) if len(self._vectors) else (None, _NOTHING_EMBEDDED)

    def _refresh_words(self) -> None:
        if self._reader is None:
            self._reader = Reader(self._store_path)
        with self._changed_lock:
            changed, self._changed = self._changed, set()
        words = self._words
        if words is None:
            words, changed = WordIndex(), set(self._reader.paths())
        try:
            for paths in batches(sorted(changed)):
                for path, rows in self._reader.rows_of(paths):
                    words.replace(path, node_words(rows))
        except BaseException:
            with self._changed_lock:
                self._changed |= changed
            raise
        self._words = words

    def _search(
        self, query: str, question: Question, vectors: VectorIndex | None, vector: Vector | None
    ) -> list[SearchHit]:
        words = self._words
        if words is None:  # dropped meanwhile
            self._refresh_words()
            return self._search(query, question, vectors, vector)
        asked = telling_words(query)
        hits = accepted(words.search(asked), question.wanted.accepts, CANDIDATES)
        similar = vectors.search(vector) if vectors is not None and vector is not None else None
        ranked = rank(question, hits, similar, words)
        return [_shown(one, one.reasons(*words.parts_with(asked, one.node))) for one in ranked]

    def _drop(self) -> None:
        words, self._words = self._words, None
        if words is not None:
            words.close()
        vectors, self._vectors = self._vectors, None
        if vectors is not None:
            vectors.close()
        if self._database is not None:
            self._database.close()
            self._database = None

    def _on_commit(self, commit: Commit) -> None:
        """In the writer's thread."""
        with self._changed_lock:
            self._changed.update(commit.files)


def _shown(ranked: Ranked, reasons: list[SearchReason]) -> SearchHit:
    node = ranked.node
    qualname = node.suffix.partition("#")[0]
    name = module_name(node.path) if node.kind == "module" else qualname.rpartition(".")[2]
    return SearchHit(
        name=name,
        kind=node.kind,
        qualname=qualname,
        path=node.path,
        line=node.line,
        column=node.column,
        key=node_key(node.path, node.suffix),
        score=round(ranked.score, 4),
        reasons=reasons,
        docstring=node.docstring,
    )
