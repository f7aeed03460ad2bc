"""Which files are suspected of having changed."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from remora_hub.discovery.compare import compare
from remora_hub.discovery.fingerprint import Fingerprint

SECOND_NS = 1_000_000_000
OLD = Fingerprint(size=10, changed_ns=1_000 * SECOND_NS + 5, inode=7)


class Known(NamedTuple):
    size: int
    changed_ns: int
    inode: int
    scanned_ns: int


def suspects(found: Fingerprint, known: Fingerprint, scanned_ns: int = 2_000 * SECOND_NS) -> bool:
    return compare({"a.py": found}, {"a.py": Known(*known, scanned_ns)}).suspects == ["a.py"]


def test_new_and_removed_and_unchanged_are_told_apart() -> None:
    known = {name: Known(*OLD, 2_000 * SECOND_NS) for name in ("same.py", "gone.py")}
    difference = compare({"same.py": OLD, "new.py": OLD}, known)
    assert (difference.suspects, difference.removed, difference.unchanged) == (["new.py"], ["gone.py"], 1)


@pytest.mark.parametrize(
    "now",
    [
        Fingerprint(11, OLD.changed_ns, 7),
        Fingerprint(10, OLD.changed_ns - 1, 7),
        Fingerprint(10, OLD.changed_ns, 8),
    ],
)
def test_any_other_fingerprint_is_suspect_also_an_older_time(now: Fingerprint) -> None:
    assert suspects(now, OLD)


def test_file_changed_within_the_scans_granularity_is_suspect() -> None:
    assert suspects(OLD, OLD, scanned_ns=OLD.changed_ns + 10_000_000)
    assert suspects(OLD, OLD, scanned_ns=OLD.changed_ns - 3 * SECOND_NS)
    assert not suspects(OLD, OLD, scanned_ns=OLD.changed_ns + 30_000_000)


def test_whole_second_times_get_the_granularity_of_coarse_file_systems() -> None:
    coarse = Fingerprint(10, 1_000 * SECOND_NS, 7)
    assert suspects(coarse, coarse, scanned_ns=1_001 * SECOND_NS)
    assert not suspects(coarse, coarse, scanned_ns=1_003 * SECOND_NS)
