from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from remora_hub.errors import StoreError, UsageError
from remora_hub.paths import StatePaths
from remora_hub.server.connection import Connection
from remora_hub.server.endpoint import Endpoint

MAX_FRAME_BYTES = 100_000
BIG = "x" * 300_000


class Empty(msgspec.Struct):
    pass


class Number(msgspec.Struct):
    n: int
    tree: Any = None


class Methods:
    """What a hub could answer; ``release`` lets those that wait go on."""

    def __init__(self) -> None:
        self.release = asyncio.Event()
        self.running = self.most_running = self.answered = self.cancelled = 0

    def table(self) -> dict[str, Any]:
        return {
            "echo": (Number, self.echo), "wait": (Empty, self.wait), "fail": (Empty, self.fail),
            "crash": (Empty, self.crash), "big": (Empty, self.big), "surrogate": (Empty, self.surrogate),
        }  # fmt: skip

    async def echo(self, _connection: Connection, params: Number) -> int:
        return params.n

    async def wait(self, _connection: Connection, _params: Empty) -> str:
        self.running += 1
        self.most_running = max(self.most_running, self.running)
        try:
            await self.release.wait()
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        finally:
            self.running -= 1
        return "released"

    async def fail(self, _connection: Connection, _params: Empty) -> None:
        raise UsageError("find", "it", "it is not there", "look")

    async def crash(self, _connection: Connection, _params: Empty) -> None:
        raise ZeroDivisionError

    async def big(self, _connection: Connection, _params: Empty) -> str:
        self.answered += 1
        return BIG

    async def surrogate(self, _connection: Connection, _params: Empty) -> dict[str, str]:
        return {"name": "a\udcff\U0001f600"}


class Client:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, method: str, id_: Any = None, **params: Any) -> None:
        message = {"jsonrpc": "2.0", "method": method, "params": params}
        self.raw(json.dumps(message if id_ is None else {**message, "id": id_}).encode())

    def raw(self, body: bytes) -> None:
        self.writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(body), body))

    async def receive(self) -> Any:
        async with asyncio.timeout(60):
            header = await self.reader.readuntil(b"\r\n\r\n")
            return json.loads(await self.reader.readexactly(int(header.split(b":")[1])))

    async def ask(self, method: str, id_: Any = 1, **params: Any) -> Any:
        self.send(method, id_, **params)
        return await self.receive()

    async def at_end(self) -> bool:
        async with asyncio.timeout(60):
            try:
                return await self.reader.read() == b""
            except ConnectionResetError:  # the hub closed with some of what was sent unread
                return True


@pytest.fixture
def methods() -> Methods:
    return Methods()


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StatePaths:
    (tmp_path / "r").mkdir(mode=0o700)
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "r"))
    return StatePaths(tmp_path)


@pytest.fixture
async def endpoint(paths: StatePaths, methods: Methods) -> AsyncIterator[Endpoint]:
    made = Endpoint(
        paths, methods.table(), max_frame_bytes=MAX_FRAME_BYTES, max_requests=4, max_connections=510
    )
    await made.start()
    yield made
    async with asyncio.timeout(60):
        await made.close()


@pytest.fixture
async def clients(endpoint: Endpoint, paths: StatePaths) -> AsyncIterator[Any]:
    made: list[Client] = []

    async def connect() -> Client:
        made.append(Client(*await asyncio.open_unix_connection(str(paths.socket))))
        return made[-1]

    yield connect
    for client in made:
        client.writer.close()


async def until(condition: Any) -> None:
    async with asyncio.timeout(60):
        while not condition():  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.005)


async def test_the_socket_is_the_users_alone_and_goes_with_the_hub(
    endpoint: Endpoint, paths: StatePaths
) -> None:
    assert stat.S_IMODE(paths.socket.stat().st_mode) == 0o600
    assert stat.S_IMODE(paths.socket.parent.stat().st_mode) == 0o700
    await endpoint.close()
    assert not paths.socket.exists()


async def test_a_socket_left_by_a_dead_hub_is_replaced(paths: StatePaths, methods: Methods) -> None:
    paths.prepare_socket_directory()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(paths.socket))
    made = Endpoint(
        paths, methods.table(), max_frame_bytes=MAX_FRAME_BYTES, max_requests=4, max_connections=5
    )
    await made.start()
    client = Client(*await asyncio.open_unix_connection(str(paths.socket)))
    assert (await client.ask("echo", n=3))["result"] == 3
    client.writer.close()
    await made.close()


async def test_what_is_no_socket_is_never_removed(paths: StatePaths, methods: Methods) -> None:
    paths.prepare_socket_directory()
    paths.socket.write_text("mine")
    made = Endpoint(
        paths, methods.table(), max_frame_bytes=MAX_FRAME_BYTES, max_requests=4, max_connections=5
    )
    with pytest.raises(StoreError, match="no socket"):
        await made.start()
    assert paths.socket.read_text() == "mine"


async def test_errors_have_the_codes_of_json_rpc_and_the_connection_lives_on(clients: Any) -> None:
    client = await clients()
    deep = b"[" * 50_000 + b"]" * 40_000
    for body, code in (
        (b"{", -32700),
        (b"\xff", -32700),
        (b'{"a":' + deep + b"}", -32700),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"n":1,"tree":' + deep[10_000:] + b"}}", -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"2.0","id":1}', -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"echo"}', -32600),
        (b'{"jsonrpc":"2.0","id":1.5,"method":"echo"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"nothing"}', -32601),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo"}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":[1]}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"echo","params":{"n":"1"}}', -32602),
        (b'{"jsonrpc":"2.0","id":1,"method":"crash"}', -32603),
    ):
        client.raw(body)
        assert (await client.receive())["error"]["code"] == code, body[:80]
    assert (await client.ask("echo", "seven", n=7)) == {"id": "seven", "result": 7, "jsonrpc": "2.0"}


async def test_an_error_of_the_hub_travels_in_its_parts(clients: Any) -> None:
    error = (await (await clients()).ask("fail"))["error"]
    assert error["code"] == -32803
    assert error["message"] == "cannot find it: it is not there (look)"
    assert error["data"]["type"] == "UsageError"
    assert error["data"]["exit_code"] == 64


async def test_text_that_is_not_unicode_is_answered_with_a_replacement(clients: Any) -> None:
    assert (await (await clients()).ask("surrogate"))["result"] == {"name": "a\ufffd\U0001f600"}


async def test_answers_to_nothing_and_unknown_notifications_are_ignored(clients: Any) -> None:
    client = await clients()
    client.raw(b'{"jsonrpc":"2.0","id":1,"result":1}')
    client.send("initialized")
    client.send("$/cancelRequest", id=99)
    client.raw(b'{"jsonrpc":"2.0","method":"$/cancelRequest","params":[]}')
    assert (await client.ask("echo", n=1))["result"] == 1


@pytest.mark.parametrize(
    "stream",
    [
        b"Content-Length: 1000000\r\n\r\n",
        b"Content-Type: x\r\n\r\n",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: 1e3\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: evil\r\n\r\n",
        b"A: " + b"a" * 5000 + b"\r\n\r\n",
        b"a" * 300_000,
    ],
)
async def test_a_stream_that_cannot_be_read_on_is_told_why_and_closed(clients: Any, stream: bytes) -> None:
    client, other = await clients(), await clients()
    client.writer.write(stream)
    assert (await client.receive())["error"]["code"] == -32600
    assert await client.at_end()
    assert (await other.ask("echo", n=2))["result"] == 2


@pytest.mark.parametrize("stream", [b"", b"Content-Le", b"Content-Length: 50\r\n\r\n{"])
async def test_half_a_frame_then_silence_ends_the_connection(
    clients: Any, endpoint: Endpoint, stream: bytes
) -> None:
    client = await clients()
    client.writer.write(stream)
    await until(lambda: endpoint.clients == 1)
    client.writer.close()
    await until(lambda: endpoint.clients == 0)


async def test_a_request_is_cancelled_before_and_while_it_runs(clients: Any, methods: Methods) -> None:
    client = await clients()
    client.send("wait", 1)
    client.send("$/cancelRequest", id=1)
    assert (await client.receive()) == {
        "id": 1,
        "error": {"code": -32800, "message": "cancelled"},
        "jsonrpc": "2.0",
    }
    client.send("wait", 1)
    await until(lambda: methods.running == 1)
    client.send("$/cancelRequest", id=1)
    assert (await client.receive())["error"]["code"] == -32800


async def test_requests_over_the_limit_wait_and_can_be_cancelled(clients: Any, methods: Methods) -> None:
    client = await clients()
    for number in range(20):
        client.send("wait", number)
    await until(lambda: methods.running == 4)
    client.send("$/cancelRequest", id=19)
    assert (await client.receive())["id"] == 19
    methods.release.set()
    assert sorted([(await client.receive())["id"] for _ in range(19)]) == list(range(19))
    assert methods.most_running == 4


async def test_an_id_that_is_in_use_is_refused(clients: Any, methods: Methods) -> None:
    client = await clients()
    client.send("wait", 5)
    assert (await client.ask("echo", 5, n=1))["error"]["code"] == -32600
    methods.release.set()
    assert (await client.receive())["result"] == "released"


async def test_too_much_waiting_is_refused_not_kept(clients: Any, methods: Methods) -> None:
    client = await clients()
    client.send("wait", "first")
    padding = "x" * 90_000
    for number in range(20):
        client.send("wait", number, padding=padding)
    refused = [(await client.receive()) for _ in range(9)]
    assert all("too many" in one["error"]["message"] for one in refused)
    methods.release.set()
    assert len([await client.receive() for _ in range(12)]) == 12


async def test_what_a_client_asked_for_ends_with_it(
    clients: Any, methods: Methods, endpoint: Endpoint
) -> None:
    client = await clients()
    for number in range(10):
        client.send("wait", number)
    await until(lambda: methods.running == 4)
    client.writer.close()
    await until(lambda: endpoint.clients == 0)
    assert methods.running == 0
    assert methods.cancelled == 4


async def test_a_client_that_does_not_read_is_not_worked_for(clients: Any, methods: Methods) -> None:
    slow, other = await clients(), await clients()
    for number in range(1000):
        slow.send("big", number)
    await until(lambda: methods.answered >= 4)
    for number in range(50):
        assert (await other.ask("echo", number, n=number))["result"] == number
    # What fits into the socket's and the stream's buffers, a megabyte unsent, and four that wait to be sent.
    assert methods.answered < 30


async def test_the_hub_ends_in_spite_of_clients_that_do_not_read(
    clients: Any, methods: Methods, endpoint: Endpoint
) -> None:
    for _ in range(3):
        slow = await clients()
        for number in range(100):
            slow.send("big", number)
    await until(lambda: methods.answered >= 12)
    async with asyncio.timeout(60):
        await endpoint.close()
    assert endpoint.clients == 0


async def test_five_hundred_clients_are_answered_and_one_too_many_is_told(
    clients: Any, endpoint: Endpoint
) -> None:
    many = [await clients() for _ in range(500)]
    for number, client in enumerate(many):
        client.send("echo", number, n=number)
    answers = await asyncio.gather(*(client.receive() for client in many))
    assert [answer["result"] for answer in answers] == list(range(500))
    more = [await clients() for _ in range(10)]
    await until(lambda: endpoint.clients == 510)
    refused = await clients()
    assert "510 clients" in (await refused.receive())["error"]["message"]
    assert await refused.at_end()
    assert (await more[0].ask("echo", n=1))["result"] == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="takes on another user's id, which only root can")
async def test_another_user_is_refused_even_where_modes_would_let_him_in(
    endpoint: Endpoint, paths: StatePaths, tmp_path: Path
) -> None:
    for directory in (tmp_path / "r", paths.socket.parent):
        directory.chmod(0o777)
    paths.socket.chmod(0o666)
    program = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "os.chdir(sys.argv[1]); os.setresuid(65534, 65534, 65534)\n"
        "s.connect(sys.argv[2])\n"
        "answer = b''\n"
        "while (data := s.recv(1000)): answer += data\n"
        "sys.stdout.buffer.write(answer)\n"
    )
    process = await asyncio.create_subprocess_exec(
        "python3", "-c", program, str(paths.socket.parent), paths.socket.name, stdout=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        answered, _ = await process.communicate()
    assert b"result" not in answered
    assert b"user 65534" in answered
