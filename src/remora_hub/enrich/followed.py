"""How far an enricher has followed what it enriches: where it goes on after a restart."""

from __future__ import annotations

from dataclasses import dataclass

from remora_hub.enrich.database import EnrichDatabase


@dataclass(frozen=True, slots=True)
class Position:
    """All up to commit ``sequence`` of the index ``index_id`` was done by ``variant``, a model and its prompt."""

    variant: str
    index_id: str
    sequence: int


def read_position(database: EnrichDatabase, task: str) -> Position | None:
    """Where ``task`` has got to; None if it never came to an end. Raises StoreError."""
    with database.reading("read how far enrichment is") as connection:
        row = connection.execute(
            "SELECT variant, index_id, sequence FROM hub_enrich_followed WHERE task = ?", (task,)
        ).fetchone()
    return None if row is None else Position(*row)


def store_position(database: EnrichDatabase, task: str, position: Position) -> None:
    """Remember where ``task`` has got to. Raises StoreError."""
    with database.transaction("store how far enrichment is") as connection:
        connection.execute(
            "INSERT OR REPLACE INTO hub_enrich_followed (task, variant, index_id, sequence) VALUES (?, ?, ?, ?)",
            (task, position.variant, position.index_id, position.sequence),
        )
