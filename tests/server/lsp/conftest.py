"""A hub on a small project in this process, and editors that check every message against the specification's types."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from remora_hub.config import HubConfig
from remora_hub.daemon.hub import Hub
from remora_hub.paths import StatePaths, to_uri

_LONGEST_ANSWER_S = 60
_converter = converters.get_converter()

SOURCES = {
    "pyproject.toml": "",
    "app/__init__.py": "",
    "app/models.py": '''"""Models."""

import os
from collections import OrderedDict


class Base:
    """The base of all."""

    def save(self, path: str) -> bool:
        """Save it."""
        return bool(path)


class User(Base):
    limit = 3

    def __init__(self, name: str) -> None:
        self.name = name

    def save(self, path: str) -> bool:
        return super().save(path)


def make(name: str) -> User:
    return User(name)
''',
    "app/views.py": """from app.models import User, make

RÉSUMÉ = "😀"; tail = make("é")


def show(user: User) -> str:
    user.save("x")
    return user.name


def all_of() -> list[str]:
    return [show(make(name)) for name in ("a", "b")]
""",
    "tests/test_models.py": """from app.models import make


def test_make_makes():
    assert make("x").name == "x"
""",
}


class Editor:
    """A client that announces ``capabilities``. Every message of either side is held against lsprotocol's types."""

    def __init__(self, root: Path, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.root = root
        self.writer = writer
        self.notified: list[tuple[str, Any]] = []
        self.capabilities: dict[str, Any] = {}
        self._ids = count(1)
        self._waiting: dict[Any, asyncio.Future[Any]] = {}
        self._heard = asyncio.Condition()
        self._reading = asyncio.create_task(self._read(reader))

    async def initialize(self, announced: dict[str, Any] | None = None, **params: Any) -> dict[str, Any]:
        params = {
            "processId": None,
            "rootUri": self.uri(""),
            "capabilities": announced or {},
            **params,
        }
        result: dict[str, Any] = await self.ask("initialize", params)
        self.capabilities = result["capabilities"]
        self.notify("initialized", {})
        return result

    def uri(self, path: str) -> str:
        return to_uri(self.root / path)

    def begin(self, method: str, params: Any, *, checked: bool = True) -> tuple[int, asyncio.Future[Any]]:
        number = next(self._ids)
        message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
        if checked:
            request, _, _, _ = types.METHOD_TO_TYPES[method]
            _converter.structure(message, request)
        self._waiting[number] = asyncio.get_running_loop().create_future()
        self.raw(message)
        return number, self._waiting[number]

    async def answer(self, method: str, params: Any = None, *, checked: bool = True) -> dict[str, Any]:
        """The whole answer, be it a success or not."""
        _, answered = self.begin(method, params, checked=checked)
        async with asyncio.timeout(_LONGEST_ANSWER_S):
            message: dict[str, Any] = await answered
        if "error" in message:
            _converter.structure(message, types.ResponseErrorMessage)
        elif checked:
            _converter.structure(message, types.METHOD_TO_TYPES[method][1])
        return message

    async def ask(self, method: str, params: Any = None) -> Any:
        message = await self.answer(method, params)
        assert "error" not in message, message
        return message["result"]

    async def about(self, method: str, path: str, **more: Any) -> Any:
        return await self.ask(method, {"textDocument": {"uri": self.uri(path)}, **more})

    async def at(self, method: str, path: str, line: int, character: int, **more: Any) -> Any:
        """Ask about a position; ``line`` counts from 0, as on the wire."""
        position = {"line": line, "character": character}
        return await self.about(method, path, position=position, **more)

    def notify(self, method: str, params: Any, *, checked: bool = True) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        if checked:
            _converter.structure(message, types.METHOD_TO_TYPES[method][0])
        self.raw(message)

    def open(self, path: str, text: str) -> None:
        item = {"uri": self.uri(path), "languageId": "python", "version": 1, "text": text}
        self.notify("textDocument/didOpen", {"textDocument": item})

    def change(self, path: str, *changes: dict[str, Any]) -> None:
        document = {"uri": self.uri(path), "version": 2}
        self.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})

    def close_document(self, path: str) -> None:
        self.notify("textDocument/didClose", {"textDocument": {"uri": self.uri(path)}})

    async def heard(self, condition: Callable[[list[tuple[str, Any]]], bool]) -> None:
        """Return once what was notified so far meets a condition."""
        async with asyncio.timeout(_LONGEST_ANSWER_S), self._heard:
            await self._heard.wait_for(lambda: condition(self.notified))

    def raw(self, message: dict[str, Any]) -> None:
        body = json.dumps(message).encode()
        self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def ended(self) -> None:
        """Return once the hub has hung up."""
        async with asyncio.timeout(_LONGEST_ANSWER_S):
            await self._reading

    async def close(self) -> None:
        self.writer.close()
        self._reading.cancel()
        await asyncio.gather(self._reading, return_exceptions=True)

    async def _read(self, reader: asyncio.StreamReader) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                header = await reader.readuntil(b"\r\n\r\n")
                message = json.loads(await reader.readexactly(int(header.split(b":")[1])))
                if "method" not in message:
                    self._waiting.pop(message["id"]).set_result(message)
                    continue
                if not message["method"].startswith("hub/"):
                    _converter.structure(message, types.METHOD_TO_TYPES[message["method"]][0])
                if "id" in message:
                    self.raw({"jsonrpc": "2.0", "id": message["id"], "result": None})
                async with self._heard:
                    self.notified.append((message["method"], message["params"]))
                    self._heard.notify_all()


@pytest.fixture
def editor_class() -> type[Editor]:
    """For editors over other streams than the socket."""
    return Editor


Connect = Callable[[], Awaitable[Editor]]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path, source in SOURCES.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(source)
    return root


@pytest.fixture
async def hub(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Hub]:
    (tmp_path / "r").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    hub = Hub(StatePaths(root), HubConfig())
    running = asyncio.create_task(hub.run())
    async with asyncio.timeout(60):
        while not StatePaths(root).socket.exists():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)
        await hub.opened()
        await hub.sync(None)
    yield hub
    hub.stop()
    async with asyncio.timeout(60):
        await running


@pytest.fixture
async def connect(hub: Hub, root: Path) -> AsyncIterator[Connect]:
    """Editors that have not said ``initialize`` yet."""
    made: list[Editor] = []

    async def connect() -> Editor:
        streams = await asyncio.open_unix_connection(str(StatePaths(root).socket), limit=1 << 24)
        made.append(Editor(root, *streams))
        return made[-1]

    yield connect
    for editor in made:
        await editor.close()


@pytest.fixture
async def editor(connect: Connect) -> Editor:
    """A client that announces nothing at all."""
    editor = await connect()
    await editor.initialize()
    return editor
