"""Where summaries are kept: the processor's store, with their text as its bytes."""

from __future__ import annotations

from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.summarize.prompt import PROMPT_VERSION
from remora_hub.enrich.task_store import TaskStore

TASK = "summaries"


def summary_store(database: EnrichDatabase, model: str) -> TaskStore[str]:
    """The summaries that ``model`` made, by the keys of nodes and by digests as ``own_text`` has them."""
    return TaskStore(
        database, TASK, model=model, prompt_version=PROMPT_VERSION, encode=str.encode, decode=bytes.decode
    )
