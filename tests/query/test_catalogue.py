"""What is kept of all files is what the store holds, from the first reading on and while commits arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from remora_hub.compression import NAMES
from remora_hub.extract.extract import Extractor
from remora_hub.query.catalogue import Catalogue
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.changes import Commit, Written
from remora_hub.store.index_reader import IndexReader

Save = Callable[[dict[str, str]], Awaitable[int]]


@pytest.fixture
def catalogue(store: NodeStateStore) -> Catalogue:
    made = Catalogue()
    store.add_listener(lambda commit: made.on_commit(commit.written, commit.former_names))
    return made


def contents(catalogue: Catalogue) -> list[object]:
    return [catalogue.modules.paths(), catalogue.files_naming("f"), catalogue.star_importers()]


async def test_it_holds_what_the_store_holds(catalogue: Catalogue, store: NodeStateStore, save: Save) -> None:
    await save({"a.py": "from m import *\n", "pkg/b.py": "def f(): ...\n"})
    catalogue.read(store.reader)
    assert contents(catalogue) == [["a.py", "pkg/b.py"], ["pkg/b.py"], ["a.py"]]


async def test_it_follows_each_commit(catalogue: Catalogue, store: NodeStateStore, save: Save) -> None:
    await save({"a.py": "from m import *\n", "b.py": "def f(): ...\n"})
    catalogue.read(store.reader)
    await save({"a.py": "f()\n", "c.py": "from f import *\n"})
    await store.apply([FileRemoved(path="b.py")])
    assert contents(catalogue) == [["a.py", "c.py"], ["a.py", "c.py"], ["c.py"]]


async def test_a_star_import_that_comes_without_a_name_counts(
    catalogue: Catalogue, store: NodeStateStore, save: Save
) -> None:
    await save({"a.py": "from m import f\nf\n"})
    await save({"a.py": "from m import *\nf\n"})
    catalogue.read(store.reader)
    assert contents(catalogue) == [["a.py"], ["a.py"], ["a.py"]]


async def test_what_is_first_read_between_a_commit_and_its_news_is_as_the_store_has_it(
    store: NodeStateStore, save: Save
) -> None:
    await save({"a.py": "f(gone)\n", "b.py": "g()\n"})
    made = Catalogue()

    def read(_commit: Commit) -> None:
        with closing(IndexReader(store.path)) as reader:
            made.read(reader)

    store.add_listener(read)
    store.add_listener(lambda commit: made.on_commit(commit.written, commit.former_names))
    await save({"a.py": "came(g)\n", "b.py": "f()\n"})
    assert [made.files_naming(name) for name in ("f", "g", "came", "gone")] == [
        ["b.py"],
        ["a.py"],
        ["a.py"],
        [],
    ]


@pytest.mark.parametrize("former", [NAMES.compress(b"others"), b"damaged"])
async def test_names_that_were_not_the_former_ones_change_nothing(
    former: bytes, catalogue: Catalogue, store: NodeStateStore, save: Save
) -> None:
    await save({"a.py": "f()\n", "b.py": "f()\n"})
    catalogue.read(store.reader)
    written = {"a.py": Written("", Extractor().extract("a.py", b"g()")), "b.py": None}
    catalogue.on_commit(written, {"a.py": former})
    assert contents(catalogue) == [["a.py"], [], []]
    assert catalogue.files_naming("g") == ["a.py"]


async def test_a_commit_during_the_first_reading_is_taken_in(
    catalogue: Catalogue, store: NodeStateStore
) -> None:
    class Overtaken(IndexReader):
        """Reads, and before it can say what it read the store has changed."""

        def mentions(self) -> list[tuple[str, bytes, bool]]:
            found = super().mentions()
            catalogue.on_commit({"a.py": None, "b.py": Written("", Extractor().extract("b.py", b"f()"))}, {})
            return found

    with closing(Overtaken(store.path)) as reader:
        catalogue.read(reader)
    assert contents(catalogue) == [["b.py"], ["b.py"], []]
