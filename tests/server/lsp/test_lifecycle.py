from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from remora_hub.daemon.hub import Hub


async def test_a_request_before_initialize_is_refused(connect: Any) -> None:
    editor = await connect()
    params = {"textDocument": {"uri": editor.uri("app/models.py")}}
    answer = await editor.answer("textDocument/foldingRange", params)
    assert answer["error"]["code"] == -32002


async def test_initialize_may_be_sent_once(editor: Any) -> None:
    again = {"processId": None, "rootUri": None, "capabilities": {}}
    assert (await editor.answer("initialize", again))["error"]["code"] == -32600


async def test_after_shutdown_requests_are_refused_and_exit_leaves_the_hub_running(
    editor: Any, connect: Any, hub: Hub
) -> None:
    assert await editor.ask("shutdown") is None
    params = {"textDocument": {"uri": editor.uri("app/models.py")}}
    assert (await editor.answer("textDocument/foldingRange", params))["error"]["code"] == -32600
    editor.notify("exit", None)
    await editor.ended()
    other = await connect()
    assert (await other.initialize())["serverInfo"]["name"] == "remora-hub"


async def test_what_the_server_does_not_do_it_does_not_announce(editor: Any) -> None:
    for name in ("completionProvider", "diagnosticProvider", "documentFormattingProvider"):
        assert name not in editor.capabilities
    params = {"textDocument": {"uri": editor.uri("app/models.py")}, "position": {"line": 0, "character": 0}}
    assert (await editor.answer("textDocument/completion", params))["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("offered", "chosen"),
    [
        (None, "utf-16"),
        ([], "utf-16"),
        (["utf-16"], "utf-16"),
        (["utf-16", "utf-8"], "utf-8"),
        (["utf-32", "utf-16"], "utf-32"),
        (["utf-7"], "utf-16"),
    ],
)
async def test_the_cheapest_encoding_the_client_knows_is_chosen(
    connect: Any, offered: list[str] | None, chosen: str
) -> None:
    editor = await connect()
    general = {} if offered is None else {"positionEncodings": offered}
    await editor.initialize({"general": general})
    assert editor.capabilities["positionEncoding"] == chosen


async def test_hub_methods_and_an_editors_are_served_on_one_connection(editor: Any) -> None:
    answer = await editor.answer("hub/outline", {"path": "app/models.py"}, checked=False)
    assert answer["result"]["nodes"]


async def test_a_document_elsewhere_has_no_answers_and_no_errors(editor: Any) -> None:
    for uri in ("file:///etc/hosts.py", "untitled:Untitled-1", "http://example.org/x.py", "x", "file:///%00"):
        params = {"textDocument": {"uri": uri}}
        assert await editor.ask("textDocument/foldingRange", params) is None


async def test_names_are_the_clients_where_it_came_through_a_link(connect: Any, root: Path) -> None:
    link = root.parent / "link"
    link.symlink_to(root)
    editor = await connect()
    editor.root = link
    await editor.initialize(rootUri=None, workspaceFolders=[{"uri": link.as_uri(), "name": "link"}])
    assert await editor.about("textDocument/foldingRange", "app/models.py")


async def test_garbage_in_the_capabilities_is_passed_over(connect: Any) -> None:
    editor = await connect()
    params = {
        "processId": 1,
        "rootUri": None,
        "capabilities": {"general": [1], "window": 7, "textDocument": None},
    }
    answer = await editor.answer("initialize", params, checked=False)
    assert answer["result"]["capabilities"]["positionEncoding"] == "utf-16"


async def test_a_trace_is_sent_to_those_who_wish_it(editor: Any) -> None:
    await editor.about("textDocument/foldingRange", "app/models.py")
    assert editor.notified == []
    editor.notify("$/setTrace", {"value": "verbose"})
    await editor.about("textDocument/foldingRange", "app/models.py")
    [(name, params)] = editor.notified
    assert name == "$/logTrace"
    assert "foldingRange" in params["message"]
