from __future__ import annotations

import asyncio
from typing import Any

FOLDING = "textDocument/foldingRange"


async def test_a_hundred_editors_with_unsaved_text_see_each_their_own(connect: Any) -> None:
    editors = [await connect() for _ in range(100)]
    await asyncio.gather(*(editor.initialize() for editor in editors))
    for number, editor in enumerate(editors):
        editor.open("app/views.py", "\n" * number + "def f():\n    pass\n")
    found = await asyncio.gather(*(editor.about(FOLDING, "app/views.py") for editor in editors))
    assert [one[0]["startLine"] for one in found] == list(range(100))


async def test_editors_that_vanish_in_the_middle_disturb_nobody(connect: Any) -> None:
    staying = await connect()
    await staying.initialize()
    for number in range(20):
        going = await connect()
        await going.initialize()
        going.open("app/views.py", "def f(:\n" * 100)
        going.begin("textDocument/references", {
            "textDocument": {"uri": going.uri("app/models.py")},
            "position": {"line": 24, "character": 5},
            "context": {"includeDeclaration": True},
        })  # fmt: skip
        if number % 2:
            going.writer.write(b"Content-Length: 100\r\n\r\n{")
        going.writer.transport.abort()
    assert await staying.about(FOLDING, "app/models.py")


async def test_a_request_is_cancelled(editor: Any) -> None:
    number, answered = editor.begin("workspace/symbol", {"query": ""})
    editor.notify("$/cancelRequest", {"id": number})
    message = await answered
    assert "result" in message or message["error"]["code"] == -32800
