"""A small client for any language server on standard input and output: enough to ask for places in code.

Places are the hub's: paths relative to the root (None outside of it), 1-based lines, 0-based columns in bytes of the
UTF-8 line. The server's own position encoding (LSP 3.17, ``PositionEncodingKind``) is translated here and nowhere else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, Self
from urllib.parse import unquote, urlsplit

from peers_process import ServerError, ServerProcess

LONGEST_ANSWER_S = 300.0
_LONGEST_EXIT_S = 5.0
_METHOD_NOT_FOUND = -32601
_FILE_CHANGED = 2  # LSP 3.17, FileChangeType
_LINE_END = re.compile(r"\r\n|\r|\n")


class Place(NamedTuple):
    """A place in code; ``path`` is None outside the root."""

    path: str | None
    line: int
    column: int


class LanguageServer:
    """A running server for one root; an async context manager that starts and ends it.

    ``settings`` answer ``workspace/configuration``: a section's name to its value. ``variables`` are its environment.
    """

    def __init__(
        self, command: Sequence[str], root: Path, settings: Mapping[str, Any], variables: Mapping[str, str]
    ) -> None:
        self._process = ServerProcess(command, self._reply)
        self._root = root
        self._settings = settings
        self._variables = variables
        self._encoding = "utf-16"
        self._capabilities: Mapping[str, Any] = {}

    async def __aenter__(self) -> Self:
        await self._process.start(self._root, self._variables)
        try:
            await self._initialize()
        except BaseException:
            await self._process.kill()
            raise
        return self

    async def _initialize(self) -> None:
        initialized = await self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": self._root.as_uri(),
                "workspaceFolders": [{"uri": self._root.as_uri(), "name": self._root.name}],
                "capabilities": {
                    "general": {"positionEncodings": ["utf-8", "utf-16"]},
                    "workspace": {
                        "configuration": True,
                        "workspaceFolders": True,
                        "didChangeWatchedFiles": {
                            "dynamicRegistration": True
                        },  # else some watch by themselves
                    },
                    "window": {"workDoneProgress": True},
                },
            },
        )
        self._capabilities = initialized["capabilities"]
        self._encoding = self._capabilities.get("positionEncoding", "utf-16")
        self.notify("initialized", {})
        self.notify("workspace/didChangeConfiguration", {"settings": dict(self._settings)})

    async def __aexit__(self, *_exception: object) -> None:
        with suppress(ServerError, TimeoutError):  # it may have died; it is ended either way
            await self.request("shutdown", None, timeout_s=_LONGEST_EXIT_S)
            self.notify("exit", None)
            await self._process.wait(_LONGEST_EXIT_S)
        await self._process.kill()

    @property
    def pid(self) -> int:
        """Of the process that was started."""
        return self._process.pid

    def offers(self, provider: str) -> bool:
        """Whether it answers what ``provider``, a field of ``ServerCapabilities``, stands for."""
        return self._capabilities.get(provider) not in (None, False)

    async def request(self, method: str, params: object, *, timeout_s: float = LONGEST_ANSWER_S) -> Any:
        """The result of ``method``. Raises ServerError if refused, TimeoutError after ``timeout_s``."""
        return await self._process.request(method, params, timeout_s)

    async def timed_request(
        self, method: str, params: object, *, timeout_s: float = LONGEST_ANSWER_S
    ) -> tuple[Any, float]:
        """The same, and the seconds from the write of the request to the last byte of its answer."""
        return await self._process.timed_request(method, params, timeout_s)

    def notify(self, method: str, params: object) -> None:
        """Send a notification."""
        self._process.send({"method": method, "params": params})

    def open(self, path: str) -> None:
        """Tell the server that the file at ``path`` is open."""
        text = "\n".join(_lines(self._root / path))
        document = {"uri": self._uri(path), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": document})

    def close(self, path: str) -> None:
        """Tell the server that the file at ``path`` is no longer open."""
        self.notify("textDocument/didClose", {"textDocument": {"uri": self._uri(path)}})

    def changed(self, paths: Iterable[str]) -> None:
        """Tell the server that files have changed on disk."""
        changes = [{"uri": self._uri(path), "type": _FILE_CHANGED} for path in paths]
        self.notify("workspace/didChangeWatchedFiles", {"changes": changes})

    async def definition(self, place: Place) -> list[Place]:
        """Where the name at ``place`` is defined."""
        return self._places(await self.request("textDocument/definition", self.at(place)))

    async def references(self, place: Place) -> list[Place]:
        """Where the symbol at ``place`` is named, its declaration included."""
        params = self.at(place) | {"context": {"includeDeclaration": True}}
        return self._places(await self.request("textDocument/references", params))

    def at(self, place: Place) -> dict[str, Any]:
        """``place`` as TextDocumentPositionParams."""
        assert place.path is not None
        column = place.column
        if self._encoding == "utf-16":
            prefix = _line(self._root / place.path, place.line).encode()[:column].decode()
            column = len(prefix.encode("utf-16-le")) // 2
        position = {"line": place.line - 1, "character": column}
        return {"textDocument": {"uri": self._uri(place.path)}, "position": position}

    def _places(self, answer: Any) -> list[Place]:
        found = answer if isinstance(answer, list) else [answer] if answer else []
        return list(dict.fromkeys(self._place(location) for location in found))

    def _place(self, location: Mapping[str, Any]) -> Place:
        """From a Location or a LocationLink."""
        path = Path(unquote(urlsplit(location.get("uri") or location["targetUri"]).path))
        start = (location.get("range") or location["targetSelectionRange"])["start"]
        line, column = start["line"] + 1, start["character"]
        if not path.is_relative_to(self._root):
            return Place(None, line, column)
        if self._encoding == "utf-16":
            units = _line(path, line).encode("utf-16-le")[: column * 2]
            column = len(units.decode("utf-16-le", "replace").encode())
        return Place(str(path.relative_to(self._root)), line, column)

    def _uri(self, path: str) -> str:
        return (self._root / path).as_uri()

    def _reply(self, message: Mapping[str, Any]) -> dict[str, Any]:
        match message["method"]:
            case "workspace/configuration":
                wanted = [item.get("section", "") for item in message["params"]["items"]]
                return {"result": [self._setting(section) for section in wanted]}
            case (
                "client/registerCapability" | "client/unregisterCapability" | "window/workDoneProgress/create"
            ):
                return {"result": None}
            case other:
                return {"error": {"code": _METHOD_NOT_FOUND, "message": other}}

    def _setting(self, section: str) -> Any:
        value: Any = self._settings
        for part in section.split("."):
            value = value.get(part) if isinstance(value, Mapping) else None
        return value


@lru_cache(maxsize=4096)
def _lines(path: Path) -> list[str]:
    """The lines of a file as LSP counts them: a form feed ends none."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return _LINE_END.split(file.read())


def _line(path: Path, line: int) -> str:
    lines = _lines(path)
    return lines[line - 1] if line <= len(lines) else ""
