"""What a run tells while it lasts: callback, log events, and a bar on a real terminal."""

from __future__ import annotations

import asyncio
import logging
import os
import pty
import subprocess
import sys
from typing import Any

import pytest

from remora_hub.enrich import Job, Progress, run_job
from remora_hub.enrich.tally import Tally

RUN = """
import time
from remora_hub.enrich import run_concurrent

def process(item):
    time.sleep(0.3)
    return item

run_concurrent(items=range(30), process=process, max_workers=10, progress_name="summaries", limiter_name="a")
print("done")
"""


async def nap(item: int) -> int:
    await asyncio.sleep(0.05)
    return item


async def test_a_callback_hears_of_it_and_of_its_end(name: str) -> None:
    heard: list[Progress] = []
    await run_job(Job(items=range(100), process=nap, limiter_name=name, on_progress=heard.append))
    assert (heard[-1].total, heard[-1].done, heard[-1].failed, heard[-1].running) == (100, 100, 0, 0)
    assert heard[-1].requests == 100
    assert [progress.done for progress in heard] == sorted(progress.done for progress in heard)


async def test_a_callback_that_fails_is_heard_no_more_and_the_run_goes_on(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    heard = []

    def fail(progress: Progress) -> None:
        heard.append(progress)
        raise RuntimeError("a fault")

    with caplog.at_level(logging.ERROR):
        results = await run_job(Job(items=range(500), process=nap, limiter_name=name, on_progress=fail))
    assert results == list(range(500))
    assert len(heard) == 1
    assert "enrich.listener_failed" in caplog.text


def test_progress_tells_rate_and_time_left() -> None:
    tally = Tally("a", "p", 110, 0.0)
    tally.skipped = 10
    assert tally.progress(0.0).eta_s is None
    for number in range(40):
        tally.item_done(number * 0.5, 1.0)
    progress = tally.progress(20.0)
    assert (progress.total, progress.done) == (100, 40)
    assert progress.rate_per_s == pytest.approx(2.0, rel=0.1)
    assert progress.eta_s == pytest.approx(30.0, rel=0.1)


def read_all(descriptor: int) -> bytes:
    output = b""
    while True:
        try:
            chunk = os.read(descriptor, 65536)
        except OSError:  # Linux: EIO when the last process has closed its side
            return output
        if not chunk:
            return output
        output += chunk


def test_on_a_terminal_there_is_a_bar() -> None:
    ours, theirs = pty.openpty()
    environ: dict[str, Any] = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "160"}
    with subprocess.Popen(
        [sys.executable, "-c", RUN], stdout=subprocess.PIPE, stderr=theirs, env=environ
    ) as run:
        os.close(theirs)
        seen = read_all(ours).decode()
        assert run.stdout is not None
        assert run.stdout.read() == b"done\n"
    os.close(ours)
    assert run.returncode == 0
    assert "summaries" in seen
    assert "/30" in seen
    assert "running" in seen


def test_elsewhere_there_is_none() -> None:
    run = subprocess.run([sys.executable, "-c", RUN], capture_output=True, text=True, timeout=100, check=True)
    assert run.stdout == "done\n"
    assert run.stderr == ""
