from __future__ import annotations

from pathlib import Path
from typing import Any

from remora_hub.daemon.hub import Hub

METHOD = "textDocument/codeLens"


async def lenses(editor: Any, path: str) -> dict[str, Any]:
    """By the key of what they are about."""
    return {lens["data"]: lens for lens in await editor.about(METHOD, path)}


async def test_a_lens_is_counted_when_it_is_shown(editor: Any) -> None:
    lens = (await lenses(editor, "app/models.py"))["node:app/models.py:make"]
    assert "command" not in lens
    assert lens["range"]["start"] == {"line": 24, "character": 4}
    resolved = await editor.ask("codeLens/resolve", lens)
    assert resolved["command"]["title"] == "5 references · 1 test"


async def test_a_name_of_too_many_files_is_not_counted(editor: Any, root: Path, hub: Hub) -> None:
    for number in range(201):
        (root / f"file{number}.py").write_text("make = 1\n")
    await hub.sync(None)
    lens = (await lenses(editor, "app/models.py"))["node:app/models.py:make"]
    assert (await editor.ask("codeLens/resolve", lens))["command"]["title"] == "named in 204 files"


async def test_tests_and_variables_have_none(editor: Any) -> None:
    assert await lenses(editor, "tests/test_models.py") == {}
    assert "node:app/models.py:User.limit" not in await lenses(editor, "app/models.py")


async def test_a_lens_of_what_has_gone_is_no_error(editor: Any) -> None:
    lens = (await lenses(editor, "app/models.py"))["node:app/models.py:make"]
    editor.open("app/models.py", "\n")
    assert (await editor.ask("codeLens/resolve", lens))["command"]["title"] == "gone"
