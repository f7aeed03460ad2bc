from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from remora_hub.answers import Definition, Item, Place, Reference
from remora_hub.client import Client, connect
from remora_hub.client.client import Client as RealClient
from remora_hub.client.link import Link
from remora_hub.daemon.lock import RootLock
from remora_hub.errors import AlreadyRunningError, HubError, NotRunningError, SyncTimeoutError, UsageError
from remora_hub.paths import StatePaths

FRESH = {"index_id": "i", "sequence": 7, "pending": 0}
Hub = Any  # conftest's
ITEM = {
    "key": "node:a.py:f", "name": "f", "kind": "function", "qualname": "f", "path": "a.py",
    "range": [1, 0, 2, 8], "name_range": [1, 4, 1, 5], "signature": "()",
}  # fmt: skip
SPAN = {"path": "a.py", "line": 3, "column": 4, "end_line": 3, "end_column": 5}


@pytest.fixture
def client(hub: Hub) -> Iterator[Client]:
    with connect(hub.paths.root) as made:
        yield made


def test_answers_are_typed_and_say_how_fresh_they_are_and_who_gave_them(hub: Hub, client: Client) -> None:
    call = {"item": ITEM, "places": [SPAN], "certain": False}
    hub.handlers["hub/callers"] = lambda _: {"item": ITEM, "calls": [call], **FRESH, "of_a_later_version": 1}
    found = client.callers("a.py:f")
    assert (found.index_id, found.sequence, found.pending, found.served_by) == ("i", 7, 0, "daemon")
    assert found.item is not None
    assert found.item.name_range == (1, 4, 1, 5)
    assert found.calls[0].places[0].line == 3
    assert not found.calls[0].certain


@pytest.mark.parametrize(
    ("subject", "named"),
    [
        ("a.py:f", {"key": "node:a.py:f"}),
        ("node:a.py:f", {"key": "node:a.py:f"}),
        (Place("a.py", 3, 4), {"path": "a.py", "line": 3, "column": 4}),
        (Item(**ITEM), {"key": "node:a.py:f"}),  # type: ignore[arg-type]  # a list for a range
        (Reference(**SPAN, role="read", container="node:a.py:g"), {"path": "a.py", "line": 3, "column": 4}),  # type: ignore[arg-type]
        (Definition(**SPAN, name="f", kind="local", range=(3, 4, 3, 5)), {"path": "a.py", "line": 3, "column": 4}),  # type: ignore[arg-type]
        (Definition(**SPAN, name="f", kind="class", range=(3, 4, 3, 5), key="node:a.py:f"), {"key": "node:a.py:f"}),  # type: ignore[arg-type]
    ],
)  # fmt: skip
def test_a_question_is_about_a_key_a_place_or_what_an_answer_held(
    hub: Hub, client: Client, subject: Any, named: dict[str, object]
) -> None:
    hub.handlers["hub/hover"] = lambda _: {"hover": None, **FRESH}
    client.hover(subject, sync=True)
    assert hub.wait_for("hub/hover")["params"] == {**named, "sync": True}


def test_an_error_of_the_hub_is_raised_and_the_connection_lives_on(hub: Hub, client: Client) -> None:
    def refuse(params: dict[str, Any]) -> object:
        raise SyncTimeoutError("sync", "it", "too slow")

    hub.handlers["hub/sync"] = refuse
    hub.handlers["hub/outline"] = lambda _: {"path": "a.py", "file": {"path": "a.py"}, "nodes": [], **FRESH}
    with pytest.raises(SyncTimeoutError, match="too slow") as caught:
        client.sync(timeout_s=3)
    assert caught.value.recoverable
    assert client.outline("a.py").file.status == "indexed"
    assert [message["id"] for message in hub.seen] == [1, 2], "one connection"


def test_an_answer_of_another_shape_is_an_error_of_the_protocol(hub: Hub, client: Client) -> None:
    hub.handlers["hub/tests"] = lambda _: {"tests": 3, **FRESH}
    with pytest.raises(HubError, match="cannot understand"):
        client.tests("a.py:f")


def test_a_broken_connection_is_made_anew_and_the_question_asked_again(hub: Hub, client: Client) -> None:
    hub.handlers["hub/status"] = lambda _: {"state": "ready"}
    assert client.status()["state"] == "ready"
    hub.hang_up()
    assert client.status()["state"] == "ready"


def test_an_answer_too_late_is_an_error_and_the_next_question_has_its_own_answer(hub: Hub) -> None:
    hub.handlers["hub/status"] = lambda _: None
    with connect(hub.paths.root, timeout_s=0.05) as client:
        with pytest.raises(HubError, match="no answer to hub/status"):
            client.status()
        hub.handlers["hub/sync"] = lambda _: FRESH
        assert client.sync(timeout_s=10).sequence == 7


def test_threads_share_a_client_and_get_their_own_answers(hub: Hub, client: Client) -> None:
    hub.handlers["hub/changes"] = lambda params: {
        "commits": [],
        "more": False,
        **FRESH,
        "sequence": params["since"],
    }
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(lambda n: client.changes(n).sequence, range(100))) == list(range(100))


def test_a_closed_client_answers_nothing_more_and_wakes_who_waits(hub: Hub, client: Client) -> None:
    hub.handlers["hub/status"] = lambda _: None
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(client.status)
        hub.wait_for("hub/status")
        client.close()
        with pytest.raises(HubError, match="this client is closed"):
            waiting.result(10)
    with pytest.raises(HubError, match="this client is closed"):
        client.sync()


def test_importers_are_of_a_path_or_of_a_module(hub: Hub, client: Client) -> None:
    hub.handlers["hub/importers"] = lambda _: {"importers": [], **FRESH}
    client.importers(module="a.b")
    assert hub.wait_for("hub/importers")["params"] == {"module": "a.b", "sync": False}
    with pytest.raises(TypeError):
        client.importers()


def test_without_a_daemon_this_process_answers_and_says_so(project: Path) -> None:
    with connect(project) as client:
        found = client.symbols("area")
        assert (found.symbols[0].key, found.served_by) == ("node:shapes.py:area", "local")
        (project / "shapes.py").write_text("def later(): ...\n")
        assert client.node("shapes.py:later").node.version == 1
        with pytest.raises(UsageError, match="no such node"):
            client.node("shapes.py:area")


def test_in_a_program_that_runs_an_event_loop_it_answers_all_the_same(project: Path) -> None:
    async def notebook() -> str:
        with connect(project) as client:
            return client.symbols("area").served_by

    assert asyncio.run(notebook()) == "local"


def test_the_root_is_found_from_the_current_directory(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (project / "inner").mkdir()
    monkeypatch.chdir(project / "inner")
    assert connect().root == project


def test_more_stale_files_than_allowed_need_a_daemon(project: Path) -> None:
    (project / "remora-hub.toml").write_text("[client]\nmax_adhoc_files = 1\n")
    with connect(project) as client, pytest.raises(NotRunningError, match="max_adhoc_files is 1"):
        client.symbols("area")


def test_the_status_is_a_daemons_and_nothing_is_indexed_for_it(project: Path) -> None:
    with connect(project) as client, pytest.raises(NotRunningError):
        client.status()
    assert not StatePaths(project).state_dir.exists()


def test_while_another_process_indexes_a_client_waits_for_it(project: Path) -> None:
    paths = StatePaths(project)
    paths.prepare()
    refused = threading.Event()

    def answer(paths: StatePaths, calls: object) -> list[Any]:
        try:
            with RootLock(paths):
                return [FRESH]
        except AlreadyRunningError:
            refused.set()
            raise

    link = Link(paths, local=answer)
    with ThreadPoolExecutor(1) as thread:
        with RootLock(paths):
            answering = thread.submit(RealClient(link).sync)
            assert refused.wait(60)
        assert answering.result(60).served_by == "local"


def test_a_client_starts_the_daemon_and_others_then_use_it(project: Path) -> None:
    with connect(project) as early:
        assert early.sync().served_by == "local"
        with connect(project, start=True) as client:
            assert client.symbols("area", sync=True).served_by == "daemon"
            assert client.status()["root"] == str(project)
            assert early.sync().served_by == "daemon"
