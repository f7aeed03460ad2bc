"""Sink, cache and history in a real file, and runs that use them."""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import apsw
import pytest

from remora_hub.enrich import (
    BadAnswerError,
    Category,
    ItemError,
    Job,
    Options,
    Persistence,
    Priority,
    RetryPolicy,
    RunControl,
    history,
    run_job,
)
from remora_hub.enrich.batches import Batch, Finished
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.history import read_history
from remora_hub.enrich.task_store import TaskStore
from remora_hub.errors import ConfigError, NewerIndexError, StoreError

MakeStore = Callable[..., TaskStore[str]]
ITEMS = [f"node{number}" for number in range(350)]


def batch(number: int, *items: tuple[str, str, str | ItemError]) -> Batch[str]:
    return Batch(number, tuple(Finished(place, *item) for place, item in enumerate(items)))


def keep(store: TaskStore[str], **changes: Any) -> Persistence[str, str]:
    """By default an item is its own key, and its digest is derived from it."""
    settings: dict[str, Any] = {"key": str, "digest": lambda item: f"digest of {item}", "cache": store}
    return Persistence(sink=store, history=store, **{**settings, **changes})


class Model:
    """Answers with the item in capitals, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, item: str) -> str:
        self.asked.append(item)
        await asyncio.sleep(0.001)
        return item.upper()


def test_results_are_found_by_key_for_the_digest_they_were_made_from(task_store: MakeStore) -> None:
    store = task_store()
    store.write(batch(0, ("a", "1", "A"), ("b", "2", "B")))
    assert store.stored({"a": "1", "b": "other", "c": "3"}) == {"a": "A"}
    assert list(store.results()) == [("a", "1", "A"), ("b", "2", "B")]


def test_storing_a_key_again_replaces_it(task_store: MakeStore) -> None:
    store = task_store()
    store.write(batch(0, ("a", "1", "A")))
    store.write(batch(0, ("a", "2", "new")))
    store.write(batch(0, ("a", "2", "newer")))
    assert list(store.results()) == [("a", "2", "newer")]


def test_failed_items_are_not_stored(task_store: MakeStore) -> None:
    store = task_store()
    store.write(batch(0, ("a", "1", ItemError(0, Category.PROVIDER, "down", 3)), ("b", "2", "B")))
    assert [key for key, _, _ in store.results()] == ["b"]


def test_another_model_prompt_version_or_task_sees_nothing_of_it(task_store: MakeStore) -> None:
    task_store().write(batch(0, ("a", "1", "A")))
    for other in (task_store(model="n"), task_store(prompt_version="2"), task_store(task="embeddings")):
        assert other.stored({"a": "1"}) == {}
        assert other.get({"1"}) == {}
    task_store(model="n").write(batch(0, ("a", "1", "N")))
    assert task_store().stored({"a": "1"}) == {}
    assert task_store().get({"1"}) == {"1": "A"}


def test_a_batch_that_cannot_be_stored_whole_is_not_stored_at_all(task_store: MakeStore) -> None:
    store = task_store()
    with pytest.raises(TypeError):
        store.write(batch(0, ("a", "1", "A"), ("b", "2", 7)))  # type: ignore[arg-type]  # 7 cannot be encoded
    assert list(store.results()) == []
    assert store.get({"1"}) == {}


def test_what_is_forgotten_stays_in_the_cache_until_it_is_pruned(task_store: MakeStore) -> None:
    store = task_store()
    store.write(batch(0, ("a", "1", "A"), ("b", "2", "B")))
    store.forget(["a"])
    assert [key for key, _, _ in store.results()] == ["b"]
    assert store.get({"1", "2"}) == {"1": "A", "2": "B"}
    assert store.prune(unused_s=3600) == 0
    assert store.prune(unused_s=-1) == 1
    assert store.get({"1", "2"}) == {"2": "B"}


def test_a_newer_or_unreachable_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "enrich.db"
    EnrichDatabase(path).close()
    apsw.Connection(str(path)).pragma("user_version", 99)
    with pytest.raises(NewerIndexError):
        EnrichDatabase(path)
    with pytest.raises(StoreError):
        EnrichDatabase(tmp_path / "missing" / "enrich.db")


@pytest.mark.parametrize("is_database", [True, False])
def test_a_file_that_is_damaged_or_not_the_hubs_is_set_aside(tmp_path: Path, is_database: bool) -> None:
    path = tmp_path / "enrich.db"
    if is_database:
        connection = apsw.Connection(str(path))
        connection.execute("CREATE TABLE theirs (x)")
        connection.close()
    else:
        path.write_bytes(b"no database at all" * 100)
    before = path.read_bytes()
    with EnrichDatabase(path) as database:
        assert read_history(database) == []
    (kept,) = tmp_path.glob("enrich.db.damaged-*")
    assert is_database or kept.read_bytes() == before


def test_a_file_may_be_made_by_many_at_once(tmp_path: Path) -> None:
    for number in range(10):
        with ThreadPoolExecutor(8) as threads:
            databases = list(threads.map(EnrichDatabase, [tmp_path / f"enrich-{number}.db"] * 8))
        for database in databases:
            assert read_history(database) == []
            database.close()


def test_the_latest_runs_are_kept(
    task_store: MakeStore, database: EnrichDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "RUNS_KEPT", 3)
    store = task_store()
    for _ in range(5):
        store.begin_run()
        store.write(batch(0, ("a", "1", "A")))
    assert [record.id for record in read_history(database)] == [5, 4, 3]
    with database.reading("count") as connection:
        assert connection.execute("SELECT count(*) FROM hub_enrich_batches").get == 3


def test_a_run_stores_its_results_in_batches_and_is_remembered(
    task_store: MakeStore, database: EnrichDatabase, name: str
) -> None:
    store = task_store()
    results = run(Job(items=ITEMS, process=Model(), limiter_name=name, persistence=keep(store)))
    assert results == [item.upper() for item in ITEMS]
    assert {key: result for key, _, result in store.results()} == {item: item.upper() for item in ITEMS}
    (record,) = read_history(database)
    assert (record.task, record.model, record.status) == ("summaries", "m", "done")
    assert record.report == results.report
    assert [(written.number, written.items) for written in record.batches] == [
        (0, 100),
        (1, 100),
        (2, 100),
        (3, 50),
    ]


def run(job: Job[Any, Any]) -> Any:
    return asyncio.run(run_job(job))


def test_the_next_run_calls_for_nothing_that_is_done(task_store: MakeStore, name: str) -> None:
    store = task_store()
    run(Job(items=ITEMS, process=Model(), limiter_name=name, persistence=keep(store)))
    model = Model()
    results = run(Job(items=ITEMS, process=model, limiter_name=name, persistence=keep(store)))
    assert results == [item.upper() for item in ITEMS]
    assert model.asked == []
    assert results.report.done_before == len(ITEMS)


def test_after_a_change_the_model_is_called_for_what_changed(task_store: MakeStore, name: str) -> None:
    store = task_store()
    run(Job(items=ITEMS, process=Model(), limiter_name=name, persistence=keep(store)))
    changed = {"node3", "node77", "node300"}
    model = Model()

    def digest(item: str) -> str:
        return f"{'new ' if item in changed else ''}digest of {item}"

    run(Job(items=ITEMS, process=model, limiter_name=name, persistence=keep(store, digest=digest)))
    assert set(model.asked) == changed


def test_what_moved_is_found_by_its_digest(task_store: MakeStore, name: str) -> None:
    store = task_store()
    run(Job(items=ITEMS, process=Model(), limiter_name=name, persistence=keep(store)))
    model = Model()
    moved = keep(store, key=lambda item: f"moved/{item}")
    results = run(Job(items=ITEMS, process=model, limiter_name=name, persistence=moved))
    assert model.asked == []
    assert results.report.cache_hits == len(ITEMS)
    assert len(list(store.results())) == 2 * len(ITEMS)


def test_items_of_one_digest_are_called_for_once(task_store: MakeStore, name: str) -> None:
    store = task_store()
    model = Model()
    same = keep(store, digest=lambda item: item[-1])
    results = run(Job(items=ITEMS, process=model, limiter_name=name, persistence=same))
    assert sorted(model.asked) == [f"node{number}" for number in range(10)]
    assert results == [f"NODE{item[-1]}" for item in ITEMS]
    assert len(list(store.results())) == len(ITEMS)


def test_redo_calls_for_everything(task_store: MakeStore, name: str) -> None:
    store = task_store()
    run(Job(items=ITEMS, process=Model(), limiter_name=name, persistence=keep(store)))
    model = Model()
    options = Options(redo=True)
    run(Job(items=ITEMS, process=model, limiter_name=name, persistence=keep(store), options=options))
    assert sorted(model.asked) == sorted(ITEMS)


def test_what_failed_is_tried_by_the_next_run(task_store: MakeStore, name: str) -> None:
    store = task_store()

    async def process(item: str) -> str:
        if item == "node5":
            raise ValueError("no")
        return item.upper()

    results = run(Job(items=ITEMS, process=process, limiter_name=name, persistence=keep(store)))
    assert isinstance(results[5], ItemError)
    model = Model()
    run(Job(items=ITEMS, process=model, limiter_name=name, persistence=keep(store)))
    assert model.asked == ["node5"]


@pytest.mark.parametrize("has_cache", [True, False])
def test_no_more_is_begun_than_a_crash_may_cost(task_store: MakeStore, name: str, has_cache: bool) -> None:
    store = task_store()
    unstored: set[str] = set()
    most = 0

    async def process(item: str) -> str:
        nonlocal most
        unstored.add(item)
        most = max(most, len(unstored))
        await asyncio.sleep(0.001)
        return item.upper()

    class Sink:
        def stored(self, wanted: Any) -> Any:
            return store.stored(wanted)

        def write(self, batch: Batch[str]) -> None:
            store.write(batch)
            unstored.difference_update(item.key for item in batch.items)

    class Cache:
        def get(self, digests: set[str]) -> Any:
            return store.get(digests)

        def put(self, results: Any) -> None:
            store.put(results)
            unstored.difference_update(result.lower() for result in results.values())

    persistence = Persistence(
        sink=Sink(), cache=Cache() if has_cache else None, key=str, digest=lambda item: f"digest of {item}"
    )
    results = run(Job(items=ITEMS, process=process, limiter_name=name, persistence=persistence))
    assert results == [item.upper() for item in ITEMS]
    assert 1 < most <= 100


@pytest.mark.parametrize("has_cache", [True, False])
@pytest.mark.parametrize("failing", [range(1000), range(0, 1000, 7)])
def test_items_that_wait_to_be_tried_again_hold_up_nobody(
    task_store: MakeStore, name: str, has_cache: bool, failing: range
) -> None:
    """As many as may be unstored fail at first: they have to be let through, or nothing would go on."""
    store = task_store()
    failed: set[str] = set()
    numbers = {f"node{number}" for number in failing}

    async def process(item: str) -> str:
        await asyncio.sleep(0.001)
        if item in numbers and item not in failed:
            failed.add(item)
            raise BadAnswerError("once")
        return item.upper()

    persistence = keep(store) if has_cache else keep(store, cache=None)
    options = Options(retry=RetryPolicy(base_s=0.01))
    job = Job(
        items=ITEMS,
        process=process,
        limiter_name=name,
        persistence=persistence,
        options=options,
        priority=lambda item: Priority.CHANGED if item.endswith("3") else Priority.REST,
    )
    assert run(job) == [item.upper() for item in ITEMS]
    assert len(list(store.results())) == len(ITEMS)


def test_what_shares_its_content_with_an_item_that_is_looked_at_is_called_for_in_its_place(
    task_store: MakeStore, name: str
) -> None:
    store, model, control = task_store(), Model(), RunControl()
    control.look_at({"c2"})
    job = Job(
        items=["a1", "b1", "c1", "a2", "b2", "c2"],
        process=model,
        limiter_name=name,
        persistence=keep(store, digest=lambda item: item[0]),
        options=Options(is_concurrent=False),
        topic=str,
        control=control,
    )
    assert run(job) == ["A1", "B1", "C1", "A1", "B1", "C1"]
    assert model.asked == ["c1", "a1", "b1"]


class BrokenSink:
    """Stores two batches, and no more."""

    def __init__(self) -> None:
        self.written: list[int] = []

    def stored(self, wanted: Any) -> dict[str, str]:
        return {}

    def write(self, batch: Batch[str]) -> None:
        if len(self.written) == 2:
            raise StoreError("store results", "here", "the disk is full")
        self.written.append(batch.number)


def test_when_nothing_can_be_stored_the_run_ends_with_that(name: str) -> None:
    sink = BrokenSink()
    model = Model()
    persistence = Persistence(sink=sink, key=str, digest=str)
    with pytest.raises(StoreError, match="disk is full"):
        run(Job(items=ITEMS, process=model, limiter_name=name, persistence=persistence))
    assert sink.written == [0, 1]
    assert len(model.asked) <= 300


@pytest.mark.parametrize("how", ["control", "task"])
def test_a_cancelled_run_stores_what_is_done(
    task_store: MakeStore, database: EnrichDatabase, name: str, how: str
) -> None:
    store = task_store()
    control = RunControl()
    tasks: list[asyncio.Task[Any]] = []

    async def process(item: str) -> str:
        if item == "node150":
            if how == "control":
                control.cancel()
            else:
                tasks[0].cancel()
            await asyncio.Event().wait()
        return item.upper()

    async def main() -> None:
        job = Job(items=ITEMS, process=process, limiter_name=name, persistence=keep(store), control=control)
        tasks.append(asyncio.create_task(run_job(job)))
        if how == "task":
            with pytest.raises(asyncio.CancelledError):
                await tasks[0]
        else:
            await tasks[0]

    asyncio.run(main())
    stored = {key for key, _, _ in store.results()}
    assert set(ITEMS[:100]) <= stored
    assert "node150" not in stored
    assert read_history(database)[0].status == "cancelled"


def test_a_run_whose_process_was_killed_was_interrupted(
    database: EnrichDatabase, task_store: MakeStore
) -> None:
    program = (
        "import os, sys; from pathlib import Path\n"
        "from remora_hub.enrich.database import EnrichDatabase\n"
        "from remora_hub.enrich.task_store import TaskStore\n"
        "database = EnrichDatabase(Path(sys.argv[1]))\n"
        "TaskStore(database, 't', model='m', prompt_version='1', encode=str.encode, decode=bytes.decode).begin_run()\n"
        "os.kill(os.getpid(), 9)\n"
    )
    subprocess.run([sys.executable, "-c", program, str(database.path)], check=False, timeout=60)
    assert [record.status for record in read_history(database)] == ["running"]
    task_store().begin_run()
    latest, killed = read_history(database)
    assert (latest.status, killed.status, killed.report) == ("running", "interrupted", None)


def test_a_run_that_cannot_be_recorded_is_not_made(
    task_store: MakeStore, database: EnrichDatabase, name: str
) -> None:
    model = Model()
    store = task_store()
    database.close()
    with pytest.raises(StoreError):
        run(Job(items=ITEMS, process=model, limiter_name=name, persistence=keep(store)))
    assert model.asked == []


def test_bounds_that_cannot_work_are_refused(task_store: MakeStore) -> None:
    with pytest.raises(ConfigError):
        keep(task_store(), batch_items=200, max_unstored=100)
