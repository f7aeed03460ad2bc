from __future__ import annotations

from typing import Any

from remora_hub.enrich.batches import Batch, Finished
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.summarize.store import summary_store
from remora_hub.paths import StatePaths

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


async def test_a_summary_is_shown_without_markup_of_its_own_and_marked_where_it_is_stale(
    connect: Any,
) -> None:
    editor = await connect()
    await editor.initialize({"textDocument": {"hover": {"contentFormat": ["markdown"]}}})
    assert "Saves" not in (await editor.at(HOVER, "app/models.py", 9, 9))["contents"]["value"]
    with EnrichDatabase(StatePaths(editor.root).enrich_database) as database:
        item = Finished(
            0, "node:app/models.py:Base.save", "of-what-it-was", "Saves *all* <b>to</b>\x1b[1m [x](y)."
        )
        summary_store(database, "gpt_4").write(Batch(0, (item,)))
        text = (await editor.at(HOVER, "app/models.py", 9, 9))["contents"]["value"]
    assert r"Saves \*all\* \<b\>to\</b\>\\x1b\[1m \[x\](y). (gpt\_4, stale)" in text
    StatePaths(editor.root).enrich_database.unlink()
    assert "Saves" not in (await editor.at(HOVER, "app/models.py", 9, 9))["contents"]["value"]


async def test_a_database_of_summaries_that_is_damaged_keeps_nobody_from_an_answer(connect: Any) -> None:
    editor = await connect()
    await editor.initialize({})
    StatePaths(editor.root).enrich_database.write_bytes(b"no database at all" * 1000)
    assert "Save it." in (await editor.at(HOVER, "app/models.py", 9, 9))["contents"]["value"]
