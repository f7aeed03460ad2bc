"""How many calls at once: 5, 10, 25, 50, ... while it goes well, fewer when it does not, one while errors persist."""

from __future__ import annotations

from itertools import chain, count

_STEP_S = 0.05  # a provider that has enough refuses within this; a slow answer says nothing
_UNPROVEN = 50  # calls at once until a first one was answered
_PERSISTENT = 5  # failures in a row
_RECOVERED = 3  # successes in a row, one at a time
_JUDGED_FROM = 10  # calls
_BEARABLE_SHARE = 0.2  # of failed calls; fewer are faults of their own and no sign of too many at once


def ladder(max_workers: int) -> tuple[int, ...]:
    """The steps up to ``max_workers``: 5, 10, 25, 50, 100, 250, ..."""
    steps = chain((5,), (step * 10**power for power in count() for step in (10, 25, 50)))
    below: list[int] = []
    for step in steps:
        if step >= max_workers:
            return (*below, max_workers)
        below.append(step)
    raise AssertionError("the steps have no end")


class Ramp:
    """Outcomes go in, ``limit`` comes out.

    Up: until it first has to step down, when the present step is in use for 50 ms and goes well; above 50 once a call
    has been answered. After that each step wants as many successes as it has calls. Down: a step for a refusal, or
    where over a fifth of the calls fail; to one at a time after five failures in a row. Outcomes of calls sent before
    the last step down say nothing about the present step.
    """

    def __init__(self, max_workers: int, *, is_concurrent: bool, now_s: float) -> None:
        self._ladder = ladder(max_workers if is_concurrent else 1)
        self._step = 0
        self._changed_s = self._lowered_s = now_s
        self._has_succeeded = self._has_stepped_down = False
        self._succeeded = self._failed = 0
        self._succeeded_in_a_row = self._failed_in_a_row = 0

    @property
    def limit(self) -> int:
        """Calls that may be in flight."""
        return 1 if self._step < 0 else self._ladder[self._step]

    @property
    def is_one_at_a_time(self) -> bool:
        """Whether errors persist."""
        return self._step < 0

    def consider(self, running: int, now_s: float) -> None:
        """Step up if the present step is in use and goes well."""
        if self._step < 0 or self._step + 1 == len(self._ladder) or running < self.limit:
            return
        wanted = self.limit if self._has_stepped_down else 0
        is_proven = self._has_succeeded or self.limit < _UNPROVEN
        goes_well = is_proven and self._is_bearable() and self._succeeded >= wanted
        if goes_well and now_s - self._changed_s >= _STEP_S:
            self._move(self._step + 1, now_s)

    @property
    def next_look_s(self) -> float | None:
        """When it is worth to ``consider`` again although nothing has happened; None: only when something has."""
        is_at_top = self._step + 1 == len(self._ladder)
        if self._step < 0 or self._has_stepped_down or is_at_top:
            return None
        return self._changed_s + _STEP_S if self._has_succeeded or self.limit < _UNPROVEN else None

    def succeeded(self, sent_s: float, now_s: float) -> None:
        """A call that was sent at ``sent_s`` was answered."""
        if sent_s < self._lowered_s:
            return
        self._has_succeeded = True
        self._succeeded += 1
        self._fade()
        self._succeeded_in_a_row += 1
        self._failed_in_a_row = 0
        if self._step < 0 and self._succeeded_in_a_row >= _RECOVERED:
            self._move(0, now_s)

    def failed(self, sent_s: float, now_s: float, *, is_refusal: bool) -> None:
        """It was not, and the provider is to blame, or refused it for its rate."""
        if sent_s < self._lowered_s:
            return
        self._failed += 1
        self._failed_in_a_row += 1
        self._succeeded_in_a_row = 0
        if self._step < 0:
            return
        if self._failed_in_a_row >= _PERSISTENT:
            self._step_down(-1, now_s)
        elif is_refusal or (self._succeeded + self._failed >= _JUDGED_FROM and not self._is_bearable()):
            self._step_down(max(0, self._step - 1), now_s)

    def _is_bearable(self) -> bool:
        return self._failed <= _BEARABLE_SHARE * (self._succeeded + self._failed)

    def _fade(self) -> None:
        """Let what was long ago count less, or a long good time would hide a bad one."""
        if self._succeeded + self._failed > 4 * max(self.limit, _JUDGED_FROM):
            self._succeeded //= 2
            self._failed //= 2

    def _step_down(self, step: int, now_s: float) -> None:
        self._lowered_s = now_s
        self._has_stepped_down = True
        self._move(step, now_s)

    def _move(self, step: int, now_s: float) -> None:
        self._step = step
        self._changed_s = now_s
        self._succeeded = self._failed = 0
