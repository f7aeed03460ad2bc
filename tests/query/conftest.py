"""What tests of questions share: an engine over a store of given sources."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from textwrap import dedent
from typing import TypeVar

import pytest

from remora_hub.query.engine import QueryEngine
from remora_hub.query.index import Index
from remora_hub.store import NodeStateStore

Answer = TypeVar("Answer")
Ask = Callable[[dict[str, str], Callable[[Index], Answer]], Awaitable[Answer]]


@pytest.fixture
async def engine(store: NodeStateStore) -> AsyncIterator[QueryEngine]:
    engine = QueryEngine(store)
    yield engine
    await engine.close()


@pytest.fixture
def ask(engine: QueryEngine, save: Callable[[dict[str, str]], Awaitable[int]]) -> Ask[Answer]:
    """``await ask({path: source}, question)``: the answer once these files are saved."""

    async def ask(sources: dict[str, str], question: Callable[[Index], Answer]) -> Answer:
        await save({path: dedent(source).removeprefix("\n") for path, source in sources.items()})
        return await engine.ask(question)

    return ask
