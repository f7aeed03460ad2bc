from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pytest

from remora_hub.daemon.hub import Hub

CHANGED = "workspace/didChangeWatchedFiles"


@pytest.fixture
def looked_at(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The paths that clients had compared with the disk."""
    found: list[str] = []
    look_at = Hub.look_at

    async def recorded(self: Hub, paths: Iterable[str]) -> None:
        paths = list(paths)
        found.extend(paths)
        await look_at(self, paths)

    monkeypatch.setattr(Hub, "look_at", recorded)
    return found


async def test_what_a_client_says_is_looked_at_and_what_is_elsewhere_is_not(
    editor: Any, hub: Hub, looked_at: list[str]
) -> None:
    names = ["app/models.py", "gone.py", "app", "../other.py"]
    changes = [{"uri": editor.uri(name), "type": number % 3 + 1} for number, name in enumerate(names)]
    editor.notify(CHANGED, {"changes": [*changes, {"uri": "untitled:x", "type": 1}]})
    assert await editor.about("textDocument/foldingRange", "app/models.py")
    await hub.sync(None)
    assert looked_at == ["app/models.py", "gone.py", "app"]


async def test_a_save_is_looked_at_without_waiting_for_the_watcher(editor: Any, looked_at: list[str]) -> None:
    editor.notify("textDocument/didSave", {"textDocument": {"uri": editor.uri("app/models.py")}})
    assert await editor.about("textDocument/foldingRange", "app/models.py")
    assert looked_at == ["app/models.py"]


async def test_a_flood_of_hints_is_taken(editor: Any, hub: Hub) -> None:
    changes = [{"uri": editor.uri(f"file{number}.py"), "type": 1} for number in range(5000)]
    editor.notify(CHANGED, {"changes": changes})
    assert await editor.about("textDocument/foldingRange", "app/models.py")
    await hub.sync(None)
