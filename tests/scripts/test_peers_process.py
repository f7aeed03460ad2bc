"""Requests to a server's process and the time of their answers, with servers that are a few lines of Python."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from peers_frames import FrameReader, frame
from peers_process import ServerError, ServerProcess

SLOWLY_S = 0.2  # how long a made-up server lets others wait: its slowness is what is tested
LONGEST_S = 60.0
WAYS = (ServerProcess.request, ServerProcess.timed_request)

# ``read`` takes a message, ``write`` writes one; what the process does with them is the script's.
SERVER = """
import json, os, sys, time
def read():
    length = int(sys.stdin.buffer.readline().split(b":")[1])
    sys.stdin.buffer.readline()
    return json.loads(sys.stdin.buffer.read(length))
def write(**message):
    body = json.dumps({"jsonrpc": "2.0", **message}).encode()
    os.write(1, b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body)
"""
ECHO = "while True:\n    message = read()\n    write(id=message['id'], result=message['params'])\n"
Use = Callable[[ServerProcess], Coroutine[Any, Any, Any]]


def use(script: str, directory: Path, what: Use) -> Any:
    """What ``what`` returns about a process that runs ``script``."""

    async def run() -> Any:
        command = [sys.executable, "-c", SERVER + script]
        server = ServerProcess(command, lambda message: {"result": [message["method"]]})
        await server.start(directory, {})
        try:
            return await what(server)
        finally:
            await server.kill()

    return asyncio.run(run())


@pytest.mark.parametrize("piece", [1, 7, 1000])
def test_frames_are_found_whatever_pieces_they_come_in(piece: int) -> None:
    sent = [{"id": 1, "result": "é\r\n\r\n"}, {"method": "note"}, {"id": 2, "result": None}]
    data = b"".join(map(frame, sent)).replace(b"Content-Length", b"Content-Type: x\r\ncontent-length", 1)
    frames = FrameReader()
    bodies = [
        body for start in range(0, len(data), piece) for body in frames.feed(data[start : start + piece])
    ]
    assert [frame_of.split(b"\r\n\r\n", 1)[1] for frame_of in map(frame, sent)] == bodies


def test_a_header_without_a_length_is_refused() -> None:
    with pytest.raises(ValueError, match="no Content-Length"):
        list(FrameReader().feed(b"Traceback\r\n\r\n"))


def test_both_ways_to_ask_give_the_result(tmp_path: Path) -> None:
    large = ["x" * 1000] * 1000  # more than a pipe holds, both ways

    async def ask(server: ServerProcess) -> None:
        for params in ("small", large):
            assert await server.request("echo", params, LONGEST_S) == params
            result, taken_s = await server.timed_request("echo", "small", LONGEST_S)
            assert (result, taken_s > 0) == ("small", True)

    use(ECHO, tmp_path, ask)


def test_an_answer_larger_than_a_pipe_is_timed_to_its_last_byte(tmp_path: Path) -> None:
    script = f"""
request = read()
body = json.dumps({{"id": request["id"], "result": "x" * 300_000}}).encode()
os.write(1, b"Content-Length: %d\\r\\n\\r\\n" % len(body) + body[:-1])
time.sleep({SLOWLY_S})
os.write(1, body[-1:])
read()
"""
    result, taken_s = use(script, tmp_path, lambda server: server.timed_request("ask", None, LONGEST_S))
    assert len(result) == 300_000
    assert taken_s >= SLOWLY_S


def test_the_time_is_over_before_the_answer_is_decoded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    decode, decoded_at = json.loads, []

    def noted(body: bytes) -> Any:
        decoded_at.append(time.perf_counter())
        return decode(body)

    async def ask(server: ServerProcess) -> tuple[float, float]:
        asked_at = time.perf_counter()
        return asked_at, (await server.timed_request("echo", 1, LONGEST_S))[1]

    monkeypatch.setattr("peers_process.json.loads", noted)
    asked_at, taken_s = use(ECHO, tmp_path, ask)
    assert taken_s < decoded_at[0] - asked_at


def test_what_a_server_asks_and_says_before_its_answer_is_dealt_with(tmp_path: Path) -> None:
    script = """
request = read()
write(method="note", params=None)
write(id="its own", method="wanted", params=None)
write(id=request["id"], result=read()["result"])
read()
"""
    for ask in WAYS:
        answer = use(script, tmp_path, lambda server, ask=ask: ask(server, "ask", None, LONGEST_S))
        result = answer[0] if ask is ServerProcess.timed_request else answer
        assert result == ["wanted"]


def test_a_server_is_heard_while_another_is_asked(tmp_path: Path) -> None:
    chatty = """
for _ in range(100):
    write(method="note", params="x" * 10_000)
write(id=read()["id"], result="after all that")
read()
"""

    async def ask(server: ServerProcess) -> Any:
        heard = asyncio.ensure_future(server.request("ask", None, LONGEST_S))
        other = ServerProcess([sys.executable, "-c", SERVER + ECHO], lambda _: {})
        await other.start(tmp_path, {})
        try:
            while not heard.done():
                await other.timed_request("echo", 1, LONGEST_S)
        finally:
            await other.kill()
        return await heard

    assert use(chatty, tmp_path, ask) == "after all that"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("size", [65_450, 1_000_000], ids=["nearly all", "more than"])
def test_a_request_behind_what_a_pipe_holds_is_written_when_there_is_room(
    tmp_path: Path, way: Any, size: int
) -> None:
    async def ask(server: ServerProcess) -> None:
        server.send({"method": "note", "params": "x" * size})
        await way(server, "ask", None, LONGEST_S)

    use(f"time.sleep({SLOWLY_S})\nread()\nwrite(id=read()['id'], result=1)\nread()\n", tmp_path, ask)


@pytest.mark.parametrize("way", WAYS)
def test_a_reply_that_a_pipe_does_not_hold_is_written_when_there_is_room(tmp_path: Path, way: Any) -> None:
    script = """
request = read()
write(id="its own", method="wanted" * 50_000, params=None)
write(id=request["id"], result=len(read()["result"][0]))
read()
"""
    use(script, tmp_path, lambda server: way(server, "ask", None, LONGEST_S))


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize(
    ("script", "error", "longest_s"),
    [
        ("write(id=read()['id'], error={'code': 1, 'message': 'will not'})\nread()", ServerError, LONGEST_S),
        ("read()", ServerError, LONGEST_S),
        ("read()\nprint('Traceback\\r\\n\\r\\n', flush=True)\nread()", ServerError, LONGEST_S),
        ("read()\nread()", TimeoutError, 0.1),
    ],
    ids=["refuses", "ends", "writes no frames", "is silent"],
)
def test_no_answer_is_an_error(
    tmp_path: Path, way: Any, script: str, error: type[Exception], longest_s: float
) -> None:
    with pytest.raises(error):
        use(script, tmp_path, lambda server: way(server, "ask", None, longest_s))


def test_who_has_ended_is_not_asked(tmp_path: Path) -> None:
    async def ask(server: ServerProcess) -> None:
        await server.wait(LONGEST_S)
        for way in (server.request, server.timed_request):
            with pytest.raises(ServerError, match="ended"):
                await way("ask", None, LONGEST_S)

    use("", tmp_path, ask)


def test_an_answer_that_comes_too_late_is_not_taken_for_the_next_one(tmp_path: Path) -> None:
    async def ask(server: ServerProcess) -> Any:
        with pytest.raises(TimeoutError):
            await server.timed_request("first", "late", 0.1)
        return await server.timed_request("second", "in time", LONGEST_S)

    script = f"time.sleep({SLOWLY_S})\n{ECHO}"
    assert use(script, tmp_path, ask)[0] == "in time"
