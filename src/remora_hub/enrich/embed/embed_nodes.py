"""Brings vectors level with the index: new and changed nodes are embedded, moved ones keep theirs, those gone go."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.embed.model import EmbeddingModel
from remora_hub.enrich.embed.node_text import TEXT_VERSION, NodeText, moved_as, node_texts, said_by
from remora_hub.enrich.embed.vectors import pack
from remora_hub.enrich.failures import ItemError, RefusedError
from remora_hub.enrich.job import Job, Options
from remora_hub.enrich.persistence import Persistence
from remora_hub.enrich.progress import ProgressCallback
from remora_hub.enrich.report import Report
from remora_hub.enrich.run import run_job
from remora_hub.enrich.task_store import TaskStore
from remora_hub.enrich.work_queue import Priority
from remora_hub.store.index_reader import batches
from remora_hub.store.keys import split_node_key

if TYPE_CHECKING:
    from remora_hub.enrich.database import EnrichDatabase
    from remora_hub.store.reader import Reader

TASK = "embed"
_KEPT_UNUSED_S = 30 * 86_400.0  # a branch that is switched to and fro finds its vectors again
_MOST_REASONS = 3


@dataclass(frozen=True, slots=True)
class Embedded:
    """``report`` is that of the run; ``moved`` nodes kept the vector they had elsewhere, ``removed`` ones are gone.

    ``failures`` are the different reasons why nodes have no vector, a few of them.
    """

    report: Report
    moved: int
    removed: int
    failures: tuple[str, ...]


def vector_store(database: EnrichDatabase, model_name: str) -> TaskStore[bytes]:
    """The vectors of one model, packed, by the keys of nodes."""
    return TaskStore(
        database, TASK, model=model_name, prompt_version=TEXT_VERSION, encode=bytes, decode=bytes
    )


async def embed_nodes(
    reader: Reader,
    database: EnrichDatabase,
    model: EmbeddingModel,
    *,
    paths: Sequence[str] | None = None,
    first_paths: AbstractSet[str] = frozenset(),
    options: Options | None = None,
    progress_name: str | None = None,
    on_progress: ProgressCallback | None = None,
    control: RunControl | None = None,
) -> Embedded:
    """Embed the nodes of all files, or of ``paths``, those of files that are gone included; of ``first_paths`` first.

    ``options`` say what to skip or do again; how many calls are made at a time is the model's. The reader is used by
    one thread at a time. Raises StoreError, ConfigError, and RefusedError where no call can succeed.
    """
    await model.prepare()  # what is missing is one error, not one for each node
    store = vector_store(database, model.name)
    known = {key: version.digest for key, version in (await asyncio.to_thread(store.versions)).items()}
    texts = await asyncio.to_thread(_texts, reader, paths)
    keys = {text.key for text in texts}
    gone = {key: digest for key, digest in known.items() if key not in keys and _is_among(key, paths)}
    options = options or Options()
    items = texts if options.redo else _with_known_digests(texts, known, gone)

    control = control or RunControl()
    refused: list[RefusedError] = []

    async def embed(group: Sequence[NodeText]) -> Answer[Sequence[bytes | Exception]]:
        try:
            answer = await model.embed([text.text for text in group])
        except RefusedError as error:
            refused.append(error)
            control.cancel()
            raise
        return Answer([pack(row) for row in answer.value], answer.tokens)

    calls = model.most_texts * model.max_workers
    results = await run_job(
        Job(
            items=items,
            process_group=embed,
            estimate_tokens=lambda text: text.estimated_tokens,
            priority=lambda text: Priority.CHANGED if text.path in first_paths else Priority.REST,
            topic=lambda text: text.path,
            limiter_name=model.provider,
            provider=model.provider,
            limits=model.limits,
            progress_name=progress_name,
            on_progress=on_progress,
            options=replace(options, max_workers=model.max_workers, max_items_per_call=model.most_texts),
            persistence=Persistence(
                sink=store,
                key=lambda text: text.key,
                digest=lambda text: text.digest,
                cache=store,
                history=store,
                max_unstored=max(100, 2 * calls),
            ),
            control=control,
        )
    )
    if refused:
        raise refused[0]
    await asyncio.to_thread(_remove, store, list(gone))
    left = set(gone.values())
    moved = sum(item.digest in left and known.get(item.key) != item.digest for item in items)
    reasons = dict.fromkeys(result.reason for result in results if isinstance(result, ItemError))
    return Embedded(results.report, moved, len(gone), tuple(reasons)[:_MOST_REASONS])


def _texts(reader: Reader, paths: Sequence[str] | None) -> list[NodeText]:
    wanted = reader.paths() if paths is None else paths
    return [text for some in batches(wanted) for _, rows in reader.rows_of(some) for text in node_texts(rows)]


def _with_known_digests(
    texts: Sequence[NodeText], known: Mapping[str, str], gone: Mapping[str, str]
) -> list[NodeText]:
    """Each text under the digest its vector is stored under, if it has one, here or in the place it came from."""
    from_elsewhere = {moved_as(digest): digest for digest in gone.values()}
    found = []
    for text in texts:
        digest = known.get(text.key, "")
        if said_by(digest) != said_by(text.digest):
            digest = from_elsewhere.get(moved_as(text.digest), text.digest)
        found.append(text._replace(digest=digest))
    return found


def _is_among(key: str, paths: Sequence[str] | None) -> bool:
    named = split_node_key(key)
    return paths is None or (named is not None and named[0] in paths)


def _remove(store: TaskStore[bytes], keys: Sequence[str]) -> None:
    if keys:
        store.forget(keys)
    store.prune(unused_s=_KEPT_UNUSED_S)
