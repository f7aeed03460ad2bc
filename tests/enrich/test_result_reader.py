"""Single results, read while the database comes, changes and goes."""

from __future__ import annotations

from pathlib import Path

import pytest

from remora_hub.enrich.batches import Batch, Finished
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.result_reader import ResultReader, StoredResult
from remora_hub.enrich.task_store import TaskStore
from remora_hub.errors import StoreError


def write(database: EnrichDatabase, result: str, model: str = "m") -> None:
    store: TaskStore[str] = TaskStore(
        database, "t", model=model, prompt_version="1", encode=str.encode, decode=bytes.decode
    )
    store.write(Batch(0, (Finished(0, "key", f"digest of {result}", result),)))


def test_the_latest_result_of_a_key_is_read_whichever_model_made_it(tmp_path: Path) -> None:
    path = tmp_path / "enrich.db"
    reader = ResultReader(path)
    assert reader.latest("t", "key") is None
    assert not path.exists()
    with EnrichDatabase(path) as database:
        assert reader.latest("t", "key") is None
        write(database, "one")
        assert reader.latest("t", "key") == StoredResult("m", "digest of one", b"one")
        write(database, "two", model="n")
        assert reader.latest("t", "key") == StoredResult("n", "digest of two", b"two")
        assert reader.latest("other", "key") is None


def test_a_write_under_way_holds_nobody_up(tmp_path: Path) -> None:
    with EnrichDatabase(tmp_path / "enrich.db") as database:
        write(database, "one")
        reader = ResultReader(tmp_path / "enrich.db")
        with database.transaction("write on and on") as connection:
            connection.execute("DELETE FROM hub_enrich_results")
            found = reader.latest("t", "key")
            assert found is not None
            assert found.body == b"one"
        assert reader.latest("t", "key") is None


def test_a_file_that_is_replaced_is_opened_anew_and_one_that_is_damaged_is_told(tmp_path: Path) -> None:
    path, other = tmp_path / "enrich.db", tmp_path / "other.db"
    reader = ResultReader(path)
    for place, result in ((path, "one"), (other, "two")):
        with EnrichDatabase(place) as database:
            write(database, result)
    assert reader.latest("t", "key") is not None
    other.rename(path)
    found = reader.latest("t", "key")
    assert found is not None
    assert found.body == b"two"
    path.unlink()
    assert reader.latest("t", "key") is None
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StoreError):
        reader.latest("t", "key")
