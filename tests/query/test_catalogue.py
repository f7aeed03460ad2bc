"""What is kept of all files is what the store holds, from the first reading on and while commits arrive."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import closing

import pytest

from remora_hub.extract.extract import Extractor
from remora_hub.query.catalogue import Catalogue
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.changes import Written
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
