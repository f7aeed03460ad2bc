"""``textDocument/hover``: the declaration, the docstring's first line, a model's summary, where it is, who calls it."""

from __future__ import annotations

import re
from typing import Any

from remora_hub import answers
from remora_hub.query import hover as query
from remora_hub.query.index import Index
from remora_hub.server.lsp.editor import Editor, Requests
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.translation import Translation
from remora_hub.terminal import printable

_MARKUP = re.compile(r"([\\`*_\[\]<>#~|])")


async def hover(editor: Editor, params: PositionParams) -> dict[str, Any] | None:
    """Markdown for clients that announce it, else plain text."""
    formats = editor.announced.strings("textDocument.hover.contentFormat")
    kind = "markdown" if "markdown" in formats else "plaintext"

    def question(index: Index, translation: Translation, place: answers.Place) -> dict[str, Any] | None:
        found = editor.backend.summaries.added_to(index, query.hover(index, place))
        if found is None:
            return None
        editor.backend.viewed.note(found.definition.path)
        text = _markdown(found) if kind == "markdown" else _plain(found)
        shown: dict[str, Any] = {"contents": {"kind": kind, "value": text}}
        if found.span is not None:
            shown["range"] = translation.span(found.span)
        return shown

    return await editor.ask_at(params, question)


def _markdown(found: answers.Hover) -> str:
    declaration = printable(found.declaration)
    fence = "```"
    while fence in declaration:
        fence += "`"
    parts = [f"{fence}python\n{declaration}\n{fence}"]
    if found.docstring:
        parts.append(_MARKUP.sub(r"\\\1", printable(found.docstring)))
    if found.summary is not None:
        parts.append(_MARKUP.sub(r"\\\1", _summary(found.summary)))
    parts.append(_MARKUP.sub(r"\\\1", _whereabouts(found)))
    return "\n\n".join(parts)


def _plain(found: answers.Hover) -> str:
    declaration, docstring = printable(found.declaration), printable(found.docstring or "")
    summary = _summary(found.summary) if found.summary is not None else ""
    return "\n\n".join(filter(None, (declaration, docstring, summary, _whereabouts(found))))


def _summary(found: answers.Summary) -> str:
    return printable(f"{found.text} ({found.model}{', stale' if found.is_stale else ''})")


def _whereabouts(found: answers.Hover) -> str:
    text = f"{printable(found.definition.path)}:{found.definition.line}"
    if not found.definition.certain:
        text += " (a guess)"
    if found.callers is not None:
        text += f" · {found.callers} {'caller' if found.callers == 1 else 'callers'}"
    return text


REQUESTS: Requests = {"textDocument/hover": (PositionParams, hover)}
