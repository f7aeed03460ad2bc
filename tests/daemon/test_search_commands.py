"""``enrich embed`` and ``search`` from the command line, with a daemon and without, by the fast embedded model."""

from __future__ import annotations

from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from remora_hub.client import connect, connect_async

Project = Any  # conftest's

QUESTION = "first in first out"


def configure(project: Project) -> None:
    project.write("remora-hub.toml", '[enrich.embed]\nmodel = "wordllama"\n')


def test_embed_is_done_once_and_then_for_what_changed(project: Project) -> None:
    configure(project)
    first = project.json("enrich", "embed")
    assert first["done"] == first["total"] > 40
    assert project.json("enrich", "embed")["done_before"] == first["total"]
    project.write("own.py", 'def greet():\n    """Say good morning."""\n')
    changed = project.json("enrich", "embed")
    assert (changed["done"], changed["done_before"]) == (1, first["total"] - 1)
    assert "1 done, 0 failed" in project.run("enrich", "history", "3").stdout
    text = project.run("enrich", "embed", "--redo", "--skip", "5").stdout
    assert f"{first['total'] - 5} done, 0 failed, 0 done before, 5 skipped" in text


def test_search_answers_the_same_with_a_daemon_and_without(project: Project) -> None:
    configure(project)
    project.run("enrich", "embed")
    alone = project.json("search", QUESTION)
    assert alone["served_by"] == "local"
    assert alone["note"] is None
    assert any("Queue" in hit["qualname"] for hit in alone["hits"])
    project.run("start")
    project.run("sync")
    served = project.json("search", QUESTION)
    assert served["served_by"] == "daemon"
    assert served["hits"] == alone["hits"]
    assert {"sequence", "pending", "degraded", "index_id"} <= set(served)


def test_a_daemon_finds_what_a_command_embeds_beside_it(running: Project) -> None:
    running.run("reload")
    before = running.run("search", "hello there")
    assert "nothing is embedded yet" in before.stderr
    assert "own.py:2:11: function greet" in before.stdout
    configure(running)
    running.run("reload")
    running.run("enrich", "embed")
    after = running.run("search", QUESTION, "--kind", "class", "--path", "pkg", "--limit", "3", "--sync")
    assert after.stderr == ""
    first = after.stdout.splitlines()[0]
    assert first.startswith("pkg/queues.py:")
    assert "meaning" in first
    assert len(after.stdout.splitlines()) == 3


def test_a_kind_that_does_not_exist_is_wrong_usage(project: Project) -> None:
    assert "search for" in project.run("search", "a", "--kind", "thing", code=64).stderr


async def test_both_clients_search(running: Project) -> None:
    with connect(running.root) as hub:
        found = hub.search("say hello", kind="function", path="own.py", sync=True)
    assert [hit.qualname for hit in found.hits] == ["greet"]
    assert found.hits[0].reasons == ["text"]
    assert found.note is not None
    async with await connect_async(running.root) as hub:
        assert (await hub.search("say hello", kind="function", path="own.py")).hits == found.hits


class _Refusing(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_error(401)


def test_what_cannot_be_embedded_is_named_and_the_exit_code_says_so(project: Project) -> None:
    with HTTPServer(("127.0.0.1", 0), _Refusing) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        url = f"http://127.0.0.1:{server.server_port}/v1"
        project.write("remora-hub.toml", f'[enrich.embed]\nbase_url = "{url}"\nmodel = "m"\n')
        done = project.run("enrich", "embed", code=78)
        server.shutdown()
    assert "the key is not accepted (HTTP 401)" in done.stderr
    assert "enrich.embed.api_key_env" in done.stderr
