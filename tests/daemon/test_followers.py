"""Enrichment in the daemon: it follows the index, gives way, goes on where it was, and dies with the hub."""

from __future__ import annotations

import json
import re
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psutil
import pytest

Project = Any  # conftest's
AreGone = Callable[[Any, float], bool]
_LONGEST_S = 60.0


@dataclass
class Endpoint:
    """An embedding endpoint; ``may_answer`` is cleared to have it hold its answers back."""

    port: int = 0
    status: int = 200
    texts: list[str] = field(default_factory=list)
    may_answer: threading.Event = field(default_factory=threading.Event)

    def options(self) -> list[str]:
        values = {
            "enabled": "true",
            "base_url": f"http://127.0.0.1:{self.port}/v1",
            "model": "tiny",
            "api_key_env": "",
            "batch_items": "5",
            "max_workers": "1",
            "requests_per_minute": "100000",
        }
        return [part for name, value in values.items() for part in ("--set", f"enrich.embed.{name}={value}")]


@pytest.fixture
def endpoint() -> Iterator[Endpoint]:
    made = Endpoint()
    made.may_answer.set()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            answer = embeddings(asked["input"]) if "input" in asked else completion(asked["messages"])
            made.may_answer.wait()
            body = json.dumps(answer).encode()
            self.send_response(made.status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_arguments: object) -> None:
            pass

    def embeddings(texts: list[str]) -> dict[str, Any]:
        made.texts += texts
        rows = [{"index": index, "embedding": [1.0, float(index)]} for index in range(len(texts))]
        return {"data": rows, "usage": {"total_tokens": len(texts)}}

    def completion(messages: list[dict[str, str]]) -> dict[str, Any]:
        made.texts.append(messages[-1]["content"])
        choice = {"message": {"content": "Says hello."}, "finish_reason": "stop"}
        return {"choices": [choice], "usage": {"prompt_tokens": 10, "completion_tokens": 3}}

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield made
        made.may_answer.set()
        server.shutdown()
        thread.join()


def summaries_from(endpoint: Endpoint) -> list[str]:
    values = {
        "enabled": "true",
        "provider": "local",
        "model": "tiny",
        "base_url": f"http://127.0.0.1:{endpoint.port}/v1",
        "max_workers": "1",
    }
    return [part for name, value in values.items() for part in ("--set", f"enrich.summarize.{name}={value}")]


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # between two looks at a state that nothing announces


def follower(project: Project, name: str = "embed") -> dict[str, Any]:
    """How it stands; while the index is not open yet, nothing is known of it."""
    found: dict[str, Any] = project.json("status").get("enrich", {}).get(name, {"state": "", "done": 0})
    return found


def test_a_daemon_embeds_what_is_there_and_what_changes_and_goes_on_where_it_was(
    project: Project, endpoint: Endpoint
) -> None:
    project.run("start", *endpoint.options())
    wait_until(lambda: follower(project)["done"] and follower(project)["state"] == "waiting")
    at_first = len(endpoint.texts)
    assert follower(project)["done"] == at_first > 20

    project.write("new.py", "def just_written(): ...\n")
    wait_until(lambda: any("just written" in text for text in endpoint.texts))
    wait_until(lambda: follower(project)["state"] == "waiting" and follower(project)["done"] > at_first)
    asked = endpoint.texts[at_first:]
    assert all("new" in text for text in asked)  # the function and its module, and nothing else

    project.run("stop")
    project.run("start", *endpoint.options())
    project.write("newer.py", "def written_later(): ...\n")
    wait_until(lambda: any("written later" in text for text in endpoint.texts))
    assert all("newer" in text for text in endpoint.texts[at_first + len(asked) :])


def test_a_daemon_has_summaries_written_and_shows_them(project: Project, endpoint: Endpoint) -> None:
    project.run("start", *summaries_from(endpoint))
    wait_until(lambda: follower(project, "summarize")["done"])  # to ask questions would hold it up
    summary = project.json("hover", "greet")["hover"]["summary"]
    assert (summary["text"], summary["model"], summary["is_stale"]) == ("Says hello.", "tiny", False)
    assert len(endpoint.texts) == project.json("status")["enrich"]["summarize"]["done"]


def test_it_gives_way_to_whoever_asks_and_goes_on_behind(project: Project, endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    project.run("start", *endpoint.options())
    wait_until(lambda: endpoint.texts)
    with project.connect() as client:

        def is_paused_while_asked() -> bool:
            client.call("hub/symbols", {"query": "greet"})
            return bool(client.call("hub/status")["enrich"]["embed"]["state"] == "paused")

        wait_until(is_paused_while_asked)
        begun = len(endpoint.texts)
        endpoint.may_answer.set()
        for _ in range(20):
            assert is_paused_while_asked()
            time.sleep(0.05)  # a second in all: that nothing is begun in it can only be waited for
        assert len(endpoint.texts) == begun
    wait_until(lambda: follower(project)["state"] == "waiting" and follower(project)["done"])
    assert len(endpoint.texts) > begun


def end_pause(project: Project, task: str, asked: dict[str, str]) -> None:
    """Ask a question, and return when the run goes on behind it: by then it knows what clients look at."""
    with project.connect() as client:

        def state() -> str:
            return str(client.call("hub/status")["enrich"][task]["state"])

        def is_paused() -> bool:
            client.call("hub/hover", asked)
            return state() == "paused"

        wait_until(is_paused)
        wait_until(lambda: state() == "running")


def test_what_a_client_asks_about_is_embedded_before_the_rest(project: Project, endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    project.run("start", *endpoint.options())
    wait_until(lambda: endpoint.texts)
    in_flight = list(endpoint.texts)
    assert not any("queues" in text for text in in_flight)  # by the order of paths it comes last
    end_pause(project, "embed", {"key": "node:pkg/queues.py:Queue.put"})
    endpoint.may_answer.set()
    wait_until(lambda: follower(project)["state"] == "waiting" and follower(project)["done"])
    are_of_queues = ["queues" in text for text in endpoint.texts[len(in_flight) :]]
    assert are_of_queues.count(True) > 10
    assert are_of_queues == sorted(are_of_queues, reverse=True)


def send(editor: socket.socket, method: str, params: dict[str, Any], **identifier: int) -> None:
    body = json.dumps({"jsonrpc": "2.0", "method": method, "params": params, **identifier}).encode()
    editor.sendall(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))


def test_what_an_editor_has_open_is_embedded_before_the_rest(project: Project, endpoint: Endpoint) -> None:
    endpoint.may_answer.clear()
    project.run("start", *endpoint.options())
    wait_until(lambda: endpoint.texts)
    in_flight = list(endpoint.texts)
    uri = (project.root / "pkg/queues.py").as_uri()
    text = (project.root / "pkg/queues.py").read_text()
    document = {"uri": uri, "languageId": "python", "version": 1, "text": text}
    with socket.socket(socket.AF_UNIX) as editor:
        editor.connect(str(project.paths.socket))
        send(editor, "initialize", {"capabilities": {}, "rootUri": project.root.as_uri()}, id=1)
        send(editor, "textDocument/didOpen", {"textDocument": document})
        send(editor, "textDocument/documentSymbol", {"textDocument": {"uri": uri}}, id=2)
        received = b""
        while b'"id":2' not in received:
            received += editor.recv(1 << 16)
        end_pause(project, "embed", {"key": "node:own.py:greet"})
    endpoint.may_answer.set()
    wait_until(lambda: follower(project)["state"] == "waiting" and follower(project)["done"])
    are_of_locks = ["locks" in text for text in endpoint.texts[len(in_flight) :]]
    assert are_of_locks.count(True) > 10
    assert are_of_locks == sorted(are_of_locks)


def test_files_written_last_are_embedded_before_the_rest(project: Project, endpoint: Endpoint) -> None:
    for number in range(100):  # as many as come first
        project.write(f"young_{number}.py", "")
    project.run("start", *endpoint.options())
    wait_until(lambda: follower(project)["state"] == "waiting" and follower(project)["done"])
    are_young = ["young" in text for text in endpoint.texts]
    assert are_young == [True] * 100 + [False] * (len(are_young) - 100)


def test_what_a_client_asks_about_is_summarized_before_the_rest_and_what_it_calls_before_that(
    project: Project, endpoint: Endpoint
) -> None:
    project.write("y.py", "def needed(): ...\n")
    project.write("z.py", "from y import needed\n\ndef asked_about():\n    return needed()\n")
    project.write("zz.py", "def other(): ...\n")
    endpoint.may_answer.clear()
    project.run("start", *summaries_from(endpoint))
    wait_until(lambda: endpoint.texts)
    assert "asked_about" not in endpoint.texts[0]
    end_pause(project, "summarize", {"key": "node:z.py:asked_about"})
    endpoint.may_answer.set()
    wait_until(lambda: len(endpoint.texts) >= 3)
    assert [re.search("^name: (.*)$", text, re.MULTILINE)[1] for text in endpoint.texts[1:3]] == [
        "needed",
        "asked_about",
    ]


def test_a_model_that_does_not_answer_is_named_and_the_index_is_as_true_as_before(
    project: Project, endpoint: Endpoint
) -> None:
    endpoint.status = 401
    project.run("start", *endpoint.options())
    wait_until(lambda: follower(project)["state"] == "failing")
    assert follower(project)["problem"]
    status = project.json("status")
    assert (status["state"], status["problems"]) == ("ready", [])
    assert project.json("symbols", "greet")["symbols"]
    log = (project.paths.state_dir / "hub.log").read_text()
    assert log.count('"event": "enrich.not_followed"') == 1


def test_what_calls_the_model_dies_with_a_killed_hub(
    project: Project, endpoint: Endpoint, are_gone: AreGone
) -> None:
    endpoint.may_answer.clear()
    project.run("start", *endpoint.options())
    wait_until(lambda: endpoint.texts)
    family = psutil.Process(project.json("status")["pid"]).children(recursive=True)
    assert family
    project.kill(signal.SIGKILL)
    assert are_gone(family, 2)


def test_a_stop_does_not_wait_for_a_model(project: Project, endpoint: Endpoint, are_gone: AreGone) -> None:
    endpoint.may_answer.clear()
    project.run("start", *endpoint.options())
    wait_until(lambda: endpoint.texts)
    hub = psutil.Process(project.json("status")["pid"])
    family = [hub, *hub.children(recursive=True)]
    project.kill(signal.SIGTERM)
    assert are_gone(family, 5)
