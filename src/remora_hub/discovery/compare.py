"""What changed between what is known of files and what a walk found, before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple, Protocol

from remora_hub.discovery.fingerprint import Fingerprint

#: Linux stamps files with the time of the last timer tick: every 10 ms at the lowest tick rate in use (HZ=100).
#: Two ticks, so that a change in the tick of the scan, or in the one before it, is never taken for old.
_TICK_GRANULARITY_NS = 20_000_000
#: A time without a fraction of a second comes from a file system that keeps none: FAT counts in 2 s.
_COARSE_GRANULARITY_NS = 2_000_000_000


class Known(Protocol):
    """What was recorded when a file was last read: its fingerprint then, and the wall clock (ns) from before that."""

    @property
    def size(self) -> int:
        """As in ``Fingerprint``."""

    @property
    def changed_ns(self) -> int:
        """As in ``Fingerprint``."""

    @property
    def inode(self) -> int:
        """As in ``Fingerprint``."""

    @property
    def scanned_ns(self) -> int:
        """Nanoseconds since the epoch."""


class Difference(NamedTuple):
    """``suspects`` must be read and compared by digest, ``removed`` are known and gone; ``unchanged`` is a count."""

    suspects: list[str]
    removed: list[str]
    unchanged: int


def compare(found: Mapping[str, Fingerprint], known: Mapping[str, Known]) -> Difference:
    """Sort files into suspects, removed and unchanged.

    A suspect is new, has another fingerprint, or is "racily clean" (git's Documentation/technical/racy-git): changed
    so shortly before it was read that a later change may carry the same time.
    """
    suspects: list[str] = []
    for path, fingerprint in found.items():
        before = known.get(path)
        if (
            before is None
            or (before.size, before.changed_ns, before.inode) != fingerprint
            or (before.changed_ns >= before.scanned_ns - _COARSE_GRANULARITY_NS and is_racily_clean(before))
        ):
            suspects.append(path)
    removed = [path for path in known if path not in found]
    return Difference(suspects, removed, len(found) - len(suspects))


def is_racily_clean(known: Known) -> bool:
    """Whether the file may have changed after it was read without its fingerprint telling."""
    granularity_ns = _TICK_GRANULARITY_NS if known.changed_ns % 1_000_000_000 else _COARSE_GRANULARITY_NS
    return known.changed_ns >= known.scanned_ns - granularity_ns
