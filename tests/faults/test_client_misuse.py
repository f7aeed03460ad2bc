"""FAULTS.md, C: sockets half closed or taken away, frames that never end, what clients make the hub repeat."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from remora_hub.errors import HubError, UsageError

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]


def connected(hub: Any) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX)
    connection.settimeout(30)
    connection.connect(str(hub.paths.socket))
    return connection


def request(number: int, method: str, **params: object) -> bytes:
    body = json.dumps({"jsonrpc": "2.0", "id": number, "method": method, "params": params}).encode()
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def answers(connection: socket.socket) -> list[dict[str, Any]]:
    """All until the hub hangs up."""
    found = []
    with connection, connection.makefile("rb") as stream:
        while header := stream.readline():
            stream.readline()
            found.append(json.loads(stream.read(int(header.split(b":")[1]))))
    return found


@pytest.fixture
def hub(root: Path, start_hub: StartHub, write_files: WriteFiles) -> Any:
    write_files(root / "d", 20)
    running = start_hub()
    running.converges()
    return running


@pytest.mark.fault(case="C2")
def test_a_client_that_closes_only_its_own_direction_is_answered_what_it_asked(hub: Any) -> None:
    connection = connected(hub)
    connection.sendall(request(1, "hub/sync") + request(2, "hub/symbols", query="C1"))
    connection.shutdown(socket.SHUT_WR)
    found = {answer["id"]: answer["result"] for answer in answers(connection)}
    assert found.keys() == {1, 2}
    assert found[2]["symbols"]
    hub.wait_until(lambda: hub.status()["clients"] == 1)


@pytest.mark.fault(case="C2")
def test_half_frames_of_many_clients_take_bounded_memory_and_stop_nobody(hub: Any) -> None:
    before = hub.memory_mb()
    senders = []
    for _ in range(30):
        sender = connected(hub)
        senders.append(sender)
        with suppress(ConnectionError):  # the hub may have given it up
            sender.sendall(b"Content-Length: 16000000\r\n\r\n" + b"x" * 12_000_000)
        assert hub.call("hub/symbols", query="C1")["symbols"]
    assert hub.memory_mb() < before + 250  # of 360 MB that were sent
    for sender in senders:
        sender.close()
    hub.wait_until(lambda: hub.status()["clients"] == 1)
    hub.converges()


@pytest.mark.fault(case="C2")
@pytest.mark.parametrize(
    ("method", "params"),
    [
        ("x" * 5_000_000, {}),
        ("hub/outline", {"path": "\x01" * 2_000_000}),
        ("hub/node", {"key": "node:" + "\x01" * 90_000}),
        ("hub/symbols", {"query": "C1", "kind": "é" * 2_000_000}),
        ("hub/files", {"status": "é" * 2_000_000}),
    ],
    ids=["method", "path", "key", "kind", "status"],
)
def test_what_a_client_sends_is_not_repeated_to_it_at_length(
    hub: Any, method: str, params: dict[str, object]
) -> None:
    connection = connected(hub)
    connection.sendall(request(1, method, **params))
    connection.shutdown(socket.SHUT_WR)
    [answer] = answers(connection)
    assert len(json.dumps(answer["error"])) < 200_000


@pytest.mark.parametrize("ending", ["deleted", "replaced"])
def test_a_socket_taken_away_is_put_back_and_who_is_connected_stays_so(hub: Any, ending: str) -> None:
    before = hub.paths.socket.stat().st_ino
    with hub.client() as client, socket.socket(socket.AF_UNIX) as other:
        if ending == "replaced":
            place = hub.paths.socket.with_name("other.sock")
            other.bind(str(place))
            place.replace(hub.paths.socket)
        else:
            os.link(
                hub.paths.socket, hub.paths.socket.with_name("kept")
            )  # so that its number is not used again
            hub.paths.socket.unlink()
        taken = before if ending == "deleted" else hub.paths.socket.stat().st_ino
        hub.wait_until(lambda: hub.paths.socket.exists() and hub.paths.socket.stat().st_ino != taken)
        assert hub.paths.socket.stat().st_mode & 0o777 == 0o600
        assert client.call("hub/symbols", {"query": "C1"})["symbols"]
        assert hub.call("hub/symbols", query="C1")["symbols"]


def test_errors_say_as_answers_do_what_keeps_the_hub_from_knowing(hub: Any, root: Path) -> None:
    with pytest.raises(UsageError) as found:
        hub.call("hub/outline", path="none.py")
    assert found.value.degraded is None
    root.rename(root.with_name("away"))
    hub.wait_until(lambda: hub.status()["state"] == "degraded")
    with pytest.raises(HubError) as found_now:
        hub.call("hub/outline", path="none.py")
    assert "root" in str(found_now.value.degraded)
    root.with_name("away").rename(root)
    hub.wait_until(lambda: hub.status()["state"] == "ready")
