"""``initialize``: what the client can do, and what the server can (LSP 3.17, "Server lifecycle")."""

from __future__ import annotations

from typing import Any

import msgspec

from remora_hub import __version__
from remora_hub.server.lsp.editor import Editor, Trace

_INCREMENTAL = 2  # TextDocumentSyncKind


class WorkspaceFolder(msgspec.Struct):
    """A root of the client's workspace."""

    uri: str


class InitializeParams(msgspec.Struct, rename="camel"):
    """What is read of the parameters. The client's capabilities are asked by name, see ``Announced``."""

    capabilities: Any = None
    root_uri: str | None = None
    workspace_folders: list[WorkspaceFolder] | None = None
    trace: str | None = None

    def folders(self) -> list[str]:
        """The URIs of the workspace: its folders, or the root of an older client."""
        folders = [folder.uri for folder in self.workspace_folders or ()]
        return folders or ([self.root_uri] if self.root_uri else [])

    def trace_value(self) -> Trace:
        """How much is to be traced; a value that is none means off."""
        return "messages" if self.trace == "messages" else "verbose" if self.trace == "verbose" else "off"


def result(editor: Editor) -> dict[str, Any]:
    """The ``InitializeResult``."""
    return {
        "capabilities": {
            "positionEncoding": editor.encoding,
            "textDocumentSync": {
                "openClose": True,
                "change": _INCREMENTAL,
                "save": {"includeText": False},
            },
            "hoverProvider": True,
            "declarationProvider": True,
            "definitionProvider": True,
            "typeDefinitionProvider": True,
            "implementationProvider": True,
            "referencesProvider": True,
            "documentHighlightProvider": True,
            "documentSymbolProvider": True,
            "workspaceSymbolProvider": True,
            "codeLensProvider": {"resolveProvider": True},
            "foldingRangeProvider": True,
            "selectionRangeProvider": True,
            "callHierarchyProvider": True,
            "typeHierarchyProvider": True,
            "workspace": {"workspaceFolders": {"supported": True, "changeNotifications": False}},
        },
        "serverInfo": {"name": "remora-hub", "version": __version__},
    }
