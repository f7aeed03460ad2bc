"""Enrichment in the daemon: it follows the index, gives way, goes on where it was, and dies with the hub."""

from __future__ import annotations

import json
import signal
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


def wait_until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + _LONGEST_S
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)  # between two looks at a state that nothing announces


def follower(project: Project) -> dict[str, Any]:
    found: dict[str, Any] = project.json("status")["enrich"]["embed"]
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
    values = {
        "enabled": "true",
        "provider": "local",
        "model": "tiny",
        "base_url": f"http://127.0.0.1:{endpoint.port}/v1",
    }
    options = [
        part for name, value in values.items() for part in ("--set", f"enrich.summarize.{name}={value}")
    ]
    project.run("start", *options)
    wait_until(
        lambda: project.json("status")["enrich"]["summarize"]["done"]
    )  # to ask questions would hold it up
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
