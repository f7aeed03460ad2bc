"""What is embedded again and what is not, on a real index and a real server."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from remora_hub.config import EmbedConfig
from remora_hub.enrich import Category, Options, RetryPolicy
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.embed.embed_nodes import Embedded, embed_nodes, vector_store
from remora_hub.enrich.embed.model import model_for
from remora_hub.enrich.failures import RefusedError
from remora_hub.enrich.history import read_history
from remora_hub.errors import ConfigError
from remora_hub.store import FileRemoved, NodeStateStore
from remora_hub.store.reader import Reader

Provider = Any  # conftest's
Save = Callable[[dict[str, str]], Awaitable[int]]
Embed = Callable[..., Awaitable[Embedded]]

_ONCE = RetryPolicy(attempts=1)
LOCKS = '"""Locks."""\nclass Lock:\n    """One at a time."""\n    def take(self): ...\nLIMIT = 3\n'
MAIL = 'def send(message):\n    """Send it."""\n'


@pytest.fixture
def embed(store: NodeStateStore, vectors: EnrichDatabase, provider: Provider) -> Embed:
    async def embed(**settings: Any) -> Embedded:
        model = provider.model(**settings.pop("model", {}))
        provider.texts.clear()
        try:
            return await embed_nodes(Reader(store.path), vectors, model, **settings)
        finally:
            await model.close()

    return embed


def keys(vectors: EnrichDatabase, provider: Provider) -> list[str]:
    return sorted(vector_store(vectors, provider.model().name).versions())


async def test_first_paths_come_first(save: Save, embed: Embed, provider: Provider) -> None:
    await save({"locks.py": LOCKS, "mail.py": MAIL, "post.py": MAIL})
    await embed(first_paths={"mail.py"}, model={"most_texts": 1, "max_workers": 1})
    assert provider.texts[:2] == ["mail", "send. Send it. mail"]


async def test_modules_classes_and_functions_are_embedded_once(
    save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"locks.py": LOCKS, "mail.py": MAIL})
    done = await embed()
    assert done.report.done == len(provider.texts) == 5
    assert "lock take.  locks" in provider.texts
    assert keys(vectors, provider) == [
        "node:locks.py:<module>",
        "node:locks.py:Lock",
        "node:locks.py:Lock.take",
        "node:mail.py:<module>",
        "node:mail.py:send",
    ]
    again = await embed()
    assert (again.report.done_before, again.report.done, provider.texts) == (5, 0, [])


async def test_only_what_changed_is_embedded_again(save: Save, embed: Embed, provider: Provider) -> None:
    functions = [f'def work_{number}():\n    """Do {number}."""\n' for number in range(100)]
    await save({"work.py": "".join(functions)})
    assert (await embed()).report.done == 101
    functions[7] = 'def work_7():\n    """Do it otherwise."""\n'
    functions[8] = (
        'def work_8():\n    """Do 8."""\n    return 8\n'  # the same words: the vector would be, too
    )
    await save({"work.py": "".join(functions)})
    done = await embed()
    assert provider.texts == ["work 7. Do it otherwise. work"]
    assert (done.report.done, done.report.done_before) == (1, 100)


async def test_what_moves_to_another_file_keeps_its_vector(
    store: NodeStateStore, save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"mail.py": MAIL})
    await embed()
    await store.apply([FileRemoved(path="mail.py")])
    await save({"post.py": f"# moved\n\n{MAIL}"})
    done = await embed()
    assert provider.texts == ["post"]  # a module's name is that of its file
    assert (done.moved, done.removed) == (1, 2)
    assert keys(vectors, provider) == ["node:post.py:<module>", "node:post.py:send"]
    assert (await embed()).report.done_before == 2


async def test_others_of_the_same_name_keep_their_own_vectors(
    store: NodeStateStore, save: Save, embed: Embed, provider: Provider
) -> None:
    await save({"first.py": "def handle():\n    return 1\n"})
    await embed()
    await store.apply([FileRemoved(path="first.py")])
    await save({"second.py": "def handle():\n    return 2\n"})
    await embed()
    assert sorted(provider.texts) == ["handle.  second", "second"]


async def test_what_is_gone_is_removed(
    store: NodeStateStore, save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"locks.py": LOCKS, "mail.py": MAIL})
    await embed()
    await store.apply([FileRemoved(path="locks.py")])
    done = await embed()
    assert done.removed == 3
    assert keys(vectors, provider) == ["node:mail.py:<module>", "node:mail.py:send"]


async def test_a_follower_names_the_files_to_look_at(
    store: NodeStateStore, save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"locks.py": LOCKS, "mail.py": MAIL, "other.py": "def other(): ...\n"})
    await embed()
    await store.apply([FileRemoved(path="mail.py")])
    await save({"locks.py": "def lock(): ...\n", "other.py": "def new(): ...\n"})
    done = await embed(paths=["locks.py", "mail.py"])
    assert sorted(provider.texts) == ["lock.  locks", "locks"]
    assert done.removed == 4
    assert keys(vectors, provider) == [
        "node:locks.py:<module>",
        "node:locks.py:lock",
        "node:other.py:<module>",
        "node:other.py:other",
    ]


async def test_redo_and_skip(save: Save, embed: Embed, provider: Provider) -> None:
    await save({"locks.py": LOCKS})
    done = await embed(options=Options(skip=1))
    assert (done.report.skipped, done.report.done) == (1, 2)
    assert (await embed(options=Options(redo=True))).report.done == 3
    assert len(provider.texts) == 3


async def test_vectors_of_another_model_are_not_mixed_in(
    save: Save, vectors: EnrichDatabase, embed: Embed, provider: Provider
) -> None:
    await save({"mail.py": MAIL})
    await embed()
    assert not vector_store(vectors, "another").versions()


async def test_a_bad_answer_costs_no_other_node(
    save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"locks.py": LOCKS, "mail.py": MAIL})

    def answer(texts: list[str]) -> tuple[int, dict[str, str], Any]:
        status, headers, body = provider.usual(texts)
        if any("send" in text for text in texts):
            body["data"].pop()
        return status, headers, body

    provider.answer = answer
    done = await embed(options=Options(retry=_ONCE))
    assert done.report.errors == {Category.BAD_ANSWER.value: 1}
    assert done.report.done == 4
    assert "0 embeddings for 1 texts" in done.failures[0]
    assert len(keys(vectors, provider)) == 4


async def test_a_missing_package_is_one_error_before_anything_is_done(
    store: NodeStateStore, save: Save, vectors: EnrichDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    await save({"mail.py": MAIL})
    monkeypatch.setitem(sys.modules, "wordllama", None)
    model = model_for(EmbedConfig(model="wordllama"))
    with pytest.raises(ConfigError, match=r"wordllama is missing \(pip install 'remora-hub\[semantic\]'\)"):
        await embed_nodes(Reader(store.path), vectors, model)
    await model.close()
    assert read_history(vectors) == []


async def test_a_run_stands_in_the_history_with_its_tokens(
    save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider
) -> None:
    await save({"mail.py": MAIL})
    done = await embed()
    (run,) = read_history(vectors)
    assert (run.task, run.status, run.report) == ("embed", "done", done.report)
    assert [use.tokens for use in done.report.providers.values()] == [14]


@pytest.mark.parametrize("status", [401, 403, 404, 301])
async def test_a_run_ends_at_once_where_no_call_can_succeed(
    save: Save, embed: Embed, vectors: EnrichDatabase, provider: Provider, status: int
) -> None:
    await save({f"m{number}.py": f"def f{number}(): ...\n" for number in range(60)})
    provider.answer = lambda _texts: (status, {"location": "http://127.0.0.1:9/v1"}, {})
    with pytest.raises(RefusedError, match=f"HTTP {status}"):
        await embed(model={"max_workers": 1})
    assert len(provider.requests) == 1
    assert keys(vectors, provider) == []
