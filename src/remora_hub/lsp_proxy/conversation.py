"""What an editor and its hub have said so far, as far as a new hub has to be told it again."""

from __future__ import annotations

import json
import re

from remora_hub.lsp_proxy.frames import message_frame
from remora_hub.text_document import TextDocument

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

    Message = dict[str, Any]

_REPEATED = "remora-hub/repeated"  # the id of an initialize that the editor did not send
_CONTENT_MODIFIED = -32801
_MOST_CHANGES = 200  # kept of a document before they are applied
_MOST_BYTES = 16 << 20  # of a message: ``max_frame_bytes`` of a hub that was not told otherwise
# The hub writes an answer's id first (``wire.Answer``), so that an answer need not be decoded to be known.
_ANSWER = re.compile(rb'\{"id":(null|-?\d+|"(?:[^"\\]|\\.)*"),"(?:result|error)"')
_PROGRESS = b'{"method":"$/progress"'
_STOPPING = b'{"method":"$/remora-hub/stopping"'  # of a hub that somebody stops


class _Document:
    """An open document: as it was opened, and how it was changed since."""

    def __init__(self, item: Message) -> None:
        self.item = item
        self.changes: list[Message] = []

    def fold(self, encoding: str) -> Message:
        """The document as it is now."""
        if self.changes:
            text = TextDocument(self.item["text"], encoding)
            text.apply(self.changes)
            self.item = {**self.item, "text": text.text}
            self.changes = []
        return self.item


class Conversation:
    """Kept from every message of either side."""

    def __init__(self) -> None:
        self.initialize: Message | None = None
        self.is_shut_down = False
        self.has_exited = False
        self.is_unwanted = False  # whether somebody stopped the hub, rather than that it died
        self._is_initialized = False
        self._encoding = "utf-16"
        self._documents: dict[str, _Document] = {}
        self._unanswered: dict[Any, str] = {}
        self._progress: dict[Any, None] = {}

    @property
    def is_beginning(self) -> bool:
        """Whether ``initialize`` waits for its answer."""
        return "initialize" in self._unanswered.values()

    def folder(self) -> str | None:
        """The URI (or, of an old client, the path) of the workspace's first folder; None if it names none."""
        params = (self.initialize or {}).get("params")
        if not isinstance(params, dict):
            return None  # the hub says that it must be an object
        folders = params.get("workspaceFolders")
        first = folders[0] if isinstance(folders, list) and folders else None
        found = first.get("uri") if isinstance(first, dict) else None
        found = found or params.get("rootUri") or params.get("rootPath")
        return found if isinstance(found, str) else None

    def from_editor(self, body: bytes) -> Message:
        """Take note of a message; what it is. One that is no JSON is empty: the hub says so."""
        try:
            message = json.loads(body)
        except (ValueError, RecursionError):
            return {}
        if not isinstance(message, dict):
            return {}
        method, params = message.get("method"), message.get("params")
        if "id" in message and method is not None:
            self._unanswered[_hashable(message["id"])] = method
        if method == "initialize" and self.initialize is None:
            self.initialize = message
        elif method == "initialized":
            self._is_initialized = True
        elif method == "shutdown":
            self.is_shut_down = True
        elif method == "exit":
            self.has_exited = True
        elif isinstance(method, str) and method.startswith("textDocument/did") and isinstance(params, dict):
            self._synchronize(method, params)
        return message

    def from_hub(self, body: bytes) -> bool:
        """Take note of a message; whether it is for the editor."""
        if answer := _ANSWER.match(body):
            number = json.loads(answer[1])
            if number in (
                _REPEATED,
                None,
            ):  # none: of a message that was no request, or of a connection refused
                return False
            if self._unanswered.pop(number, None) == "initialize":
                result = json.loads(body).get("result") or {}
                self._encoding = result.get("capabilities", {}).get("positionEncoding", "utf-16")
        elif body.startswith(_STOPPING):
            self.is_unwanted = True
            return False
        elif body.startswith(_PROGRESS):
            params = json.loads(body)["params"]
            token, kind = params["token"], params["value"]["kind"]
            if kind == "end":
                self._progress.pop(token, None)
            else:
                self._progress[token] = None
        return True

    def is_too_long(self, body: bytes) -> bool:
        """Whether the hub would hang up on a message."""
        return len(body) > _MOST_BYTES

    def lost(self) -> Iterator[bytes]:
        """The hub is gone: frames for the editor that end whatever waits for it. ``initialize`` waits on."""
        for number, method in list(self._unanswered.items()):
            if method != "initialize":
                yield self.refuse(number)
        for token in self._progress:
            yield message_frame(
                {"method": "$/progress", "params": {"token": token, "value": {"kind": "end"}}}
            )
        self._progress.clear()

    def refuse(self, number: Any, reason: str = "", code: int = _CONTENT_MODIFIED) -> bytes:
        """The frame that answers a request in the hub's place."""
        method = self._unanswered.pop(_hashable(number), "")
        if method == "shutdown":
            return message_frame({"id": number, "result": None})
        error = {"code": code, "message": reason or "the hub was restarted; ask again"}
        return message_frame({"id": number, "error": error})

    def begin(self) -> Iterator[bytes]:
        """The frames that tell a hub, be it the first or a new one, what it has to know."""
        self.is_unwanted = False
        if self.initialize is None:
            return
        if self.is_beginning:
            yield message_frame(self.initialize)
            return
        yield message_frame({**self.initialize, "id": _REPEATED})
        if self._is_initialized:
            yield message_frame({"method": "initialized", "params": {}})
        for document in self._documents.values():
            item = {"textDocument": document.fold(self._encoding)}
            opened = message_frame({"method": "textDocument/didOpen", "params": item})
            if len(opened) <= _MOST_BYTES:  # the hub hangs up on a longer one
                yield opened

    def _synchronize(self, method: str, params: Message) -> None:
        try:
            item = params["textDocument"]
            uri = item["uri"]
            if method == "textDocument/didOpen" and isinstance(item["text"], str):
                self._documents[uri] = _Document(item)
            elif method == "textDocument/didChange" and uri in self._documents:
                document = self._documents[uri]
                document.item = {**document.item, "version": item.get("version", 0)}
                document.changes += params["contentChanges"]
                if len(document.changes) > _MOST_CHANGES:
                    document.fold(self._encoding)
            elif method == "textDocument/didClose":
                self._documents.pop(uri, None)
        except (KeyError, TypeError, ValueError, AttributeError):
            return  # the hub passes over it as well


def _hashable(number: Any) -> Any:
    """A request's id; one that is no number and no string is refused by the hub, and must not end the proxy."""
    return number if isinstance(number, (int, str)) else None
