from __future__ import annotations

from typing import Any

HOVER = "textDocument/hover"


async def test_plain_text_for_a_client_that_says_nothing(editor: Any) -> None:
    found = await editor.at(HOVER, "app/models.py", 9, 9)
    assert found["contents"]["kind"] == "plaintext"
    text = found["contents"]["value"]
    assert "def save(self, path: str) -> bool" in text
    assert "Save it." in text
    assert "app/models.py:10" in text
    assert found["range"]["start"] == {"line": 9, "character": 8}


async def test_markdown_for_one_that_announces_it_and_no_markup_from_the_source(connect: Any) -> None:
    editor = await connect()
    await editor.initialize({"textDocument": {"hover": {"contentFormat": ["markdown", "plaintext"]}}})
    editor.open("app/new.py", 'def f(a="```"):\n    """A *b* [c](d) <e>."""\n')
    contents = (await editor.at(HOVER, "app/new.py", 0, 4))["contents"]
    assert contents["kind"] == "markdown"
    assert contents["value"].startswith("````python\ndef f(")
    assert r"A \*b\* \[c\](d) \<e\>." in contents["value"]


async def test_nothing_is_known_of_nothing(editor: Any) -> None:
    assert await editor.at(HOVER, "app/models.py", 1, 0) is None
