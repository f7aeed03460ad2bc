"""The language server on the hub's endpoint: a connection that sends ``initialize`` becomes an editor's session."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from remora_hub.server.backend import LiveBackend
from remora_hub.server.connection import Connection, Method, Notification
from remora_hub.server.late_methods import LateMethods
from remora_hub.server.lsp import (
    initialize,
    progress,
    text_synchronization,
    trace,
    watched_files,
    workspace_symbol,
)
from remora_hub.server.lsp.editor import Editor, Notifications, Requests
from remora_hub.server.lsp.params import Nothing
from remora_hub.wire import INVALID_REQUEST, SERVER_NOT_INITIALIZED, ProtocolError

STOPPING = "$/remora-hub/stopping"  # ``lsp_proxy.conversation`` listens for it


class LanguageServer:
    """LSP 3.17 for one hub. The server runs beside a type checker's: no diagnostics, completion or formatting."""

    def __init__(self, backend: LiveBackend) -> None:
        self._backend = backend
        self._editors: dict[Connection, Editor] = {}

    def methods(self) -> LateMethods:
        """The requests, by name."""

        def of_editors(table: Requests) -> dict[str, Method]:
            return {
                name: (parameters, self._answered(name, answer))
                for name, (parameters, answer) in table.items()
            }

        def others() -> dict[str, Method]:
            from remora_hub.server.lsp import requests

            return of_editors(requests.REQUESTS)

        first: dict[str, Method] = {
            "initialize": (initialize.InitializeParams, self._initialize),
            "shutdown": (Nothing, self._shutdown),
            **of_editors(workspace_symbol.REQUESTS),
        }
        return LateMethods(first, others)

    def notifications(self) -> dict[str, Notification]:
        """The notifications, by name."""
        of_editors: Notifications = {
            **text_synchronization.NOTIFICATIONS,
            **watched_files.NOTIFICATIONS,
            **trace.NOTIFICATIONS,
            **progress.NOTIFICATIONS,
        }
        return {
            "exit": (Nothing, lambda connection, _params: connection.hang_up()),
            **{name: (parameters, self._told(act)) for name, (parameters, act) in of_editors.items()},
        }

    async def _initialize(
        self, connection: Connection, params: initialize.InitializeParams
    ) -> dict[str, Any]:
        if connection in self._editors:
            raise ProtocolError(INVALID_REQUEST, "initialize may be sent once")
        editor = Editor(connection, self._backend, params.capabilities, params.folders())
        editor.trace = params.trace_value()
        self._editors[connection] = editor
        connection.at_end(lambda: self._forget(connection))
        return initialize.result(editor)

    @property
    def has_editors(self) -> bool:
        """Whether there are any."""
        return bool(self._editors)

    @property
    def open_paths(self) -> set[str]:
        """The files that editors have open."""
        return {path for editor in self._editors.values() for path in editor.documents.paths}

    def announce_stop(self) -> None:
        """Tell editors that somebody wants no hub to run, so that their proxies start none. Others pass over it: LSP
        3.17, "$ Notifications and Requests".
        """
        for connection in self._editors:
            connection.spawn(connection.notify(STOPPING, {}))

    def _forget(self, connection: Connection) -> None:
        del self._editors[connection]

    async def _shutdown(self, connection: Connection, _params: Nothing) -> None:
        self._editor(connection).is_shut_down = True

    def _editor(self, connection: Connection) -> Editor:
        editor = self._editors.get(connection)
        if editor is None:
            raise ProtocolError(SERVER_NOT_INITIALIZED, "initialize comes first")
        if editor.is_shut_down:
            raise ProtocolError(INVALID_REQUEST, "the session was shut down")
        return editor

    def _answered(
        self, name: str, answer: Callable[[Editor, Any], Awaitable[object]]
    ) -> Callable[[Connection, Any], Awaitable[object]]:
        async def answered(connection: Connection, params: msgspec.Struct) -> object:
            editor = self._editor(connection)
            began = time.perf_counter()
            result = await answer(editor, params)
            if editor.trace != "off":
                await trace.log_answer(editor, name, params, time.perf_counter() - began)
            return result

        return answered

    def _told(self, act: Callable[[Editor, Any], None]) -> Callable[[Connection, Any], None]:
        def told(connection: Connection, params: msgspec.Struct) -> None:
            act(self._editor(connection), params)

        return told
