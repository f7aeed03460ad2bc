"""What the listener asks of the hub; the daemon provides it. Imports neither uvicorn nor starlette."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Protocol

import msgspec

from remora_hub.metrics.catalogue import Samples


class Reason(Protocol):
    """What keeps a part of the hub from its work (``problem`` may name paths), and what a person can do about it."""

    @property
    def part(self) -> str:
        """Which part."""

    @property
    def problem(self) -> str:
        """What it is."""

    @property
    def remedy(self) -> str:
        """What to do."""


class Monitored(msgspec.Struct, frozen=True):
    """A running hub: its ``state`` (``starting``, ``indexing``, ``ready``, ``degraded``), why, and what it counts."""

    state: Callable[[], str]
    problems: Callable[[], Sequence[Reason]]
    metrics: Callable[[], Awaitable[Samples]]
