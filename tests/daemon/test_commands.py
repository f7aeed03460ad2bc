from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Any

import pytest

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError, NotRunningError, SyncTimeoutError
from remora_hub.holder import read_holder

COUNTS = {"files", "indexed", "unchanged", "removed", "failed", "nodes", "seconds"}
FRESH = {"index_id", "sequence", "pending"}
Project = Any  # conftest's


def counts(found: dict[str, Any]) -> tuple[int, ...]:
    assert set(found) == COUNTS
    return tuple(found[name] for name in ("files", "indexed", "unchanged", "removed", "failed"))


def change_everything(project: Project) -> None:
    project.write("own.py", "def other(): ...\n")
    project.write("new.py", "a = 1\n")
    project.write("big.py", "#" * 3_000_000)
    (project.root / "pkg" / "queues.py").unlink()


def test_index_counts_the_same_with_a_daemon_and_without(project: Project) -> None:
    assert counts(project.json("index")) == (3, 3, 0, 0, 0)
    assert counts(project.json("index")) == (3, 0, 3, 0, 0)
    change_everything(project)
    assert counts(project.json("index")) == (4, 2, 1, 1, 1)
    assert counts(project.json("index")) == (4, 0, 3, 0, 1)
    project.run("start")
    assert counts(project.json("index"))[:1] == (4,)
    assert counts(project.json("index")) == (4, 0, 3, 0, 1)
    assert "1 failed" in project.run("index").stdout


def test_index_counts_what_a_daemon_does(running: Project) -> None:
    holder = running.kill(signal.SIGSTOP)  # so that the hub sees no change before it is asked
    change_everything(running)
    index = subprocess.Popen(
        [sys.executable, "-m", "remora_hub", "index", "--json"], cwd=running.root, stdout=subprocess.PIPE
    )
    with socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(running.paths.socket))
    os.kill(holder, signal.SIGCONT)
    printed, _ = index.communicate(timeout=60)
    found = counts(json.loads(printed))
    assert (found[0], found[4]) == (4, 1)
    assert running.json("status")["files"] == 4


def test_answers_are_the_same_with_a_daemon_and_without(project: Project) -> None:
    questions = (
        ("symbols", "lock"), ("outline", "own.py"), ("node", "own.py:greet"), ("changes",),
    )  # fmt: skip
    without = [project.json(*question) for question in questions]
    exported = project.run("export").stdout
    project.run("start")
    project.run("sync")
    with_daemon = [project.json(*question) for question in questions]
    assert {answer.pop("served_by") for answer in with_daemon} == {"daemon"}
    assert {answer.pop("served_by") for answer in without} == {"local"}
    assert with_daemon == without
    assert all(set(answer) >= FRESH for answer in without)
    assert project.run("export").stdout == exported
    assert [json.loads(line)["key"] for line in exported.splitlines()] == sorted(
        json.loads(line)["key"] for line in exported.splitlines()
    )


def test_people_are_shown_places_and_declarations(running: Project) -> None:
    assert running.run("symbols", "greet").stdout == "own.py:2:11: function greet\n"
    assert running.run("outline", "own.py").stdout.splitlines() == [
        "own.py:1:1: module own",
        "own.py:2:11:   async function greet(name: str) -> str",
        "own.py:5:1:   constant LIMIT: int = 3",
    ]
    node = running.run("node", "own.py:greet").stdout
    assert "docstring            Say hello." in node
    assert "decorators           cached" in node


def test_json_of_a_node_and_of_a_file_has_every_field(running: Project) -> None:
    node = running.json("node", "node:own.py:LIMIT")["node"]
    for name in ("key", "version", "created_at", "docstring", "decorators", "calls", "docstring_outdated"):
        assert name in node
    outline = running.json("outline", "own.py")
    assert outline["file"]["status"] == "indexed"
    assert outline["file"]["problems"] == []


def test_what_is_not_there_exits_64(running: Project) -> None:
    for question in (("outline", "none.py"), ("node", "own.py:none"), ("symbols", "a", "--kind", "thing")):
        running.run(*question, code=64)
    running.run("outline", "../outside.py", code=64)
    running.run("outline", "/etc/passwd", code=64)


def test_files_that_are_not_indexed_are_listed_with_their_status(running: Project) -> None:
    running.write("big.py", "#" * 3_000_000)
    os.mkfifo(running.root / "pipe.py")
    running.run("sync")
    found = running.json("status", "--omitted")["omitted_files"]
    assert [(file["path"], file["status"]) for file in found] == [
        ("pipe.py", "not_regular"),
        ("big.py", "too_large"),
    ]
    assert "pipe.py" in running.run("status", "--omitted").stdout


def test_changes_go_on_from_any_number_and_say_where_they_do_not_reach(project: Project) -> None:
    project.run("start", "--set", "feed_retention_commits=2")
    reached = project.json("sync")["sequence"]
    for number in range(4):
        project.write("own.py", f"def f{number}(): ...\n")
        project.run("sync")
    found = project.json("changes", "--since", str(reached))
    assert found["rescan"]["sequence"] == found["sequence"]
    assert found["commits"] == []
    assert "read all again" in project.run("changes", "--since", str(reached)).stdout
    last = project.json("changes", "--since", str(found["sequence"] - 1))
    assert [commit["seq"] for commit in last["commits"]] == [found["sequence"]]
    assert {change["key"] for change in last["commits"][0]["changes"]} == {"node:own.py:f2", "node:own.py:f3"} | {
        change["key"] for change in last["commits"][0]["changes"] if "<module>" in change["key"]
    }  # fmt: skip


def test_numbers_of_another_index_are_answered_with_a_rescan(running: Project) -> None:
    with running.connect() as client:
        found = client.call("hub/changes", {"since": 0, "index_id": "another"})
        assert found["rescan"]["oldest"] == found["sequence"]
        same = client.call("hub/changes", {"since": 0, "index_id": found["index_id"]})
        assert same["rescan"] is None


def test_a_subscriber_hears_of_a_save(running: Project) -> None:
    with running.connect() as client:
        begun = client.call("hub/subscribe")
        running.write("own.py", "def heard(): ...\n")
        running.run("sync")
        changed = json.loads(client._next_frame())
        assert changed["method"] == "hub/changed"
        assert changed["params"]["seq"] == begun["sequence"] + 1
        assert changed["params"]["files"] == ["own.py"]
        running.run("stop")
        assert json.loads(client._next_frame())["method"] == "hub/closed"


def test_a_sync_that_takes_too_long_exits_75_and_says_what_is_pending(running: Project) -> None:
    for number in range(300):
        running.write(f"many/m{number}.py", "def f(): ...\n" * 200)
    done = running.run("sync", "--timeout", "0.001", code=75)
    assert "pending" in done.stderr
    with running.connect() as client, pytest.raises(SyncTimeoutError, match="pending"):
        client.call("hub/sync", {"timeout_s": 0.001})
    running.run("sync")


def test_start_says_why_a_daemon_did_not_start(project: Project) -> None:
    project.write("remora-hub.toml", "[index]\nmax_indexing_workers = 0\n")
    done = project.run("start", code=78)
    assert "max_indexing_workers" in done.stderr
    project.write("remora-hub.toml", "")
    project.paths.prepare()
    project.paths.socket.write_text("no socket")
    done = project.run("start", code=74)
    assert done.stderr.count("remora-hub:") == 1
    assert "no socket" in done.stderr


def test_start_hands_its_options_on(project: Project) -> None:
    project.run("start", "--set", "max_file_bytes=10", "-v")
    project.run("sync")
    assert project.json("status")["omitted"] == {"too_large": 3}
    project.write("own.py", "a")  # what happens to it is worth an event of level debug
    project.run("sync")
    assert '"level": "debug"' in (project.paths.state_dir / "hub.log").read_text()


def test_a_second_daemon_exits_75_and_names_the_first(running: Project) -> None:
    pid = running.json("status")["pid"]
    for command in ("start", "run"):
        assert str(pid) in running.run(command, code=75).stderr


def test_a_killed_daemon_leaves_nothing_in_the_way(running: Project) -> None:
    running.kill()
    assert running.paths.socket.exists()
    running.write("own.py", "def since_then(): ...\n")
    assert running.json("symbols", "since_then")["symbols"][0]["line"] == 1
    assert running.json("status", code=69) == {"state": "not running", "root": str(running.root)}
    running.run("start")
    assert running.json("status")["state"] in ("indexing", "ready")


def test_restart_and_stop_wait_until_it_is_done(running: Project) -> None:
    first = running.json("status")["pid"]
    second = running.json("restart")["pid"]
    assert second != first
    assert running.json("stop") == {"stopped": second}
    assert read_holder(running.paths.lock) is None
    assert not running.paths.socket.exists()
    running.run("stop", code=69)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_run_ends_with_0_on_a_signal(project: Project, number: int) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "remora_hub", "run"], cwd=project.root, stderr=subprocess.PIPE
    )
    with BlockingClient.wait_for(project.paths, 60) as client:
        client.call("hub/sync")
    process.send_signal(number)
    _, log = process.communicate(timeout=60)
    assert process.returncode == 0
    assert b"Traceback" not in log


def test_without_a_daemon_only_so_many_files_are_indexed_to_answer(project: Project) -> None:
    done = project.run("symbols", "greet", "--set", "max_adhoc_files=2", code=69)
    assert "remora-hub start" in done.stderr
    project.run("index", "--set", "max_adhoc_files=2")
    project.run("symbols", "greet", "--set", "max_adhoc_files=2")


def test_a_frozen_daemon_does_not_hang_its_clients(running: Project) -> None:
    with running.connect() as client:
        pid = running.kill(signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(HubError, match=r"no answer to hub/status within 0\.2 s"):
            client.call("hub/status", timeout_s=0.2)
        assert time.monotonic() - started < 10
        os.kill(pid, signal.SIGCONT)


def test_a_daemon_that_dies_while_it_is_asked_is_not_running(running: Project) -> None:
    with running.connect() as client:
        running.kill(signal.SIGKILL)
        with pytest.raises(NotRunningError):
            client.call("hub/status")


def test_a_snapshot_is_written_with_a_daemon_and_without(running: Project) -> None:
    first = running.json("snapshot", "a.db")
    running.run("stop")
    assert running.json("snapshot", "b.db")["records"] == first["records"]
    running.run("snapshot", "own.py", code=74)
    running.run("snapshot", "no/such/directory.db", code=74)
