"""What one task (embeddings, summaries) keeps in the database: sink, cache and history of its runs in one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Generic, NamedTuple, TypeVar

import msgspec

from remora_hub.enrich.batches import Batch
from remora_hub.enrich.database import Connection, EnrichDatabase
from remora_hub.enrich.failures import ItemError
from remora_hub.enrich.history import begin_run, end_run
from remora_hub.enrich.persistence import RunStatus
from remora_hub.enrich.report import Report

Result = TypeVar("Result")
Rows = Iterable[tuple[Any, ...]]

_PUT_BODY = """
INSERT INTO hub_enrich_cache (task, model, prompt_version, digest, body, made_at) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (task, model, prompt_version, digest) DO UPDATE SET body = excluded.body, made_at = excluded.made_at
WHERE body IS NOT excluded.body
"""
_PUT_RESULT = """
INSERT INTO hub_enrich_results (task, key, cache_id, run_id, stored_at)
SELECT task, ?, id, ?, ? FROM hub_enrich_cache WHERE task = ? AND model = ? AND prompt_version = ? AND digest = ?
ON CONFLICT (task, key) DO UPDATE
SET cache_id = excluded.cache_id, run_id = excluded.run_id, stored_at = excluded.stored_at
"""
_RESULTS = """
SELECT result.key, cache.digest, cache.body
FROM hub_enrich_results AS result JOIN hub_enrich_cache AS cache ON cache.id = result.cache_id
WHERE result.task = ? AND cache.model = ? AND cache.prompt_version = ?
"""
_RESULTS_OF_KEYS = f"{_RESULTS} AND result.key IN (SELECT value FROM json_each(?))"  # noqa: S608  # constants
_RESULTS_SORTED = f"{_RESULTS} ORDER BY result.key"
_VERSIONS = """
SELECT result.key, cache.digest, cache.id, cache.made_at
FROM hub_enrich_results AS result JOIN hub_enrich_cache AS cache ON cache.id = result.cache_id
WHERE result.task = ? AND cache.model = ? AND cache.prompt_version = ?
"""
_CACHED = """
SELECT digest, body FROM hub_enrich_cache
WHERE task = ? AND model = ? AND prompt_version = ? AND digest IN (SELECT value FROM json_each(?))
"""


class ResultVersion(NamedTuple):
    """``digest`` is that of what the result was made from; the others change when it is made again."""

    digest: str
    cache_id: int
    made_at: float


class TaskStore(Generic[Result]):
    """A ``Sink``, a ``Cache`` and a ``History``.

    Results of another model or prompt version are not seen; storing a key's result replaces those. ``encode`` and
    ``decode`` turn a result into bytes and back. All methods raise StoreError.
    """

    def __init__(
        self,
        database: EnrichDatabase,
        task: str,
        *,
        model: str,
        prompt_version: str,
        encode: Callable[[Result], bytes],
        decode: Callable[[bytes], Result],
    ) -> None:
        self._database = database
        self._variant = (task, model, prompt_version)
        self._encode = encode
        self._decode = decode
        self._run_id: int | None = None

    def stored(self, wanted: Mapping[str, str]) -> Mapping[str, Result]:
        """Of ``wanted``, digests by key, the results that are stored for that very digest."""
        keys = msgspec.json.encode(list(wanted)).decode()
        with self._database.reading("read results") as connection:
            rows: Rows = connection.execute(_RESULTS_OF_KEYS, (*self._variant, keys))
            return {key: self._decode(body) for key, digest, body in rows if wanted[key] == digest}

    def write(self, batch: Batch[Result]) -> None:
        """Store a batch in one transaction."""
        now = time.time()
        with self._database.transaction("store results") as connection:
            for item in batch.items:
                if not isinstance(item.result, ItemError):
                    self._put_body(connection, item.digest, item.result, now)
                    connection.execute(
                        _PUT_RESULT, (item.key, self._run_id, now, *self._variant, item.digest)
                    )
            if self._run_id is not None:
                counts = (self._run_id, batch.number, len(batch.items), batch.failed, now)
                connection.execute("INSERT INTO hub_enrich_batches VALUES (?, ?, ?, ?, ?)", counts)

    def get(self, digests: set[str]) -> Mapping[str, Result]:
        """What was made from these digests before, under whichever keys."""
        wanted = msgspec.json.encode(sorted(digests)).decode()
        with self._database.reading("read the cache") as connection:
            rows: Rows = connection.execute(_CACHED, (*self._variant, wanted))
            return {digest: self._decode(body) for digest, body in rows}

    def put(self, results: Mapping[str, Result]) -> None:
        """Keep results by digest, in one transaction."""
        now = time.time()
        with self._database.transaction("write the cache") as connection:
            for digest, result in results.items():
                self._put_body(connection, digest, result, now)

    def begin_run(self) -> None:
        """A run begins, and those of dead processes were interrupted."""
        self._run_id = begin_run(self._database, *self._variant)

    def end_run(self, status: RunStatus, report: Report) -> None:
        """It is over."""
        assert self._run_id is not None, "begin_run comes first"
        end_run(self._database, self._run_id, status, report)
        self._run_id = None

    def results(self) -> Iterator[tuple[str, str, Result]]:
        """Key, digest and result of everything stored, sorted by key."""
        with self._database.reading("read results") as connection:
            rows: Rows = connection.execute(_RESULTS_SORTED, self._variant).fetchall()
        return ((key, digest, self._decode(body)) for key, digest, body in rows)

    def versions(self) -> dict[str, ResultVersion]:
        """Of everything stored, by key, what tells whether it is another result than before."""
        with self._database.reading("read results") as connection:
            rows: Rows = connection.execute(_VERSIONS, self._variant)
            return {key: ResultVersion(*version) for key, *version in rows}

    def results_of(self, keys: Iterable[str]) -> dict[str, Result]:
        """The results of those of these keys that have one, whatever they were made from."""
        wanted = msgspec.json.encode(list(keys)).decode()
        with self._database.reading("read results") as connection:
            rows: Rows = connection.execute(_RESULTS_OF_KEYS, (*self._variant, wanted))
            return {key: self._decode(body) for key, _, body in rows}

    def forget(self, keys: Iterable[str]) -> None:
        """Remove the results of these keys, whatever model made them; the cache keeps them, should they come back."""
        rows = [(self._variant[0], key) for key in keys]
        with self._database.transaction("remove results") as connection:
            connection.executemany("DELETE FROM hub_enrich_results WHERE task = ? AND key = ?", rows)

    def prune(self, *, unused_s: float) -> int:
        """Remove from the task's cache what no result refers to and was made longer ago; how many that were."""
        with self._database.transaction("prune the cache") as connection:
            connection.execute(
                "DELETE FROM hub_enrich_cache WHERE task = ? AND made_at < ?"
                " AND id NOT IN (SELECT cache_id FROM hub_enrich_results)",
                (self._variant[0], time.time() - unused_s),
            )
            return connection.changes()

    def _put_body(self, connection: Connection, digest: str, result: Result, now: float) -> None:
        connection.execute(_PUT_BODY, (*self._variant, digest, self._encode(result), now))
