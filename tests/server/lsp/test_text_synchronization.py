from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from remora_hub.daemon.hub import Hub
from remora_hub.facts import PackedFile

FOLDING = "textDocument/foldingRange"
BLOCK = "def f():\n    pass\n"


def edit(line: int, start: int, end: int, text: str) -> dict[str, Any]:
    places = {"start": {"line": line, "character": start}, "end": {"line": line, "character": end}}
    return {"range": places, "text": text}


async def folded_lines(editor: Any, path: str) -> list[int]:
    return [one["startLine"] for one in await editor.about(FOLDING, path) or ()]


@pytest.fixture
def extracted(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was extracted because it differs from the disk."""
    texts: list[bytes] = []
    extract = Hub.extract

    async def counted(self: Hub, path: str, data: bytes) -> PackedFile | None:
        texts.append(data)
        return await extract(self, path, data)

    monkeypatch.setattr(Hub, "extract", counted)
    return texts


async def test_unsaved_text_is_seen_by_its_client_alone(connect: Any) -> None:
    one, other = await connect(), await connect()
    await one.initialize()
    await other.initialize()
    before = await folded_lines(other, "app/views.py")
    one.open("app/views.py", "\n\n" + BLOCK)
    assert await folded_lines(one, "app/views.py") == [2]
    assert await folded_lines(other, "app/views.py") == before
    one.close_document("app/views.py")
    assert await folded_lines(one, "app/views.py") == before


async def test_a_request_is_about_the_text_as_it_was_when_it_was_sent(editor: Any) -> None:
    editor.open("app/views.py", BLOCK)
    for count in range(1, 20):
        editor.change("app/views.py", edit(0, 0, 0, "\n"))
        assert await folded_lines(editor, "app/views.py") == [count]


async def test_changes_follow_one_another_and_may_replace_all(editor: Any) -> None:
    editor.open("app/views.py", "x = 1\n")
    editor.change("app/views.py", edit(0, 0, 5, "def f():"), edit(1, 0, 0, "    pass"))
    assert await folded_lines(editor, "app/views.py") == [0]
    editor.change("app/views.py", {"text": "\n" + BLOCK})
    assert await folded_lines(editor, "app/views.py") == [1]


async def test_a_file_that_is_not_on_disk_is_answered_about(editor: Any) -> None:
    assert await editor.about(FOLDING, "app/new.py") is None
    editor.open("app/new.py", BLOCK)
    assert await folded_lines(editor, "app/new.py") == [0]


async def test_text_that_equals_the_disk_is_not_extracted(
    editor: Any, root: Path, extracted: list[bytes]
) -> None:
    text = (root / "app/models.py").read_text()
    editor.open("app/models.py", text)
    assert await folded_lines(editor, "app/models.py")
    editor.change("app/models.py", edit(0, 0, 0, "#"))
    await folded_lines(editor, "app/models.py")
    assert extracted == [b"#" + text.encode()]
    editor.change("app/models.py", edit(0, 0, 1, ""))
    await folded_lines(editor, "app/models.py")
    assert len(extracted) == 1


async def test_what_another_writes_to_disk_does_not_show_through_an_open_document(
    editor: Any, root: Path, hub: Hub
) -> None:
    text = (root / "app/views.py").read_text()
    editor.open("app/views.py", text)
    before = await folded_lines(editor, "app/views.py")
    (root / "app/views.py").write_text("\n\n\n" + BLOCK)
    await hub.sync(None)
    assert await folded_lines(editor, "app/views.py") == before
    editor.close_document("app/views.py")
    assert await folded_lines(editor, "app/views.py") == [3]


async def test_a_saved_document_is_the_disks_again(
    editor: Any, root: Path, hub: Hub, extracted: list[bytes]
) -> None:
    editor.open("app/views.py", BLOCK)
    assert await folded_lines(editor, "app/views.py") == [0]
    (root / "app/views.py").write_text(BLOCK)
    editor.notify("textDocument/didSave", {"textDocument": {"uri": editor.uri("app/views.py")}})
    await hub.sync(None)
    assert await folded_lines(editor, "app/views.py") == [0]
    assert extracted == [BLOCK.encode()]


async def test_only_the_newest_of_many_changes_is_extracted(editor: Any, extracted: list[bytes]) -> None:
    editor.open("app/views.py", BLOCK)
    for _ in range(100):
        editor.change("app/views.py", edit(0, 0, 0, "\n"))
    assert await folded_lines(editor, "app/views.py") == [100]
    assert len(extracted) < 20


async def test_a_text_no_lane_can_extract_leaves_the_last_good_facts(
    editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.open("app/views.py", BLOCK)
    assert await folded_lines(editor, "app/views.py") == [0]

    async def nothing(_self: Hub, _path: str, _data: bytes) -> None:
        return None

    monkeypatch.setattr(Hub, "extract", nothing)
    editor.change("app/views.py", edit(0, 0, 0, "\n"))
    assert await folded_lines(editor, "app/views.py") == [0]


async def test_an_extraction_that_hangs_holds_a_request_up_for_two_seconds_at_most(
    editor: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    editor.open("app/views.py", BLOCK)
    assert await folded_lines(editor, "app/views.py") == [0]

    async def hanging(_self: Hub, _path: str, _data: bytes) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr(Hub, "extract", hanging)
    editor.change("app/views.py", edit(0, 0, 0, "\n"))
    assert await folded_lines(editor, "app/views.py") == [0]


async def test_text_over_the_limit_is_not_kept_until_it_is_shorter(editor: Any, hub: Hub) -> None:
    before = await folded_lines(editor, "app/views.py")
    editor.open("app/views.py", "#" * (hub.max_file_bytes + 1))
    assert await folded_lines(editor, "app/views.py") == before
    editor.change("app/views.py", edit(0, 0, 0, "\n"))
    editor.change("app/views.py", {"text": "\n" + BLOCK})
    assert await folded_lines(editor, "app/views.py") == [1]


async def test_unsaved_text_is_utf_8_whatever_it_declares(editor: Any) -> None:
    text = '# coding: latin-1\nx = "é"; y = (1,\n2)\n'
    editor.open("app/views.py", text)
    [chain] = await editor.about(
        "textDocument/selectionRange", "app/views.py", positions=[{"line": 1, "character": 9}]
    )
    assert chain["range"] == {"start": {"line": 1, "character": 9}, "end": {"line": 1, "character": 10}}


async def test_nonsense_in_a_notification_is_passed_over(editor: Any) -> None:
    editor.open("app/views.py", BLOCK)
    uri = {"uri": editor.uri("app/views.py")}
    for params in (
        {},
        [],
        {"textDocument": uri, "contentChanges": [{}]},
        {"textDocument": uri, "contentChanges": [7]},
        {"textDocument": uri, "contentChanges": [{"text": "", "range": {"start": {}, "end": {}}}]},
        {"textDocument": {"uri": "file:///elsewhere.py"}, "contentChanges": [{"text": ""}]},
    ):
        editor.notify("textDocument/didChange", params, checked=False)
    assert await folded_lines(editor, "app/views.py") == [0]


@pytest.mark.parametrize(
    "name", ["new\nline.py", 'quo"te.py', "per%20cent.py", "naïve.py", "a b#?.py", "😀.py"]
)
async def test_any_file_name_is_found_by_its_uri(editor: Any, root: Path, hub: Hub, name: str) -> None:
    (root / name).write_text(BLOCK)
    await hub.sync(None)
    assert await folded_lines(editor, name) == [0]


async def test_a_name_that_is_not_utf_8_has_no_answers_and_no_errors(editor: Any) -> None:
    uri = editor.uri("") + "/%ff.py"
    item = {"uri": uri, "languageId": "python", "version": 1, "text": BLOCK}
    editor.notify("textDocument/didOpen", {"textDocument": item})
    assert await editor.ask(FOLDING, {"textDocument": {"uri": uri}}) is None
