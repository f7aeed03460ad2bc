"""Questions: cancelled ones end, unsaved texts are the asker's own, answers follow commits."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from remora_hub.errors import StoreError
from remora_hub.extract.extract import Extractor
from remora_hub.query.engine import QueryEngine
from remora_hub.query.index import Index
from remora_hub.store import NodeStateStore

Save = Callable[[dict[str, str]], Awaitable[int]]


@pytest.fixture
async def engine(store: NodeStateStore) -> AsyncIterator[QueryEngine]:
    made = QueryEngine(store)
    yield made
    await made.close()


def _names(index: Index, path: str = "a.py") -> list[str]:
    file = index.file(path)
    return [node.name for node in file.nodes[1:]] if file else []


async def test_an_answer_follows_each_commit(engine: QueryEngine, save: Save) -> None:
    await save({"a.py": "def first(): ..."})
    assert await engine.ask(_names) == ["first"]
    await save({"a.py": "def second(): ..."})
    assert await engine.ask(_names) == ["second"]


async def test_unsaved_text_hides_the_stored_one_for_its_asker_only(engine: QueryEngine, save: Save) -> None:
    await save({"a.py": "def stored(): ..."})
    unsaved = {"a.py": Extractor().extract("a.py", b"def unsaved(): ...")}
    assert await engine.ask(_names, unsaved) == ["unsaved"]
    assert await engine.ask(_names) == ["stored"]


async def test_unsaved_text_of_a_new_file_is_part_of_the_layout(engine: QueryEngine, save: Save) -> None:
    await save({"pkg/__init__.py": ""})
    unsaved = {"pkg/new.py": Extractor().extract("pkg/new.py", b"x = 1")}
    assert "pkg/new.py" in await engine.ask(lambda index: index.paths(), unsaved)
    assert (
        await engine.ask(lambda index: index.modules.submodule("pkg/__init__.py", "new"), unsaved)
        == "pkg/new.py"
    )
    assert await engine.ask(lambda index: index.modules.submodule("pkg/__init__.py", "new")) is None


async def test_a_cancelled_question_ends_at_its_next_file(engine: QueryEngine, save: Save) -> None:
    await save({"a.py": "x = 1"})
    has_begun, has_ended = threading.Event(), threading.Event()

    def endless(index: Index) -> None:
        try:
            while True:
                index.file("a.py")
                has_begun.set()
        finally:
            has_ended.set()

    asking = asyncio.create_task(engine.ask(endless))
    await asyncio.to_thread(has_begun.wait)
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await asyncio.to_thread(has_ended.wait, 30)
    assert await engine.ask(_names) == ["x"]


async def test_a_quick_question_does_not_wait_behind_a_thorough_one(engine: QueryEngine, save: Save) -> None:
    await save({"a.py": "x = 1"})
    may_end = threading.Event()
    thorough = asyncio.create_task(engine.ask(lambda _index: may_end.wait(30), thorough=True))
    assert await engine.ask(_names) == ["x"]
    assert not thorough.done()
    may_end.set()
    assert await thorough


async def test_a_closed_engine_says_so(engine: QueryEngine) -> None:
    await engine.close()
    with pytest.raises(StoreError, match="closed"):
        await engine.ask(_names)
