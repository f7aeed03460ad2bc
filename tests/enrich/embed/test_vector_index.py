"""More vectors than are compared exactly: of real texts of the standard library, beside an index that compares all."""

from __future__ import annotations

import asyncio
import email
import http
import logging
import sys
import threading
import unittest
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from remora_hub.config import EmbedConfig
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed import nearest_rows, vector_index
from remora_hub.enrich.embed.embed_nodes import embed_nodes
from remora_hub.enrich.embed.model import FAST_MODEL, model_for
from remora_hub.enrich.embed.node_text import node_texts
from remora_hub.enrich.embed.search import Search
from remora_hub.enrich.embed.vector_index import VectorIndex
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.reader import Reader

Save = Callable[[dict[str, str]], Awaitable[int]]

CONFIG = EmbedConfig(model=FAST_MODEL)
FEW = 200  # vectors that are compared exactly here
GARDEN = {"garden.py": 'def water():\n    """Sprinkle the roses in the flower bed."""\n'}


@pytest.fixture
async def library(store: NodeStateStore, save: Save, vectors: EnrichDatabase) -> NodeStateStore:
    """Packages of the standard library, indexed and embedded."""
    sources = {}
    for package in (asyncio, email, http, logging, unittest):
        directory = Path(package.__file__ or "").parent
        for file in sorted(directory.glob("*.py")):
            sources[f"{directory.name}/{file.name}"] = file.read_text()
    await save(sources)
    await embed(store, vectors)
    return store


async def embed(store: NodeStateStore, vectors: EnrichDatabase) -> None:
    model = model_for(CONFIG, {})
    with closing(Reader(store.path)) as reader:
        await embed_nodes(reader, vectors, model)
    await model.close()


async def vector_of(text: str) -> Any:
    model = model_for(CONFIG, {})
    (vector,) = (await model.embed([text])).value
    await model.close()
    return vector


@pytest.fixture
def may_build(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Set; cleared, it keeps cells from being made."""
    allowed, build = threading.Event(), nearest_rows.build

    def held(*arguments: Any) -> Any:
        allowed.wait()
        return build(*arguments)

    monkeypatch.setattr(nearest_rows, "build", held)
    allowed.set()
    yield allowed
    allowed.set()


@pytest.fixture
def _shows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    """An answer has all that were compared: how many tells whether those were all."""
    monkeypatch.setattr(vector_index, "NEAREST", 1_000_000)


@pytest.fixture
def exact(_shows_all: None, tmp_path: Path, library: NodeStateStore) -> Iterator[VectorIndex]:
    yield from opened(tmp_path, exact_up_to=1_000_000)


@pytest.fixture
def large(_shows_all: None, tmp_path: Path, library: NodeStateStore) -> Iterator[VectorIndex]:
    yield from opened(tmp_path, exact_up_to=FEW)


def opened(tmp_path: Path, *, exact_up_to: int) -> Iterator[VectorIndex]:
    with EnrichDatabase(tmp_path / "enrich.db") as database:
        index = VectorIndex(database, FAST_MODEL, exact_up_to=exact_up_to)
        index.refresh()
        yield index
        index.close()


async def test_beyond_what_is_compared_exactly_nine_in_ten_of_the_best_ten_are_the_same(
    exact: VectorIndex, large: VectorIndex, library: NodeStateStore
) -> None:
    large.wait_until_built()
    with closing(Reader(library.path)) as reader:
        texts = [one.text for _, rows in reader.rows_of(reader.paths()) for one in node_texts(rows)]
    asked = [f"where do we {text}" for text in texts[::20]]
    model = model_for(CONFIG, {})
    found = total = 0
    for query in (await model.embed(asked)).value:
        best, about = exact.search(query), large.search(query)
        found += len(set(best.nearest[:10]) & set(about.nearest[:10]))
        total += 10
        assert len(about.nearest) < len(best.nearest) / 2
        cosines = about.cosines(about.nearest)
        assert cosines == pytest.approx(best.cosines(about.nearest))
        assert list(cosines.values()) == sorted(cosines.values(), reverse=True)
    await model.close()
    assert total > 1000
    assert found / total > 0.9


async def test_until_its_cells_are_made_all_are_compared(
    exact: VectorIndex, tmp_path: Path, may_build: threading.Event
) -> None:
    may_build.clear()
    query = await vector_of("wait for a lock")
    for large in opened(tmp_path, exact_up_to=FEW):
        assert large.search(query).nearest == exact.search(query).nearest
        may_build.set()
        large.wait_until_built()
        assert len(large.search(query).nearest) < len(exact) / 2


async def test_where_cells_cannot_be_made_all_are_compared(
    exact: VectorIndex, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_arguments: Any) -> Any:
        raise MemoryError("no memory for cells")

    monkeypatch.setattr(nearest_rows, "build", fail)
    query = await vector_of("wait for a lock")
    for large in opened(tmp_path, exact_up_to=FEW):
        for _ in range(2):
            large.wait_until_built()
            large.refresh()
            assert large.search(query).nearest == exact.search(query).nearest


async def test_what_is_written_and_what_goes_is_followed_while_cells_are_made_and_behind(
    large: VectorIndex, library: NodeStateStore, save: Save, vectors: EnrichDatabase
) -> None:
    flowers, lock = await vector_of("flowers"), await vector_of("wait for a lock")
    for _ in range(2):  # the first time it may be building
        await save(GARDEN)
        await embed(library, vectors)
        large.refresh()
        large.wait_until_built()
        assert "garden.py:water" in large.search(flowers).nearest[0]
        best = large.search(lock).nearest[0]
        path = best.split(":")[1]
        source = (Path(asyncio.__file__).parent.parent / path).read_text()
        await library.apply([FileRemoved(path="garden.py"), FileRemoved(path=path)])
        await embed(library, vectors)
        large.refresh()
        assert not [key for key in large.search(flowers).nearest if "garden.py" in key]
        assert best not in large.search(lock).nearest
        await save({path: source})
        await embed(library, vectors)
        large.refresh()
        assert large.search(lock).nearest[0] == best


async def test_an_index_that_has_doubled_is_made_anew_and_one_that_has_shrunk_is_compared_exactly(
    large: VectorIndex,
    library: NodeStateStore,
    save: Save,
    vectors: EnrichDatabase,
    may_build: threading.Event,
) -> None:
    large.wait_until_built()
    query = await vector_of("grow roses")
    sources = {
        f"garden_{n}.py": "".join(
            f'def step_{n}_{m}():\n    """Grow rose {m} in bed {n}."""\n' for m in range(50)
        )
        for n in range(1 + len(large) // 40)
    }
    await save(sources)
    await embed(library, vectors)
    may_build.clear()
    large.refresh()
    assert len(large.search(query).nearest) == len(large)  # all, while it is made anew
    may_build.set()
    large.wait_until_built()
    assert len(large.search(query).nearest) < len(large) / 2
    assert all("garden" in key for key in large.search(query).nearest[:10])
    with closing(Reader(library.path)) as reader:
        left = [path for path in reader.paths() if path != "asyncio/locks.py"]
    await library.apply([FileRemoved(path=path) for path in left])
    await embed(library, vectors)
    large.refresh()
    assert len(large) < FEW
    assert len(large.search(query).nearest) == len(large)


async def test_without_its_library_names_and_text_answer_and_it_says_what_is_missing(
    library: NodeStateStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    search = Search(library, tmp_path / "enrich.db", CONFIG, exact_up_to=FEW)
    found = await search.search("wait for a lock", kind=None, path=None, limit=5)
    await search.close()
    assert found.hits
    assert found.note is not None
    assert "faiss is missing" in found.note
    assert "remora-hub[semantic]" in found.note


@pytest.fixture
async def searches(library: NodeStateStore, tmp_path: Path) -> AsyncIterator[tuple[Search, Search]]:
    """One that compares all, and one that does not."""
    made = [Search(library, tmp_path / "enrich.db", CONFIG, exact_up_to=most) for most in (1_000_000, FEW)]
    yield made[0], made[1]
    for search in made:
        await search.close()


@pytest.mark.parametrize(
    ("kind", "path"),
    [(None, "http"), ("class", None), ("class", "email"), ("property", "*io*"), ("module", "no/such")],
)
async def test_kinds_and_paths_that_leave_few_are_answered_as_if_all_were_compared(
    searches: tuple[Search, Search], kind: str | None, path: str | None
) -> None:
    questions = ["wait for a lock", "parse the header of a message", "which tests failed"]
    for asked in questions:
        of_all, of_some = [
            (await search.search(asked, kind=kind, path=path, limit=20)).hits for search in searches
        ]
        assert of_some == of_all
        assert all(kind in (None, hit.kind) for hit in of_some)


async def test_what_is_dropped_when_idle_ends_its_thread(
    searches: tuple[Search, Search], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, large = searches
    before = await large.search("wait for a lock", kind=None, path=None, limit=5)
    assert before.note is None
    [thread] = [one for one in threading.enumerate() if one.name.startswith("inverted-file")]
    monkeypatch.setattr("remora_hub.enrich.embed.search.IDLE_S", 0.0)
    await large.drop_if_idle()
    await asyncio.to_thread(thread.join)
    assert not large.holds_memory
