"""``remora-hub enrich summarize`` in a process of its own, and what the hub shows then."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from remora_hub.client import connect
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.summarize.store import summary_store
from remora_hub.paths import StatePaths

KEY = "sk-test-0123456789abcdef"
MOST_REDONE = 100
SOURCE = {"app.py": "def low():\n    return 1\n\n\ndef high():\n    return low()\n"}


@pytest.fixture
def root(write_project: Any, provider: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, value in {
        "PROVIDER": "local",
        "MODEL": "test-model",
        "BASE_URL": provider.url + "/v1",
        "API_KEY_ENV": "TEST_KEY",
        "REQUESTS_PER_MINUTE": "100000",
    }.items():
        monkeypatch.setenv(f"REMORA_HUB_ENRICH__SUMMARIZE__{name}", value)
    root: Path = write_project(SOURCE)
    return root


def start(root: Path, *options: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "remora_hub", "enrich", "summarize", "--root", str(root), *options]
    return subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(root: Path, *options: str, exit_code: int = 0) -> tuple[str, str]:
    with start(root, *options) as process:
        out, err = process.communicate()
    assert process.returncode == exit_code, out + err
    return out, err


def stored(root: Path) -> list[str]:
    with EnrichDatabase(StatePaths(root).enrich_database) as database:
        return [key for key, _, _ in summary_store(database, "test-model").results()]


@pytest.fixture
def hub(root: Path) -> Iterator[Any]:
    """A client of a running daemon."""
    with connect(root, start=True) as client:
        client.sync()
        pid = client.status()["pid"]
        yield client
    os.kill(pid, signal.SIGKILL)


def test_the_report_says_what_was_done_and_what_it_took(root: Path, provider: Any) -> None:
    out, err = finish(root)
    assert "summaries to make: 3, by test-model at 127.0.0.1" in err
    assert "3 items: 3 done, 0 failed" in out
    assert "0.0000 US dollars" in out
    assert sorted(provider.names) == ["app", "high", "low"]
    report = json.loads(finish(root, "--json")[0])
    assert (report["run"]["total"], report["done_before"], report["input_tokens"]) == (0, 3, 0)


def test_a_dry_run_tells_the_price_sends_nothing_and_needs_no_key(
    root: Path, provider: Any, monkeypatch: Any
) -> None:
    monkeypatch.delenv("TEST_KEY")
    monkeypatch.setenv("REMORA_HUB_ENRICH__SUMMARIZE__PROVIDER", "openai")
    monkeypatch.setenv("REMORA_HUB_ENRICH__SUMMARIZE__MODEL", "gpt-4o-mini-2024-07-18")
    estimate = json.loads(finish(root, "--dry-run", "--json")[0])["estimate"]
    assert estimate["calls"] == 3
    assert estimate["cost"] == pytest.approx(
        (estimate["input_tokens"] * 0.15 + estimate["output_tokens"] * 0.60) / 1e6
    )
    assert "US dollars" in finish(root, "--dry-run")[0]
    assert provider.calls == []


def test_nothing_is_sent_unless_a_model_is_named(root: Path, provider: Any, monkeypatch: Any) -> None:
    monkeypatch.delenv("REMORA_HUB_ENRICH__SUMMARIZE__MODEL")
    _, err = finish(root, "--yes", exit_code=78)
    assert "no model is named" in err
    assert provider.calls == []


def test_failures_budgets_and_wrong_keys_have_their_exit_codes(root: Path, provider: Any) -> None:
    out, _ = finish(root, "--max-tokens", "10")
    assert "spent; left to do: 3" in out
    provider.refuse_with = 400, "", {}
    assert "3 failed" in finish(root, exit_code=1)[0]
    provider.refuse_with = 401, "", {}
    assert "TEST_KEY" in finish(root, exit_code=78)[1]


def test_the_key_is_in_no_log_output_or_file(root: Path, provider: Any) -> None:
    shown = "".join(finish(root, "-v"))
    provider.refuse_with = 401, f"unknown key {KEY}", {}
    shown += "".join(finish(root, "-v", "--redo", exit_code=78))
    assert "enrich.run_ended" in shown
    assert KEY not in shown
    files = [path for path in root.rglob("*") if path.is_file()]
    assert StatePaths(root).enrich_database in files
    assert not any(KEY.encode() in path.read_bytes() for path in files)


def test_killed_at_any_moment_nothing_is_lost_and_nothing_there_twice(root: Path, provider: Any) -> None:
    count = 400
    source = "\n\n".join(f"def f{number}(): return {number}" for number in range(count))
    (root / "app.py").write_text(source)
    provider.delay_s = 0.01
    called_before: set[str] = set()
    for kill_at in (1, 150, None):
        provider.calls.clear()
        process = start(root, "--kind", "function")
        provider.on_call = lambda process=process, kill_at=kill_at: (
            process.kill() if len(provider.calls) == kill_at else None
        )
        process.communicate()
        provider.on_call = lambda: None
        assert process.returncode == (0 if kill_at is None else -signal.SIGKILL)
        called = [call.name for call in provider.calls]
        assert len(called) == len(set(called))
        assert len(called_before & set(called)) <= MOST_REDONE
        called_before |= set(called)
    assert stored(root) == sorted(f"node:app.py:f{number}" for number in range(count))


def test_the_hub_shows_a_summary_and_that_it_is_stale_when_the_source_changes(
    root: Path, provider: Any, hub: Any
) -> None:
    key = "node:app.py:low"
    assert hub.hover(key).hover.summary is None
    assert hub.node(key).node.summary is None
    finish(root)
    shown = hub.hover(key).hover.summary
    assert (shown.text, shown.model, shown.is_stale) == ("Does what low does.", "test-model", False)
    assert hub.node(key).node.summary == shown
    assert hub.get_context([key]).nodes[0].node.summary == shown
    (root / "app.py").write_text(SOURCE["app.py"].replace("return 1", "return 2"))
    hub.sync()
    assert hub.hover(key).hover.summary.is_stale
    assert hub.node(key).node.summary.is_stale
    assert not hub.node("node:app.py:high").node.summary.is_stale
    finish(root)
    assert not hub.hover(key).hover.summary.is_stale
    assert provider.names[3:] == ["low"]


def test_commands_show_summaries_without_a_daemon_too(root: Path) -> None:
    finish(root)
    for command in (["hover"], ["node"], ["context", "--no-source"]):
        arguments = [sys.executable, "-m", "remora_hub", *command, "node:app.py:low", "--root", str(root)]
        done = subprocess.run(arguments, capture_output=True, text=True, check=True)
        assert "Does what low does. (test-model)" in done.stdout


def test_two_at_once_do_not_pay_twice(root: Path, provider: Any) -> None:
    provider.delay_s = 2.0
    called = threading.Event()
    provider.on_call = called.set
    with start(root) as first:
        assert called.wait(30)
        _, err = finish(root, exit_code=75)
        first.communicate()
    assert "another process makes them already" in err
    assert sorted(provider.names) == ["app", "high", "low"]
