"""Where summaries are kept: the processor's store, with their text as its bytes."""

from __future__ import annotations

from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.summarize.prompt import PROMPT_VERSION
from remora_hub.enrich.task_store import TaskStore
from remora_hub.store.keys import NODE_PREFIX
from remora_hub.store.reader import Reader

TASK = "summaries"


def summary_store(database: EnrichDatabase, model: str) -> TaskStore[str]:
    """The summaries that ``model`` made, by the keys of nodes and by digests as ``own_text`` has them."""
    return TaskStore(
        database, TASK, model=model, prompt_version=PROMPT_VERSION, encode=str.encode, decode=bytes.decode
    )


def forget_gone(store: TaskStore[str], reader: Reader) -> None:
    """Remove the summaries of nodes that are gone. The cache keeps their text, should they come back, or have moved.

    Raises StoreError.
    """
    present = set(reader.list_keys(NODE_PREFIX))
    gone = [key for key, _, _ in store.results() if key not in present]
    if gone:
        store.forget(gone)
