"""``workspace/didChangeWatchedFiles``: hints. The hub watches by itself, so it asks no client to."""

from __future__ import annotations

import msgspec

from remora_hub.server.lsp.editor import Editor, Notifications


class _FileEvent(msgspec.Struct):
    uri: str  # what happened to it is not asked: the disk is


class _WatchedFilesParams(msgspec.Struct):
    changes: list[_FileEvent]


def _changed(editor: Editor, params: _WatchedFilesParams) -> None:
    paths = [editor.uris.path(change.uri) for change in params.changes]
    editor.connection.spawn(editor.backend.look_at([path for path in paths if path is not None]))


NOTIFICATIONS: Notifications = {"workspace/didChangeWatchedFiles": (_WatchedFilesParams, _changed)}
