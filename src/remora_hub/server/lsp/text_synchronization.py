"""``textDocument/didOpen``, ``didChange``, ``didSave``, ``didClose``: what the editor has that the disk has not."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub.server.lsp.editor import Editor, Notifications
from remora_hub.server.lsp.params import DocumentParams, TextDocumentIdentifier
from remora_hub.wire import INVALID_PARAMS, ProtocolError


class _TextDocumentItem(msgspec.Struct, rename="camel"):
    uri: str
    text: str
    language_id: str = ""


class _OpenParams(msgspec.Struct, rename="camel"):
    text_document: _TextDocumentItem


class _ChangeParams(msgspec.Struct, rename="camel"):
    text_document: TextDocumentIdentifier
    content_changes: list[dict[str, Any]]


def _opened(editor: Editor, params: _OpenParams) -> None:
    document = params.text_document
    path = editor.uris.path(document.uri)
    if path is not None and (path.endswith((".py", ".pyi")) or document.language_id == "python"):
        editor.documents.open(document.uri, path, document.text)


def _changed(editor: Editor, params: _ChangeParams) -> None:
    try:
        editor.documents.change(params.text_document.uri, params.content_changes)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise ProtocolError(INVALID_PARAMS, f"a change that is none: {error!r}") from error


def _saved(editor: Editor, params: DocumentParams) -> None:
    """The disk is the truth: it is looked at now, not when the watcher tells."""
    path = editor.uris.path(params.text_document.uri)
    if path is not None:
        editor.connection.spawn(editor.backend.look_at([path]))


def _closed(editor: Editor, params: DocumentParams) -> None:
    editor.documents.close(params.text_document.uri)


NOTIFICATIONS: Notifications = {
    "textDocument/didOpen": (_OpenParams, _opened),
    "textDocument/didChange": (_ChangeParams, _changed),
    "textDocument/didSave": (DocumentParams, _saved),
    "textDocument/didClose": (DocumentParams, _closed),
}
