"""Which changes of the configuration a running hub takes up without opening the index anew, and what it keeps."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
import urllib.request
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from remora_hub.cli.progress import ProgressReport
from remora_hub.config import HubConfig
from remora_hub.daemon.reload import compare
from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.daemon.session import Session
from remora_hub.daemon.sessions import Sessions
from remora_hub.metrics import catalogue as metrics
from remora_hub.metrics.histogram import Distribution
from remora_hub.metrics.totals import Totals
from remora_hub.paths import StatePaths

Project = Any  # conftest's
_LONGEST_WAIT_S = 60


class NoPlaces:
    """Nothing has to be secured."""

    async def secure(self) -> None:
        pass

    async def guard(self) -> None:
        await asyncio.Event().wait()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def test_intervals_and_bounds_change_at_once_and_subscribers_stay(running: Project) -> None:
    with running.connect() as client:
        client.call("hub/subscribe")
        before = client.call("hub/status")["rescans"].get("periodic", 0)
        running.write(
            "remora-hub.toml",
            '[watch]\nreconcile_interval_s = 0.1\n[changes]\nbackpressure = "block"\nchange_queue_size = 7\n'
            "[index]\nlane_idle_s = 0.5\n[server]\nsubscriber_buffer = 9\n",
        )
        report = running.json("reload")
        assert len(report["applied"]) == 5
        assert report["needs_restart"] == {}
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while client.call("hub/status")["rescans"].get("periodic", 0) < before + 2:
            assert time.monotonic() < deadline
        running.write("own.py", "def told(): ...\n")
        # No hub/closed came before: the index was not opened anew.
        assert json.loads(client._next_frame())["method"] == "hub/changed"


def test_the_listener_for_monitoring_comes_moves_and_goes_with_its_port(running: Project) -> None:
    def is_healthy(port: int) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False

    ports = [free_port(), free_port(), 0]
    for before, port in zip([0, *ports], ports, strict=False):
        running.write("remora-hub.toml", f"[http]\nport = {port}\n")
        assert list(running.json("reload")["applied"]) == ["http.port"]
        deadline = time.monotonic() + _LONGEST_WAIT_S
        while (port and not is_healthy(port)) or (before and is_healthy(before)):
            assert time.monotonic() < deadline


def test_no_counter_goes_back_when_the_index_is_opened_anew(running: Project) -> None:
    def counted() -> dict[str, Any]:
        found: dict[str, Any] = running.json("top", "--once")["metrics"]
        return found

    running.write("own.py", "def counted(): ...\n")
    running.run("sync")
    before = counted()
    assert before["files_processed"] >= 1
    assert sum(before["parse_seconds"]["counts"]) >= 1
    running.write("remora-hub.toml", "[watch]\ndebounce_ms = 61\n")
    assert list(running.json("reload")["applied"]) == ["watch.debounce_ms"]
    after = counted()
    for metric in metrics.ALL:
        if metric.kind == "counter":
            values, labelled = before[metric.name], after[metric.name]
            if isinstance(values, dict):
                assert all(labelled[label] >= value for label, value in values.items()), metric.name
            else:
                assert labelled >= values, metric.name
        elif metric.kind == "histogram" and not metric.label:
            assert sum(after[metric.name]["counts"]) >= sum(before[metric.name]["counts"]), metric.name


def test_what_is_gone_is_counted_with_what_is_there_and_gauges_are_of_now() -> None:
    totals = Totals()
    waits = Distribution((1.0,), (2, 1), 4.0)
    ended = {metrics.QUEUE_PUTS: 3, metrics.ERRORS: {"a": 1}, metrics.QUEUE_WAIT_SECONDS: waits}
    for _ in range(2):
        totals.keep({**ended, metrics.QUEUE_DEPTH: 5})
    now = totals.added_to({metrics.QUEUE_PUTS: 1, metrics.ERRORS: {"a": 1, "b": 1}, metrics.QUEUE_DEPTH: 2})
    assert now[metrics.QUEUE_PUTS] == 7
    assert now[metrics.ERRORS] == {"a": 3, "b": 1}
    assert now[metrics.QUEUE_DEPTH] == 2
    assert now[metrics.QUEUE_WAIT_SECONDS] == Distribution((1.0,), (4, 2), 8.0)


def test_only_what_the_index_is_made_with_takes_a_new_session() -> None:
    current = HubConfig()
    wanted = replace(
        current,
        watch=replace(current.watch, reconcile_interval_s=5.0, step_ms=6),
        changes=replace(current.changes, change_queue_size=5),
    )
    change = compare(current, wanted)
    assert list(change.at_once) == ["changes.change_queue_size", "watch.reconcile_interval_s"]
    assert list(change.by_new_session) == ["watch.step_ms"]


async def test_a_configuration_that_comes_while_the_index_is_opened_is_taken_up(tmp_path: Path) -> None:
    config = HubConfig()
    opened: asyncio.Queue[Session] = asyncio.Queue()
    places: Any = NoPlaces()

    def current() -> HubConfig:
        """Read once for each session: it changes behind that, when the store is being opened."""
        nonlocal config
        found = config
        if found.index.parse_timeout_s != 3.0:
            config = replace(found, index=replace(found.index, parse_timeout_s=3.0))
            sessions.replace()
        return found

    sessions = Sessions(StatePaths(tmp_path), current, places, opened.put_nowait)
    running = asyncio.create_task(sessions.run())
    try:
        async with asyncio.timeout(_LONGEST_WAIT_S):
            session = await opened.get()
        assert session.lanes.limit_s == 3.0
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_who_reports_the_start_of_a_session_ends_with_it(tmp_path: Path) -> None:
    with ProgressReport("auto") as report:
        async with await Session.open(StatePaths(tmp_path), HubConfig(), lambda: 0.0) as session:
            report.follow(session.cold_start.progress)
            [reporting] = [thread for thread in threading.enumerate() if thread.name == "progress"]
        await asyncio.to_thread(reporting.join, _LONGEST_WAIT_S)
        assert not reporting.is_alive()


def test_a_manager_that_heard_of_the_stop_hears_of_no_reload(tmp_path: Path) -> None:
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.setblocking(False)
        manager = ServiceManager(str(tmp_path / "notify"))
        manager.stopping()
        manager.reloading()
        manager.ready()
        manager.stopping()
        assert listening.recv(100) == b"STOPPING=1"
        with contextlib.suppress(BlockingIOError):
            raise AssertionError(listening.recv(100))
