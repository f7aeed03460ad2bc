"""Everything that says what a run is to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from remora_hub.enrich.caller import Process, ProcessGroup
from remora_hub.enrich.clock import Clock, SystemClock
from remora_hub.enrich.control import RunControl
from remora_hub.enrich.persistence import Persistence
from remora_hub.enrich.progress import ProgressCallback
from remora_hub.enrich.providers import Limits, limits_for
from remora_hub.enrich.retry import RetryPolicy
from remora_hub.enrich.work_queue import Priority
from remora_hub.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Options:
    """How calls are made. ``is_concurrent`` is the switch: off, they are made one at a time.

    ``max_trips``: after the circuit breaker opened so often in a row, what is left fails instead of waiting for ever.
    ``skip`` leaves out the first items of the input; ``redo`` calls for those, too, that are stored or cached.
    """

    max_workers: int = 300
    is_concurrent: bool = True
    max_items_per_call: int = 1
    call_timeout_s: float | None = 120.0
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    max_trips: int = 3
    skip: int = 0
    redo: bool = False

    def __post_init__(self) -> None:
        for name in ("max_workers", "max_items_per_call", "max_trips"):
            if getattr(self, name) < 1:
                raise ConfigError("run", name, f"{getattr(self, name)} is not at least 1")
        if self.skip < 0:
            raise ConfigError("run", "skip", f"{self.skip} is not at least 0")


def no_tokens(_item: object) -> int:
    """The estimate for calls whose tokens nobody counts."""
    return 0


def no_priority(_item: object) -> Priority:
    """Nothing is more urgent than the rest."""
    return Priority.REST


def no_topic(_item: object) -> str:
    """It is about nothing that anybody looks at."""
    return ""


def no_predecessors(_item: object) -> Iterable[int]:
    """No item waits for another."""
    return ()


def no_conditions(_item: object) -> bool:
    """Any item may be begun at any time."""
    return True


@dataclass(frozen=True, slots=True)
class Job(Generic[Item, Result]):
    """``process`` takes one item, ``process_group`` several: one of them is given. See ``caller`` for their types.

    ``limiter_name``: who uses the same name shares the limits. ``provider`` has a preset of limits and a circuit
    breaker, and is the limiter's name unless told. ``target_rpm`` and ``target_tpm`` (requests, tokens a minute) are
    aimed at as they stand; of a preset 80 % are; a ``safety_share`` holds for both. ``limits`` come before all that.
    ``topic`` is what an item is about, by which ``RunControl.look_at`` brings it forward.
    ``after`` gives the items, by their places in the input, that have to end before this one is begun; all stand before
    it, so that nothing waits in a circle. ``admit`` is asked last before a call, for each of its items; after False it
    is asked again when a call has ended: who had to wait within the call would be sent when the limiter has forgotten
    it. For calls of one item.
    """

    items: Sequence[Item]
    process: Process[Item, Result] | None = None
    process_group: ProcessGroup[Item, Result] | None = None
    estimate_tokens: Callable[[Item], int] = no_tokens
    limiter_name: str = "default"
    provider: str | None = None
    target_rpm: float | None = None
    target_tpm: float | None = None
    safety_share: float | None = None
    limits: Limits | None = None
    progress_name: str | None = None
    on_progress: ProgressCallback | None = None
    priority: Callable[[Item], Priority] = no_priority
    topic: Callable[[Item], str] = no_topic
    after: Callable[[Item], Iterable[int]] = no_predecessors
    admit: Callable[[Item], bool] = no_conditions
    options: Options = field(default_factory=Options)
    persistence: Persistence[Item, Result] | None = None
    control: RunControl = field(default_factory=RunControl)
    clock: Clock = field(default_factory=SystemClock)

    @property
    def provider_name(self) -> str:
        """Whose circuit breaker it is."""
        return self.provider or self.limiter_name

    def limits_to_keep(self) -> Limits:
        """What all of that comes to. Raises ConfigError."""
        return self.limits or limits_for(
            self.provider_name,
            target_rpm=self.target_rpm,
            target_tpm=self.target_tpm,
            safety_share=self.safety_share,
        )
