from __future__ import annotations

import shutil
import subprocess
import sys

import apsw
import pytest

from remora_hub.errors import CorruptStoreError, NewerIndexError, StoreError
from remora_hub.store import Horizon, NodeStateStore, schema, set_aside


async def fill(database, replaced, *, extractor_version=1, commits=1):
    async with await NodeStateStore.open(database, extractor_version=extractor_version) as store:
        for number in range(commits):
            nodes = [{"name": f"f{n}", "digest": f"{number}-{n}"} for n in range(300)]
            await store.apply([replaced(f"a{n}.py", nodes) for n in range(30)])
        return store.sequence()


def contents(directory):
    return {path.name: path.read_bytes() for path in directory.iterdir()}


async def test_opening_again_keeps_everything(database, replaced):
    await fill(database, replaced)
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        assert store.rebuilt_reason is None
        assert len(await store.fingerprints()) == 30


@pytest.mark.parametrize("empty_file", [False, True])
async def test_a_missing_or_empty_file_is_made(database, empty_file):
    if empty_file:
        database.touch()
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        assert store.rebuilt_reason == "new index"
        assert await store.list_keys("") == []


async def test_an_older_extractors_index_is_emptied_and_its_numbers_go_on(database, replaced):
    last = await fill(database, replaced, extractor_version=1, commits=3)
    async with await NodeStateStore.open(database, extractor_version=2) as store:
        assert "extractor 1 is older than schema 4, extractor 2" in store.rebuilt_reason
        assert await store.list_keys("") == []
        assert await store.changes_since(last - 1) == Horizon(oldest=last, sequence=last)
        assert (await store.apply([replaced("a.py", ["f"])])).seq == last + 1


@pytest.mark.parametrize("read_only", [False, True])
async def test_a_newer_index_is_refused_and_left_untouched(tmp_path, database, replaced, read_only):
    await fill(database, replaced, extractor_version=5)
    before = contents(tmp_path)
    with pytest.raises(NewerIndexError, match="extractor 5"):
        await NodeStateStore.open(database, extractor_version=4, read_only=read_only)
    assert contents(tmp_path) == before


def bad_header(data):
    return b"not a database, " + data[16:]


def truncated(data):
    return data[: len(data) // 2]


def cut_header(data):
    return data[:50]


def flipped_page(data):
    middle = len(data) // 2 // 8192 * 8192
    return data[:middle] + bytes(byte ^ 0xFF for byte in data[middle : middle + 8192]) + data[middle + 8192 :]


@pytest.mark.parametrize("damage", [bad_header, truncated, cut_header, flipped_page])
async def test_a_damaged_file_is_told_set_aside_and_made_anew(database, replaced, damage):
    await fill(database, replaced)
    damaged = damage(database.read_bytes())
    database.write_bytes(damaged)
    with pytest.raises(CorruptStoreError):
        await NodeStateStore.open(database, extractor_version=1)
    aside = set_aside(database)
    assert aside.read_bytes() == damaged
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        assert (await store.apply([replaced("a.py", ["f"])])).seq == 1


@pytest.fixture
def checks(monkeypatch):
    """The paths of the files whose pages were checked on opening."""
    checked = []
    check_pages = schema.check_pages

    def recording(connection, path):
        checked.append(path)
        check_pages(connection, path)

    monkeypatch.setattr(schema, "check_pages", recording)
    return checked


async def test_after_a_clean_stop_pages_are_not_checked_again(database, replaced, checks):
    await fill(database, replaced)
    checks.clear()
    for _ in range(2):
        async with await NodeStateStore.open(database, extractor_version=1) as store:
            assert len(await store.fingerprints()) == 30
            assert store.reader.paths()
    assert checks == []


async def test_what_a_killed_writer_left_is_checked_and_kept(store, tmp_path, replaced, checks):
    await store.apply([replaced("a.py", ["f"])])
    left = tmp_path / "left" / "hub.db"
    left.parent.mkdir()
    for ending in ("", "-wal"):
        shutil.copyfile(store.path.with_name("hub.db" + ending), left.with_name("hub.db" + ending))
    checks.clear()
    async with await NodeStateStore.open(left, extractor_version=1) as reopened:
        assert (reopened.sequence(), reopened.rebuilt_reason) == (1, None)
    assert checks == [left]


async def test_a_mark_of_a_clean_stop_is_worth_nothing_once_the_writer_was_killed(
    database, replaced, tmp_path, checks
):
    await fill(database, replaced)
    async with await NodeStateStore.open(database, extractor_version=1):
        killed = tmp_path / "killed"
        shutil.copytree(tmp_path, killed, ignore=lambda *_: ["killed"])
    checks.clear()
    async with await NodeStateStore.open(killed / "hub.db", extractor_version=1):
        assert checks == [killed / "hub.db"]


async def test_a_file_written_to_right_after_a_clean_stop_is_checked(database, replaced, checks):
    await fill(database, replaced)
    database.write_bytes(database.read_bytes())
    checks.clear()
    async with await NodeStateStore.open(database, extractor_version=1):
        assert checks == [database]


async def test_an_index_keeps_its_id_until_it_is_made_anew(database, replaced):
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        first = store.index_id
        assert (await store.stats()).index_id == first
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        assert store.index_id == first
    async with await NodeStateStore.open(database, extractor_version=1, read_only=True) as beside:
        assert beside.index_id == first
    async with await NodeStateStore.open(database, extractor_version=2) as rebuilt:
        second = rebuilt.index_id
    set_aside(database)
    async with await NodeStateStore.open(database, extractor_version=2) as store:
        assert len({first, second, store.index_id}) == 3


async def test_setting_aside_takes_the_log_along_and_never_overwrites(database):
    asides = []
    for content in (b"one", b"two"):
        database.write_bytes(content)
        database.with_name("hub.db-wal").write_bytes(content)
        asides.append(set_aside(database))
    assert [aside.read_bytes() for aside in asides] == [b"one", b"two"]
    assert [aside.with_name(aside.name + "-wal").read_bytes() for aside in asides] == [b"one", b"two"]
    assert not database.with_name("hub.db-wal").exists()


async def test_a_foreign_database_is_not_taken_over(database):
    with apsw.Connection(str(database)) as other:
        other.execute("CREATE TABLE theirs (x)")
    with pytest.raises(CorruptStoreError, match="not an index of the hub"):
        await NodeStateStore.open(database, extractor_version=1)


@pytest.mark.parametrize(
    "damage",
    [
        "hub_nodes SET nodes = x'00'",
        "hub_nodes SET nodes = substr(nodes, 1, 99)",
        "hub_nodes SET history = x'00'",
        "hub_symbols SET suffixes = 'f'",
    ],
)
async def test_a_damaged_record_is_told_when_it_is_read_or_checked(database, replaced, damage):
    await fill(database, replaced)
    connection = apsw.Connection(str(database))
    connection.execute(f"UPDATE {damage} WHERE file_id = 1")
    connection.close()
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        with pytest.raises(CorruptStoreError):
            await store.get_by_file("a0.py")
        assert len(await store.integrity_check()) == 1


async def test_read_only_reads_beside_the_writer_and_writes_nothing(store, database, replaced):
    await store.apply([replaced("a.py", ["f"])])
    async with await NodeStateStore.open(database, extractor_version=1, read_only=True) as beside:
        assert beside.sequence() == 1
        await store.apply([replaced("b.py", ["f"])])
        assert await beside.list_keys("node:") == ["node:a.py:f", "node:b.py:f"]
        with pytest.raises(StoreError, match="for reading only"):
            await beside.apply([replaced("c.py", ["f"])])


async def test_read_only_needs_an_index_of_this_version(database, replaced):
    with pytest.raises(StoreError, match="there is none"):
        await NodeStateStore.open(database, extractor_version=1, read_only=True)
    await fill(database, replaced, extractor_version=1)
    with pytest.raises(StoreError, match="older hub"):
        await NodeStateStore.open(database, extractor_version=2, read_only=True)


async def test_a_directory_that_is_missing_is_a_store_error(tmp_path):
    with pytest.raises(StoreError, match="cannot be opened"):
        await NodeStateStore.open(tmp_path / "nowhere" / "hub.db", extractor_version=1)


def test_opening_and_comparing_fingerprints_loads_no_pydantic(tmp_path):
    program = (
        "import asyncio, sys; from pathlib import Path; from remora_hub.store import NodeStateStore\n"
        "async def main():\n"
        "    async with await NodeStateStore.open(Path(sys.argv[1]), extractor_version=1) as store:\n"
        "        await store.apply([]); await store.fingerprints()\n"
        "asyncio.run(main()); assert 'pydantic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program, str(tmp_path / "hub.db")], check=True, timeout=60)


async def test_a_symbol_without_its_place_is_told_by_the_check(database, replaced):
    await fill(database, replaced)
    connection = apsw.Connection(str(database))
    connection.execute("UPDATE hub_symbols SET places = '1' WHERE file_id = 1")
    connection.close()
    async with await NodeStateStore.open(database, extractor_version=1) as store:
        assert await store.integrity_check() == ["a0.py has not a place for each of its 300 nodes"]
