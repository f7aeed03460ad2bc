"""``textDocument/definition``, ``declaration`` and ``typeDefinition``: places to go to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from remora_hub.answers import Definition, Place, Range
from remora_hub.query import definition
from remora_hub.query.index import Index
from remora_hub.server.lsp.certainty import shown
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.translation import Translation

Json = dict[str, Any]
Target = tuple[str, Range, Range]
"""Path, the name's range, the whole definition's."""
Search = Callable[[Index, Place], list[Target]]


def answer_with_places(
    name: str, search: Search, *, thorough: bool = False
) -> Callable[..., Awaitable[list[Json] | None]]:
    """What answers one of these requests: ``LocationLink``s for clients that know them, else ``Location``s."""

    async def answer(editor: Editor, params: PositionParams) -> list[Json] | None:
        as_link = editor.announced.has(f"textDocument.{name}.linkSupport")

        def question(index: Index, translation: Translation, place: Place) -> list[Json]:
            write = _link if as_link else _location
            targets = dict.fromkeys(search(index, place))
            for path, *_ in list(targets)[:1]:  # where an editor goes, or what it shows first
                editor.backend.viewed.note(path)
            return [write(translation, target) for target in targets]

        return await editor.ask_at(params, question, thorough=thorough)

    return answer


def _location(translation: Translation, target: Target) -> Json:
    path, name, _ = target
    return {"uri": translation.uri(path), "range": translation.range(path, name)}


def _link(translation: Translation, target: Target) -> Json:
    path, name, whole = target
    if not (whole[:2] <= name[:2] and name[2:] <= whole[2:]):
        whole = name  # the specification wants the name within
    return {
        "targetUri": translation.uri(path),
        "targetRange": translation.range(path, whole),
        "targetSelectionRange": translation.range(path, name),
    }


def _of_definitions(find: Callable[[Index, Place], list[Definition]]) -> Search:
    def search(index: Index, place: Place) -> list[Target]:
        return [
            (one.path, (one.line, one.column, one.end_line, one.end_column), one.range)
            for one in shown(find(index, place))
        ]

    return search


REQUESTS: Requests = {
    "textDocument/definition": (
        PositionParams,
        answer_with_places("definition", _of_definitions(definition.definitions)),
    ),
    "textDocument/declaration": (
        PositionParams,
        answer_with_places("declaration", _of_definitions(definition.declarations)),
    ),
    "textDocument/typeDefinition": (
        PositionParams,
        answer_with_places("typeDefinition", _of_definitions(definition.type_definitions)),
    ),
}
