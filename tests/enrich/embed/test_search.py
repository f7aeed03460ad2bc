"""Search over a real index: by words alone, by meaning too, and while both change."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from remora_hub.answers import SearchResults
from remora_hub.config import EmbedConfig
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.embed_nodes import embed_nodes
from remora_hub.enrich.embed.model import FAST_MODEL, model_for
from remora_hub.enrich.embed.search import Search
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.reader import Reader

Provider = Any  # conftest's
Save = Callable[[dict[str, str]], Awaitable[int]]

SOURCES = {
    "net/backoff.py": 'class Backoff:\n    """How long to pause before a call is made again."""\n',
    "net/mail.py": 'def send_mail(to):\n    """Deliver a message."""\n\ndef outbox():\n    """Letters to go."""\n',
    "cook.py": 'def bake(cake):\n    """Put a cake into the oven."""\n',
    "tests/test_mail.py": 'def test_send_mail():\n    """Deliver a message."""\n',
}
CONFIG = EmbedConfig(model=FAST_MODEL)


@pytest.fixture
async def search(store: NodeStateStore, save: Save, tmp_path: Path) -> AsyncIterator[Search]:
    await save(SOURCES)
    made = Search(store, tmp_path / "enrich.db", CONFIG)
    yield made
    await made.close()


async def embed(store: NodeStateStore, vectors: EnrichDatabase, config: EmbedConfig = CONFIG) -> None:
    model = model_for(config, {})
    await embed_nodes(Reader(store.path), vectors, model)
    await model.close()


async def ask(search: Search, query: str, **wanted: Any) -> SearchResults:
    return await search.search(query, **{"kind": None, "path": None, "limit": 10, **wanted})


def names(found: SearchResults) -> list[str]:
    return [hit.qualname for hit in found.hits]


async def test_where_nothing_is_embedded_names_and_text_do_and_it_says_so(
    search: Search, tmp_path: Path
) -> None:
    found = await ask(search, "how do I send mail")
    assert names(found)[0] == "send_mail"
    assert found.hits[0].reasons == ["name", "text"]  # the path has the word, too
    assert found.note is not None
    assert "remora-hub enrich embed" in found.note
    assert not (tmp_path / "enrich.db").exists()


async def test_by_meaning_it_finds_what_has_none_of_the_words(
    search: Search, store: NodeStateStore, vectors: EnrichDatabase
) -> None:
    asked = "wait between retries"
    assert "Backoff" not in names(await ask(search, asked))
    await embed(store, vectors)
    found = await ask(search, asked)
    assert found.note is None
    assert names(found)[0] == "Backoff"
    assert found.hits[0].reasons == ["meaning"]
    assert found.hits[0].docstring == "How long to pause before a call is made again."
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)


async def test_kind_path_and_limit_narrow_it(
    search: Search, store: NodeStateStore, vectors: EnrichDatabase
) -> None:
    await embed(store, vectors)
    assert {hit.kind for hit in (await ask(search, "send mail", kind="module")).hits} == {"module"}
    below = await ask(search, "send mail", path="net")
    assert {hit.path for hit in below.hits} == {"net/backoff.py", "net/mail.py"}
    assert len((await ask(search, "send mail", limit=2)).hits) == 2


async def test_tests_come_behind_unless_one_asks_for_them(search: Search) -> None:
    assert names(await ask(search, "deliver a message"))[0] == "send_mail"
    assert names(await ask(search, "test that a message is delivered"))[0] == "test_send_mail"


async def test_a_commit_is_found_at_once_and_what_is_gone_no_more(
    search: Search, store: NodeStateStore, save: Save, vectors: EnrichDatabase
) -> None:
    await embed(store, vectors)
    await ask(search, "cake")
    await store.apply([FileRemoved(path="cook.py")])
    await save({"garden.py": 'def water():\n    """Sprinkle the roses."""\n'})
    assert names(await ask(search, "sprinkle the roses"))[0] == "water"
    assert "bake" not in names(await ask(search, "cake in the oven"))


async def test_vectors_that_another_process_writes_are_taken_in(
    search: Search, store: NodeStateStore, save: Save, vectors: EnrichDatabase
) -> None:
    await embed(store, vectors)
    await ask(search, "cake")
    await save({"garden.py": 'def water():\n    """Sprinkle the roses."""\n', "cook.py": ""})
    await embed(store, vectors)
    found = await ask(search, "flowers")
    assert (names(found)[0], found.hits[0].reasons) == ("water", ["meaning"])


async def test_vectors_of_another_model_play_no_part(
    search: Search, store: NodeStateStore, vectors: EnrichDatabase, provider: Provider
) -> None:
    await embed(store, vectors, EmbedConfig(base_url=provider.base_url, model="tiny"))
    found = await ask(search, "wait between retries")
    assert found.note is not None
    assert "Backoff" not in names(found)


async def test_an_endpoint_that_does_not_answer_leaves_names_and_text(
    store: NodeStateStore, save: Save, vectors: EnrichDatabase, provider: Provider, tmp_path: Path
) -> None:
    await save(SOURCES)
    config = EmbedConfig(base_url=provider.base_url, model="tiny")
    await embed(store, vectors, config)
    provider.answer = lambda texts: (503, {}, {})
    search = Search(store, tmp_path / "enrich.db", config)
    found = await ask(search, "send mail")
    assert names(found)[0] == "send_mail"
    assert found.note is not None
    assert "503" in found.note
    provider.answer = None
    assert (await ask(search, "send mail")).note is None
    await search.close()


async def test_what_is_dropped_when_idle_is_there_again_when_asked(
    search: Search, store: NodeStateStore, vectors: EnrichDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await embed(store, vectors)
    before = await ask(search, "wait between retries")
    await search.drop_if_idle()
    assert search.holds_memory
    monkeypatch.setattr("remora_hub.enrich.embed.search.IDLE_S", 0.0)
    await search.drop_if_idle()
    assert not search.holds_memory
    assert await ask(search, "wait between retries") == before
