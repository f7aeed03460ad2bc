"""What others put in the place of the files, or write into them."""

from __future__ import annotations

import asyncio
import os
import shutil
import threading

import apsw
import pytest

from remora_hub.errors import CorruptStoreError, StoreError
from remora_hub.store import NodeStateStore, health, index_reader, set_aside


@pytest.fixture(autouse=True)
def soon(monkeypatch):
    monkeypatch.setattr(health, "_TICK_S", 0.01)


async def open_store(database):
    return await NodeStateStore.open(database, extractor_version=1)


async def fill(store, replaced, name="f"):
    await store.apply([replaced(f"a{n}.py", [f"{name}{n}"]) for n in range(20)])


def by_another_program(database, statement):
    connection = apsw.Connection(str(database))
    connection.set_busy_timeout(5000)
    connection.execute(statement).fetchall()
    connection.close()


async def damage_met(store, **options):
    """What the watch over the store raises."""
    async with asyncio.timeout(30):
        with pytest.raises(CorruptStoreError) as found:
            await health.watch_over(store, 3600, lambda: True, **options)
    return str(found.value)


async def test_what_the_store_writes_itself_is_nobody_elses(database, replaced):
    async with await open_store(database) as store:
        for number in range(5):
            await fill(store, replaced, f"f{number}_")
            await store.gc()
            assert not store.were_files_written_by_others()


@pytest.mark.parametrize("statement", ["CREATE TABLE stranger (x)", "VACUUM"])
async def test_what_another_program_writes_is_noticed_once(database, replaced, statement):
    async with await open_store(database) as store:
        await fill(store, replaced)
        by_another_program(database, statement)
        assert store.were_files_written_by_others()
        assert not store.were_files_written_by_others()


async def test_a_commit_of_another_program_that_the_writer_waited_for_is_noticed(database, replaced):
    async with await open_store(database) as store:
        await fill(store, replaced)
        other = apsw.Connection(str(database))
        other.execute("BEGIN IMMEDIATE")
        writing = asyncio.create_task(fill(store, replaced, "g"))
        await asyncio.sleep(0.05)  # it may wait by now; the test holds if it does not
        other.execute("CREATE TABLE stranger (x)")
        other.execute("COMMIT")
        other.close()
        await writing
        assert store.were_files_written_by_others()


async def test_a_harmless_write_of_another_program_leads_to_a_look_at_the_disk(database, replaced):
    async with await open_store(database) as store:
        await fill(store, replaced)
        by_another_program(database, "CREATE TABLE stranger (x)")
        told = asyncio.Event()
        watching = asyncio.create_task(health.watch_over(store, 3600, lambda: True, told.set))
        async with asyncio.timeout(30):
            await told.wait()
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)


@pytest.mark.parametrize(
    ("statement", "reason"),
    [
        ("DELETE FROM hub_nodes WHERE file_id = 3", "no nodes"),
        ("DELETE FROM hub_code WHERE file_id = 3", "no names or no code"),
        ("UPDATE hub_file SET digest = 'other' WHERE id = 3", "not what its record says"),
        ("DELETE FROM hub_record WHERE file_id = 3", "no record"),
        ("UPDATE hub_record SET record = x'00' WHERE file_id = 3", "no record"),
        ("UPDATE hub_meta SET value = 'other' WHERE key = 'index_id'", "another database"),
    ],
)
async def test_tables_that_contradict_each_other_are_damage(database, replaced, statement, reason):
    async with await open_store(database) as store:
        await fill(store, replaced)
        by_another_program(database, statement)
        assert reason in await damage_met(store)


async def test_another_database_copied_over_the_open_one_is_damage(tmp_path, database, replaced):
    other = tmp_path / "other.db"
    async with await open_store(other) as store:
        await fill(store, replaced, "other")
    async with await open_store(database) as store:
        await fill(store, replaced)
        by_another_program(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        with database.open("r+b") as file:
            file.write(other.read_bytes())
            file.truncate()
        await damage_met(store)


async def test_an_older_state_copied_over_the_open_database_is_damage(database, replaced):
    async with await open_store(database) as store:
        await fill(store, replaced)
        by_another_program(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        older = database.read_bytes()
        await fill(store, replaced, "newer")
        by_another_program(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        with database.open("r+b") as file:
            file.write(older)
            file.truncate()
        await damage_met(store)


async def test_behind_a_start_after_a_kill_everything_is_checked(tmp_path, database, replaced):
    killed = tmp_path / "killed.db"
    async with await open_store(database) as store:
        await fill(store, replaced)
        assert store.is_checked
        by_another_program(database, "PRAGMA wal_checkpoint(TRUNCATE)")
        shutil.copy(database, killed)  # as a kill would leave it
    by_another_program(killed, "DELETE FROM hub_nodes WHERE file_id = 3")
    async with await open_store(killed) as store:
        assert not store.is_checked
        assert "no nodes" in await damage_met(store)


def put_directory(place):
    place.mkdir()
    (place / "kept").touch()


def put_dangling_link(place):
    place.symlink_to(place.with_name("elsewhere"))


def put_link(place):
    place.with_name("elsewhere").write_text("precious")
    place.symlink_to(place.with_name("elsewhere"))


@pytest.mark.parametrize(
    ("ending", "put"),
    [
        ("", put_directory),
        ("", put_dangling_link),
        ("", put_link),
        ("", os.mkfifo),
        ("-wal", put_dangling_link),
        ("-shm", put_link),
        ("-journal", put_link),
    ],
)
async def test_what_is_no_file_is_neither_opened_nor_followed(database, replaced, put, ending):
    async with await open_store(database) as store:
        await fill(store, replaced)
    place = database.with_name(database.name + ending)
    place.unlink(missing_ok=True)
    put(place)
    with pytest.raises(CorruptStoreError, match="is no regular file"):
        await open_store(database)
    set_aside(database)
    async with await open_store(database) as store:
        await fill(store, replaced)
    elsewhere = database.with_name("elsewhere")
    assert elsewhere.exists() == (put is put_link)
    assert put is not put_link or elsewhere.read_text() == "precious"


@pytest.mark.parametrize("put", [put_directory, put_dangling_link, put_link, os.mkfifo])
async def test_the_mark_of_a_clean_stop_follows_no_link_either(database, replaced, put):
    async with await open_store(database) as store:
        await fill(store, replaced)
    mark = database.with_name("hub.db-clean")
    mark.unlink()
    put(mark)
    async with await open_store(database) as store:
        assert not store.is_checked
        mark.unlink(missing_ok=True) if put is not put_directory else None
        if put is not put_directory:
            put(mark)
    elsewhere = database.with_name("elsewhere")
    assert elsewhere.exists() == (put is put_link)
    assert put is not put_link or elsewhere.read_text() == "precious"


async def test_a_link_put_in_the_place_of_the_open_database_is_noticed(database, replaced):
    async with await open_store(database) as store:
        await fill(store, replaced)
        database.rename(database.with_name("moved"))
        database.symlink_to(database.with_name("moved"))
        assert "deleted or replaced" in await damage_met(store)


async def test_the_latest_three_damaged_databases_are_kept(database, replaced):
    kept = []
    for _ in range(5):
        async with await open_store(database):
            database.with_name("hub.db-journal").touch()
        kept.append(set_aside(database))
    names = {path.name for path in database.parent.iterdir() if "damaged" in path.name}
    assert names == {name for path in kept[2:] for name in (path.name, path.name + "-journal")}
    assert set_aside(database) is None


async def test_a_check_under_way_does_not_hold_up_a_stop(database, replaced, monkeypatch):
    began = threading.Event()

    def check(connection):
        began.set()
        endless = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"
        connection.execute(endless).fetchall()

    monkeypatch.setattr(index_reader, "check_integrity", check)
    store = await open_store(database)
    await fill(store, replaced)
    checking = asyncio.create_task(store.check_everything())
    await asyncio.to_thread(began.wait)
    await store.close()
    with pytest.raises(StoreError):
        await checking
