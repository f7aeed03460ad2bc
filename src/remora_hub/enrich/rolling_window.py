"""What was spent in the last minute: an exact rolling window in constant memory."""

from __future__ import annotations

import math

SLOT_S = 0.1


class RollingWindow:
    """A sum of amounts, each of which counts until a moment of its own.

    Those moments are rounded up to a tenth of a second, so there are never more entries than tenths of a second ahead,
    however many amounts there are.
    """

    def __init__(self) -> None:
        self.total = 0
        self._slots: dict[int, int] = {}
        self._oldest = 0

    def add(self, amount: int, until_s: float) -> int:
        """Count ``amount`` until ``until_s``; the slot to name when it is taken back."""
        slot = math.ceil(until_s / SLOT_S)
        if not self._slots:
            self._oldest = slot
        self._oldest = min(self._oldest, slot)
        self._slots[slot] = self._slots.get(slot, 0) + amount
        self.total += amount
        return slot

    def take_back(self, amount: int, slot: int) -> bool:
        """Count ``amount`` no more; False if its time was over before."""
        if slot not in self._slots:
            return False
        self._slots[slot] -= amount
        self.total -= amount
        return True

    def expire(self, now_s: float) -> None:
        """Forget what counts no more."""
        current = math.floor(now_s / SLOT_S)
        while self._slots and self._oldest <= current:
            self.total -= self._slots.pop(self._oldest, 0)
            self._oldest += 1

    def falls_to_s(self, most: float) -> float:
        """When the sum will have fallen to ``most`` (0 or above), with nothing added meanwhile; 0 if it has."""
        left, moment_s = self.total, 0.0
        for slot in sorted(self._slots):
            if left <= most:
                break
            left -= self._slots[slot]
            moment_s = slot * SLOT_S
        return moment_s
