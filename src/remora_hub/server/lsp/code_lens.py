"""``textDocument/codeLens`` and ``codeLens/resolve``: "12 references · 3 tests", counted when it is shown."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub.query.index import Index
from remora_hub.query.outline import outline
from remora_hub.query.references import node_references
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import DocumentParams
from remora_hub.server.lsp.translation import Translation

_MOST_FILES = 200
_COUNTED = frozenset(("class", "function", "method", "property"))

Json = dict[str, Any]


class _CodeLens(msgspec.Struct):
    range: Json
    data: Any = None


async def code_lenses(editor: Editor, params: DocumentParams) -> list[Json] | None:
    """One for each class, function and method that is no test, without its counts."""

    def question(index: Index, translation: Translation, path: str) -> list[Json]:
        return [
            {"range": translation.range(path, item.name_range), "data": item.key}
            for item in outline(index, path)
            if item.kind in _COUNTED and not item.is_test
        ]

    return await editor.ask_about(params.text_document.uri, question)


async def resolve(editor: Editor, lens: _CodeLens) -> Json:
    """The same with its counts. It runs no command: what an editor shows them in, it knows itself."""

    def question(index: Index, _translation: Translation) -> str:
        is_known = isinstance(lens.data, str) and index.split_key(lens.data) is not None
        return _title(index, lens.data) if is_known else "gone"

    title = await editor.ask(question, thorough=True)
    return {"range": lens.range, "data": lens.data, "command": {"title": title, "command": ""}}


def _title(index: Index, key: str) -> str:
    """Certain references, and the tests among what they stand in. A name of too many files is not followed.

    Tests that only reach it through others are left out: to find them takes seconds, and there is a lens on every line.
    """
    found = index.split_key(key)
    assert found is not None
    file, suffix = found
    files = len(index.files_naming(file.by_suffix[suffix].name))
    if files > _MOST_FILES:
        return f"named in {files} files"
    mentions = [one for one in node_references(index, key, include_definition=False) if one.certain]
    tests = sum(_is_test(index, container) for container in {one.container for one in mentions})
    return f"{_count(len(mentions), 'reference')} · {_count(tests, 'test')}"


def _is_test(index: Index, key: str) -> bool:
    found = index.split_key(key)
    if found is None:
        return False
    node = found[0].by_suffix[found[1]]
    return node.is_test and node.is_function


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


REQUESTS: Requests = {
    "textDocument/codeLens": (DocumentParams, code_lenses),
    "codeLens/resolve": (_CodeLens, resolve),
}
