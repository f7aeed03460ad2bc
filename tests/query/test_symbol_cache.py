"""The file that keeps the symbol table ready-made: what is wrong with it keeps nobody from an answer."""

from __future__ import annotations

import os
import shutil
from array import array
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from remora_hub.query import symbol_cache
from remora_hub.query.postings import NumberedNames
from remora_hub.query.ready_table import ReadyTable
from remora_hub.query.symbol_cache import SymbolCache
from remora_hub.query.symbol_rows import as_symbol
from remora_hub.query.symbol_search import SymbolSearch
from remora_hub.store import NodeStateStore

Save = Callable[[dict[str, str]], Awaitable[int]]

NAMED = NumberedNames(
    ["a", "éb"], array("Q", [1 << 48, 2 << 48]), array("I", [0, 2]), array("Q", [2 << 48, 3])
)
TABLE = ReadyTable(["a.py", "b\n.py"], array("Q", [7, 1 << 63]), NAMED, array("I", [0, 1]))


@pytest.fixture
def cache(tmp_path: Path) -> SymbolCache:
    return SymbolCache(tmp_path / "symbols.cache")


@pytest.fixture
def written(cache: SymbolCache, tmp_path: Path) -> Path:
    cache.write(lambda: TABLE)
    return tmp_path / "symbols.cache"


def test_what_was_written_is_read(cache: SymbolCache, written: Path) -> None:
    assert cache.read() == TABLE
    assert written.stat().st_mode & 0o777 == 0o600
    assert os.listdir(written.parent) == [written.name]


def test_before_it_is_written_there_is_nothing(cache: SymbolCache) -> None:
    assert cache.read() is None


def test_an_empty_table_can_be_kept(cache: SymbolCache) -> None:
    named = NumberedNames([], array("Q"), array("I"), array("Q"))
    empty = ReadyTable([], array("Q"), named, array("I"))
    cache.write(lambda: empty)
    assert cache.read() == empty


def test_damage_to_any_byte_is_found(cache: SymbolCache, written: Path) -> None:
    content = written.read_bytes()
    for place in range(len(content)):
        with written.open("r+b") as file:
            file.seek(place)
            file.write(bytes([content[place] ^ 4]))
        assert cache.read() is None, place
        with written.open("r+b") as file:
            file.write(content)
    assert cache.read() == TABLE


def test_a_file_of_another_length_is_passed_over(cache: SymbolCache, written: Path) -> None:
    content = written.read_bytes()
    for length in (0, 1, 31, 32, 33, len(content) - 1):
        with written.open("r+b") as file:
            file.write(content)
            file.truncate(length)
        assert cache.read() is None, length
    with written.open("r+b") as file:
        file.write(content + b"\0")
    assert cache.read() is None


def test_another_version_is_passed_over(
    cache: SymbolCache, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(symbol_cache, "FORMAT_VERSION", symbol_cache.FORMAT_VERSION + 1)
    assert cache.read() is None
    cache.write(lambda: TABLE)
    assert cache.read() == TABLE


def test_a_copy_is_passed_over(cache: SymbolCache, written: Path) -> None:
    """As one would be that a checkout brings along."""
    shutil.copyfile(written, written.with_name("copy"))
    written.with_name("copy").replace(written)
    assert cache.read() is None


@pytest.mark.parametrize(
    "wrong",
    [
        TABLE._replace(paths=["a.py"]),
        TABLE._replace(in_order=array("I", [0])),
        TABLE._replace(in_order=array("I", [0, 2])),
        TABLE._replace(named=NAMED._replace(names=["a"])),
        TABLE._replace(named=NAMED._replace(numbers=array("Q", [1]))),
        TABLE._replace(named=NAMED._replace(counts=array("I", [0, 3]))),
        TABLE._replace(named=NAMED._replace(counts=array("I", [2]))),
        TABLE._replace(named=NAMED._replace(several=array("Q", [2]))),
        TABLE._replace(named=NAMED._replace(several=array("B", [2, 3]))),
    ],
)
def test_parts_that_do_not_fit_each_other_are_no_table(cache: SymbolCache, wrong: ReadyTable) -> None:
    cache.write(lambda: wrong)
    assert cache.read() is None


def test_a_content_that_is_too_large_is_not_unpacked(
    cache: SymbolCache, written: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(symbol_cache, "_MOST_BYTES", written.stat().st_size)
    many = TABLE._replace(paths=["a.py"] * 10_000, digests=array("Q", [0] * 10_000))
    cache.write(lambda: many)
    assert cache.read() is None


def make_fifo(path: Path) -> None:
    os.mkfifo(path)


def make_link(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


@pytest.mark.parametrize("make", [make_fifo, make_link, Path.mkdir])
def test_what_stands_in_its_place_is_not_waited_for_or_followed(
    cache: SymbolCache, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    cache.write(lambda: TABLE)
    (tmp_path / "symbols.cache").rename(tmp_path / "elsewhere")
    content = (tmp_path / "elsewhere").read_bytes()
    make(tmp_path / "symbols.cache")
    assert cache.read() is None
    cache.write(lambda: TABLE)
    assert cache.read() == (None if make is Path.mkdir else TABLE)
    assert (tmp_path / "elsewhere").read_bytes() == content
    assert not (tmp_path / "symbols.cache.new").exists()


@pytest.mark.parametrize("make", [make_fifo, make_link, Path.mkdir, Path.touch])
def test_what_stands_in_the_place_of_an_unfinished_one_is_not_written_to(
    cache: SymbolCache, tmp_path: Path, make: Callable[[Path], None]
) -> None:
    (tmp_path / "elsewhere").write_text("kept")
    make(tmp_path / "symbols.cache.new")
    cache.write(lambda: TABLE)
    assert cache.read() == (None if make is Path.mkdir else TABLE)
    assert (tmp_path / "elsewhere").read_text() == "kept"


def test_where_it_cannot_be_written_nothing_is_kept(tmp_path: Path) -> None:
    cache = SymbolCache(tmp_path / "nowhere" / "symbols.cache")
    cache.write(lambda: TABLE)
    assert cache.read() is None


def test_a_table_that_cannot_be_made_leaves_the_one_before(cache: SymbolCache, written: Path) -> None:
    def make() -> ReadyTable:
        raise ValueError("it has lost symbols")

    cache.write(make)
    assert cache.read() == TABLE


async def names(search: SymbolSearch, query: str) -> list[str]:
    return [symbol.name for symbol in await search.search(query, show=as_symbol()) if symbol.name == query]


async def test_a_search_keeps_its_table_when_it_is_closed_and_the_next_begins_with_it(
    store: NodeStateStore, save: Save, cache: SymbolCache
) -> None:
    await save({f"m{number}.py": f"def f{number}(): ...\n" for number in range(30)})
    search = SymbolSearch(store, cache)
    await search.close(keep=True)
    assert cache.read() is None  # it was not asked for anything
    search = SymbolSearch(store, cache)
    assert await names(search, "f7")
    await search.close(keep=True)
    await search.close(keep=True)
    ready = cache.read()
    assert ready is not None
    assert len(ready.paths) == 30
    await save({"m7.py": "def other(): ...\n"})
    search = SymbolSearch(store, cache)
    assert not await names(search, "f7")
    assert await names(search, "f8")
    assert await names(search, "other")
    await search.close()
    assert cache.read() == ready


async def test_a_table_of_which_much_changed_is_kept_while_it_is_searched(
    store: NodeStateStore, save: Save, cache: SymbolCache
) -> None:
    await save({f"m{number}.py": f"def f{number}(): ...\n" for number in range(100)})
    search = SymbolSearch(store, cache)
    await search.keep()
    assert cache.read() is None
    await search.load()
    await search.keep()
    kept = cache.read()
    assert kept is not None
    await save({"m7.py": "def other(): ...\n"})
    assert await names(search, "other")
    await search.keep()
    assert cache.read() == kept
    await save({f"m{number}.py": f"def g{number}(): ...\n" for number in range(10)})
    assert await names(search, "g1")
    await search.keep()
    assert cache.read() != kept
    await search.close()
