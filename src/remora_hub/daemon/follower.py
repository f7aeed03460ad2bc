"""An enricher that follows the index, as the daemon sees it: a child at work while nobody else needs the machine.

Models take memory, and time of an interpreter, that answers must not wait for: so each run is a process of its own, at
a low priority, which dies with the hub. It is told to pause while indexing is behind or a client waits, and what they
look at, which comes first then. What it has done is stored, however it ends. A run that comes to its end remembers the
commit that it has seen.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import Callable
from typing import Any, Literal

import msgspec

from remora_hub.config import HubConfig
from remora_hub.daemon.follower_main import LOOK, Ordered, Outcome, Task
from remora_hub.logs import get_logger
from remora_hub.paths import StatePaths

State = Literal["waiting", "running", "paused", "failing", "budget spent"]

_PROGRAM = "from remora_hub.daemon.follower_main import main; main()"
_LOOK_EVERY_S = 0.1
_QUIET_S = 0.5  # nobody has waited for so long before a run begins, and before one goes on
_FIRST_RETRY_S = 30.0
_LONGEST_RETRY_S = 3600.0
_LONGEST_GOODBYE_S = 2.0

log = get_logger(__name__)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Outcome).decode


class Follower:
    """``run`` it beside a session. ``is_quiet`` tells whether neither indexing nor a client needs the machine,
    ``looked_at`` the paths of the files that clients look at.

    ``state`` and ``problem`` are for the status: ``problem`` is what made the last run fail, with its remedy.
    """

    def __init__(
        self,
        task: Task,
        paths: StatePaths,
        config: HubConfig,
        is_quiet: Callable[[], bool],
        looked_at: Callable[[], frozenset[str]],
    ) -> None:
        self.task = task
        self.state: State = "waiting"
        self.problem: tuple[str, str] | None = None
        self.done = 0
        self.failed = 0
        self._paths = paths
        self._config = config
        self._is_quiet = is_quiet
        self._looked_at = looked_at
        self._quiet_since_s: float | None = None
        self._is_behind = asyncio.Event()
        self._is_behind.set()  # the child finds out whether anything has changed since the last one's end
        self._tokens = 0
        self._cost = 0.0

    def index_changed(self) -> None:
        """There is something new to follow."""
        self._is_behind.set()

    def status(self) -> dict[str, Any]:
        """How it stands; ``done`` and ``failed`` are items since the session began."""
        problem, remedy = self.problem or ("", "")
        return {
            "state": self.state,
            "done": self.done,
            "failed": self.failed,
            "problem": problem,
            "remedy": remedy,
        }

    async def run(self) -> None:
        """Follow until cancelled."""
        retry_s = _FIRST_RETRY_S
        while True:
            await self._is_behind.wait()
            await self._until_quiet()
            self._is_behind.clear()
            outcome = await self._run_once()
            self.done += outcome.done
            self.failed += outcome.failed
            self._tokens += outcome.tokens
            self._cost += outcome.cost
            if outcome.problem and self.problem is None:
                log.warning(
                    "enrich.not_followed", task=self.task, problem=outcome.problem, remedy=outcome.remedy
                )
            self.problem = (outcome.problem, outcome.remedy) if outcome.problem else None
            if outcome.is_budget_spent:
                self.state = "budget spent"
                await asyncio.Event().wait()  # until the configuration is read anew
            if not outcome.problem:
                self.state, retry_s = "waiting", _FIRST_RETRY_S
                continue
            self.state = "failing"
            await asyncio.sleep(retry_s)
            retry_s = min(2 * retry_s, _LONGEST_RETRY_S)
            self._is_behind.set()

    def _has_been_quiet(self) -> bool:
        now_s = time.monotonic()
        if not self._is_quiet():
            self._quiet_since_s = None
        elif self._quiet_since_s is None:
            self._quiet_since_s = now_s
        return self._quiet_since_s is not None and now_s - self._quiet_since_s >= _QUIET_S

    async def _until_quiet(self) -> None:
        while True:
            if self._has_been_quiet():
                return
            await asyncio.sleep(_LOOK_EVERY_S)  # quiet is that nothing happens: nothing tells of it

    async def _run_once(self) -> Outcome:
        pipe = asyncio.subprocess.PIPE
        command = (sys.executable, "-P", "-c", _PROGRAM, str(os.getpid()))
        try:
            process = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd="/")
        except OSError as error:
            return Outcome(problem=error.strerror or str(error), remedy="free memory or processes")
        assert process.stdin is not None
        assert process.stdout is not None
        self.state = "running"
        ordered = Ordered(
            task=self.task,
            root=str(self._paths.root),
            state_dir=str(self._paths.state_dir),
            config=msgspec.json.encode(self._config.enrich).decode(),
            log_level=self._config.logs.level,
            log_format=self._config.logs.format,
            tokens_so_far=self._tokens,
            cost_so_far=self._cost,
        )
        try:
            process.stdin.write(_encode(ordered) + b"\n")
            directing = asyncio.create_task(self._direct(process.stdin))
            try:
                output = await process.stdout.read()
            finally:
                directing.cancel()
                await asyncio.gather(directing, return_exceptions=True)
            return_code = await process.wait()
        except BaseException:
            await _end(process)
            raise
        if return_code or not output:
            reason = f"the process that calls the model ended with code {return_code}"
            # What it has used by then nobody knows: a budget must not be begun anew.
            own = self._config.enrich.summarize
            has_budget = self.task == "summarize" and bool(own.max_tokens or own.max_cost)
            return Outcome(problem=reason, remedy="its last words are in the log", is_budget_spent=has_budget)
        return _decode(output)

    async def _direct(self, orders: asyncio.StreamWriter) -> None:
        """Tell the child what clients look at, to pause and to go on, until it is gone."""
        told: frozenset[str] = frozenset()
        with contextlib.suppress(ConnectionError):
            while True:
                looked_at = self._looked_at()
                if looked_at != told:  # before it goes on: it is what comes next
                    orders.write(LOOK + _encode(looked_at) + b"\n")
                    told = looked_at
                await asyncio.sleep(_LOOK_EVERY_S)
                is_wanted = self._is_quiet() if self.state == "running" else self._has_been_quiet()
                if not is_wanted and self.state == "running":
                    self._quiet_since_s = None
                    self.state = "paused"
                    orders.write(b"pause\n")
                elif is_wanted and self.state == "paused":
                    self.state = "running"
                    orders.write(b"resume\n")
                await orders.drain()


async def _end(process: asyncio.subprocess.Process) -> None:
    """Have the child store what it has done, and end; kill it where that takes long."""
    assert process.stdin is not None
    process.stdin.close()
    try:
        async with asyncio.timeout(_LONGEST_GOODBYE_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
