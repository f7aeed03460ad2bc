from __future__ import annotations

from typing import Any

import pytest

from remora_hub.daemon.hub import Hub
from remora_hub.server.backend import Indexing

CAPABLE = {"window": {"workDoneProgress": True}}


@pytest.fixture
def cold_start(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[Indexing | None]:
    """What the hub says of its cold start, one after the other; the last one stays."""
    steps: list[Indexing | None] = [Indexing(0, 0), Indexing(0, 0), Indexing(5, 10), Indexing(11, 10), None]
    monkeypatch.setattr(Hub, "indexing", property(lambda _hub: steps.pop(0) if len(steps) > 1 else steps[0]))
    return steps


async def test_a_client_that_wishes_it_sees_the_cold_start_get_on(
    connect: Any, cold_start: list[Indexing | None]
) -> None:
    editor = await connect()
    await editor.initialize(CAPABLE)
    await editor.heard(lambda all_: any(params.get("value", {}).get("kind") == "end" for _, params in all_))
    assert editor.notified[0][0] == "window/workDoneProgress/create"
    values = [params["value"] for name, params in editor.notified if name == "$/progress"]
    assert [value["kind"] for value in values] == ["begin", "report", "report", "end"]
    assert [value.get("percentage") for value in values] == [0, 50, 100, None]


async def test_a_client_that_does_not_is_left_alone(connect: Any, cold_start: list[Indexing | None]) -> None:
    editor = await connect()
    await editor.initialize()
    await editor.about("textDocument/foldingRange", "app/models.py")
    assert editor.notified == []


async def test_nothing_is_shown_where_nothing_is_indexed(connect: Any) -> None:
    editor = await connect()
    await editor.initialize(CAPABLE)
    await editor.about("textDocument/foldingRange", "app/models.py")
    assert editor.notified == []
