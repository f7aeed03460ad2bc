"""One subtree compared with what is known of it."""

from __future__ import annotations

import os
import time
from pathlib import Path

from remora_hub.discovery.compare import Known
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk
from remora_hub.watch.reconcile import reconcile


def test_only_what_lies_below_the_directory_is_compared(tmp_path: Path) -> None:
    for path in ("a/x.py", "a/y.py", "ab/z.py"):
        (tmp_path / path).parent.mkdir(exist_ok=True)
        (tmp_path / path).touch()
        os.utime(tmp_path / path, ns=(1, 1_000_000_001))
    rules = SourceRules(tmp_path)
    known = {
        path: Known(seen, "digest", time.time_ns()) for path, seen in walk(tmp_path, rules).files.items()
    }
    (tmp_path / "a/x.py").unlink()
    (tmp_path / "ab/z.py").unlink()
    (tmp_path / "a/y.py").write_text("changed")
    (tmp_path / "a/loop.py").symlink_to("loop.py")
    result = reconcile(tmp_path, rules, known, "a")
    assert result.difference.suspects == ["a/y.py"]
    assert result.difference.removed == ["a/x.py"]
    assert list(result.walk.directories) == ["a"]
    assert list(result.walk.omitted) == ["a/loop.py"]
    assert sorted(reconcile(tmp_path, rules, known).difference.removed) == ["a/x.py", "ab/z.py"]
