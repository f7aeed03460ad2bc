from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError, NotRunningError, UsageError
from remora_hub.paths import StatePaths

Serve = Callable[[bytes], StatePaths]


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """Listen as a hub would; answer the first request with these bytes, then hang up."""
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    listener = socket.socket(socket.AF_UNIX)
    threads: list[threading.Thread] = []

    def start(answer: bytes) -> StatePaths:
        paths = StatePaths(tmp_path)
        paths.prepare_socket_directory()
        listener.bind(str(paths.socket))
        listener.listen()

        def serve_one() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(answer)

        threads.append(threading.Thread(target=serve_one, daemon=True))
        threads[0].start()
        return paths

    yield start
    for thread in threads:
        thread.join(10)
    listener.close()


def frame(body: bytes) -> bytes:
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def test_notifications_before_an_answer_are_passed_over(serve: Serve) -> None:
    notification = frame(b'{"jsonrpc":"2.0","method":"hub/changed","params":{}}')
    paths = serve(notification + frame(b'{"jsonrpc":"2.0","id":1,"result":[7]}'))
    with BlockingClient.connect(paths) as client:
        assert client.call("hub/status") == [7]


def test_an_error_of_the_hub_is_raised_as_it_was(serve: Serve) -> None:
    data = (
        b'{"type":"UsageError","operation":"find","subject":"it","reason":"none","hint":"look",'
        b'"exit_code":64,"recoverable":false}'
    )
    paths = serve(frame(b'{"jsonrpc":"2.0","id":1,"error":{"code":-32803,"message":"m","data":%b}}' % data))
    with (
        BlockingClient.connect(paths) as client,
        pytest.raises(UsageError, match="cannot find it: none") as caught,
    ):
        client.call("hub/node")
    assert caught.value.exit_code == 64


@pytest.mark.parametrize("data", [b"null", b'{"type":"os"}', b'"x"'])
def test_an_error_without_parts_is_an_error_all_the_same(serve: Serve, data: bytes) -> None:
    paths = serve(
        frame(b'{"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"broken","data":%b}}' % data)
    )
    with BlockingClient.connect(paths) as client, pytest.raises(HubError, match="broken"):
        client.call("hub/node")


@pytest.mark.parametrize(
    "answer", [b"HTTP/1.1 400\r\n\r\n", b"x" * 10_000, frame(b"{"), frame(b"[" * 100_000), frame(b"[]")]
)
def test_another_protocol_is_an_error_not_a_crash(serve: Serve, answer: bytes) -> None:
    with BlockingClient.connect(serve(answer)) as client, pytest.raises(HubError, match="cannot understand"):
        client.call("hub/status")


@pytest.mark.parametrize("answer", [b"", b"Content-Len", b"Content-Length: 100\r\n\r\n{"])
def test_a_hub_that_hangs_up_is_not_running(serve: Serve, answer: bytes) -> None:
    with BlockingClient.connect(serve(answer)) as client, pytest.raises(NotRunningError):
        client.call("hub/status")


def test_where_nobody_listens_no_hub_is_running(tmp_path: Path) -> None:
    with pytest.raises(NotRunningError, match="remora-hub start"):
        BlockingClient.wait_for(StatePaths(tmp_path), 0.05)
