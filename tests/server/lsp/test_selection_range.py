from __future__ import annotations

from itertools import pairwise
from typing import Any

SOURCE = """def f(a, b=(1, 2)):
    if a:
        return g("é", [a, b])
    else:
        pass


x = 1
"""


async def selected(editor: Any, line: int, character: int, source: str = SOURCE) -> list[str]:
    """The texts of the chain, innermost first; the source is ASCII but for one character of one unit."""
    editor.open("app/new.py", source)
    position = {"line": line, "character": character}
    [chain] = await editor.about("textDocument/selectionRange", "app/new.py", positions=[position])
    lines = source.splitlines(keepends=True)
    found = []
    while chain:
        ends = [chain["range"][end] for end in ("start", "end")]
        first, last = (sum(map(len, lines[: end["line"]])) + end["character"] for end in ends)
        found.append(source[first:last])
        chain = chain.get("parent")
    return found


async def test_a_selection_grows_from_a_name_to_the_file(editor: Any) -> None:
    found = await selected(editor, 2, 23)
    assert found[:5] == ["a", "a, b", "[a, b]", '"é", [a, b]', '("é", [a, b])']
    assert found[5] == 'return g("é", [a, b])'
    assert found[6] == "if a:\n        " + found[5]
    assert found[7] == SOURCE[24 : SOURCE.index("\n\n\nx")]
    assert found[8] == SOURCE[: SOURCE.index("\n\n\nx")]
    assert found[9] == SOURCE


async def test_each_range_lies_within_the_next(editor: Any) -> None:
    for line, text in enumerate(SOURCE.splitlines()):
        for character in range(len(text) + 2):
            found = await selected(editor, line, character)
            for inner, outer in pairwise(found):
                assert inner in outer
                assert inner != outer
            assert found[-1] == SOURCE


async def test_an_empty_file_has_an_empty_selection(editor: Any) -> None:
    assert await selected(editor, 0, 0, "") == [""]
