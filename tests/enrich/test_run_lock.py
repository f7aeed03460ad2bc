"""One run of a task at a time, whoever makes it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from remora_hub.enrich.run_lock import RunUnderWayError, run_lock

_HOLD = """
import sys
from pathlib import Path
from remora_hub.enrich.run_lock import run_lock
with run_lock(Path(sys.argv[1]), "embed"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_another_process_holds_a_task_until_it_is_killed(tmp_path: Path) -> None:
    database = tmp_path / "enrich.db"
    command = [sys.executable, "-c", _HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(RunUnderWayError, match="another process"), run_lock(database, "embed"):
            pass
        with run_lock(database, "summaries"):
            pass
        other.kill()
    with run_lock(database, "embed"):
        pass
