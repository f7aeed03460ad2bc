"""An event loop whose time jumps to whatever is due next: ten simulated minutes take as long as their work does."""

from __future__ import annotations

import asyncio
import logging
import selectors
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar

import pytest

from remora_hub.enrich import Results
from remora_hub.enrich.database import EnrichDatabase
from remora_hub.enrich.job import Job
from remora_hub.enrich.run import run_job
from remora_hub.enrich.task_store import TaskStore

sys.path.append(
    str(Path(__file__).parents[2] / "scripts")
)  # the provider that the script enrich-limits runs, too

Value = TypeVar("Value")


class _JumpingSelector(selectors.DefaultSelector):
    """Waits for nothing but real events: where the loop would wait for a time, that is come at once."""

    now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)
        ready = super().select(0)
        if not ready:
            self.now_s += max(0.0, timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self.jumping = _JumpingSelector()
        super().__init__(self.jumping)

    def time(self) -> float:
        return self.jumping.now_s


class VirtualClock:
    """Time of the running loop."""

    def now_s(self) -> float:
        return asyncio.get_running_loop().time()

    def timeout(self, seconds: float | None) -> asyncio.Timeout:
        return asyncio.timeout(seconds)


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Refusals and open breakers are what is tested here; their warnings would be told when pytest has ended."""
    caplog.set_level(logging.ERROR, logger="remora_hub.enrich")


@pytest.fixture
def name(request: pytest.FixtureRequest) -> str:
    """A limiter's name that no other test uses."""
    return str(request.node.nodeid)


@pytest.fixture
def in_virtual_time() -> Callable[[Coroutine[Any, Any, Value]], Value]:
    def run(coroutine: Coroutine[Any, Any, Value]) -> Value:
        with asyncio.Runner(loop_factory=VirtualTimeLoop) as runner:
            return runner.run(coroutine)

    return run


@pytest.fixture
def process_all(name: str, in_virtual_time: Any) -> Callable[..., Results[Any]]:
    """Run a job, given its fields, in virtual time."""

    def process_all(**fields: Any) -> Results[Any]:
        job: Job[Any, Any] = Job(**{"limiter_name": name, "clock": VirtualClock(), **fields})
        results: Results[Any] = in_virtual_time(run_job(job))
        return results

    return process_all


@pytest.fixture
def database(tmp_path: Path) -> Any:
    with EnrichDatabase(tmp_path / "enrich.db") as opened:
        yield opened


@pytest.fixture
def task_store(database: EnrichDatabase) -> Callable[..., TaskStore[str]]:
    def make(task: str = "summaries", model: str = "m", prompt_version: str = "1") -> TaskStore[str]:
        return TaskStore(
            database, task, model=model, prompt_version=prompt_version, encode=str.encode, decode=bytes.decode
        )

    return make
