"""The program of a follower's child: one run of an enricher over what has changed since its last one.

Its first line of input is ``Ordered``; further ones are ``pause``, ``resume``, and ``look`` with a list of paths
as JSON: the files that clients look at, which come first. Where its input ends it gives up what is not done and stores
the rest. It answers with ``Outcome``. It dies with its parent, whose process id is ``argv[1]``.
"""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from io import FileIO
from typing import TYPE_CHECKING, Literal

import msgspec

from remora_hub.lifeline import die_with_parent

if TYPE_CHECKING:
    from remora_hub.enrich.control import RunControl

Task = Literal["embed", "summarize"]

LOOK = b"look "
_NICE = 10  # below the parse lanes


class Ordered(msgspec.Struct, frozen=True, kw_only=True):
    """``config`` is the section ``enrich`` as JSON. What was used ``so_far`` counts towards its budget."""

    task: Task
    root: str
    state_dir: str
    config: str
    log_level: Literal["debug", "info", "warning", "error"]
    log_format: Literal["auto", "console", "json", "journal"]
    tokens_so_far: int
    cost_so_far: float


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What a run did; ``problem`` is why it could not do all, with what to do about it; "" if nothing is wrong."""

    done: int = 0
    failed: int = 0
    tokens: int = 0
    cost: float = 0.0
    is_budget_spent: bool = False
    problem: str = ""
    remedy: str = ""


def main() -> None:
    """Run, and answer on standard output."""
    die_with_parent(int(sys.argv[1]))
    os.nice(_NICE)
    # Unbuffered: a thread that waits in a buffered reader has its lock, over which the interpreter aborts at its end.
    orders = FileIO(0, closefd=False)
    ordered = msgspec.json.decode(orders.readline(), type=Ordered)
    # Only now: what it imports takes a second, in which the hub may be killed.
    from remora_hub.enrich.control import RunControl
    from remora_hub.logs import configure_logs

    # A run for every few changes is nothing that a day's log should tell; who looks for a fault wants to know.
    configure_logs("debug" if ordered.log_level == "debug" else "warning", ordered.log_format)
    control = RunControl()
    threading.Thread(target=_obey, args=(orders, control), name="orders", daemon=True).start()
    from remora_hub.daemon.followed_run import followed_run
    from remora_hub.errors import HubError

    try:
        outcome = asyncio.run(followed_run(ordered, control))
    except HubError as error:
        outcome = Outcome(problem=error.problem, remedy=error.hint or "see the log")
    sys.stdout.buffer.write(msgspec.json.encode(outcome))


def _obey(orders: FileIO, control: RunControl) -> None:
    for line in orders:
        if line == b"pause\n":
            control.pause()
        elif line == b"resume\n":
            control.resume()
        elif line.startswith(LOOK):
            control.look_at(msgspec.json.decode(line.removeprefix(LOOK), type=frozenset[str]))
    control.cancel()
