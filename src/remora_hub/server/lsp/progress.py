"""``initialized``, and the progress of a cold start behind it (LSP 3.17, "Server Initiated Progress")."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from remora_hub.server.lsp.editor import Editor, Notifications
from remora_hub.server.lsp.params import Nothing
from remora_hub.wire import ProtocolError

_INTERVAL_S = 0.1
_PROGRESS = "remora-hub/indexing"


def _initialized(editor: Editor, _params: Nothing) -> None:
    if editor.announced.has("window.workDoneProgress"):
        editor.connection.spawn(_show(editor))


async def _show(editor: Editor) -> None:
    """Show how far the cold start is; nothing if there is none, or the client will not have it."""
    backend = editor.backend
    if backend.indexing is None:
        return
    try:
        await editor.connection.ask("window/workDoneProgress/create", {"token": _PROGRESS})
    except ProtocolError:
        return
    await _report(editor, {"kind": "begin", "title": "Indexing", "cancellable": False, "percentage": 0})
    while (indexing := backend.indexing) is not None:
        done, pending = indexing
        if pending:
            message = f"{done} of {pending} files"
            percentage = min(100, 100 * done // pending)
            await _report(editor, {"kind": "report", "message": message, "percentage": percentage})
        await asyncio.sleep(_INTERVAL_S)
    await _report(editor, {"kind": "end"})


async def _report(editor: Editor, value: Mapping[str, object]) -> None:
    await editor.connection.notify("$/progress", {"token": _PROGRESS, "value": value})


NOTIFICATIONS: Notifications = {"initialized": (Nothing, _initialized)}
