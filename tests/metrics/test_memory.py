from __future__ import annotations

import subprocess
import sys

from remora_hub.metrics.memory import hub_memory


def test_memory_is_counted_for_the_daemon_and_for_lanes_that_still_live() -> None:
    program = "import sys; data = bytes(range(256)) * 40_000; print(flush=True); sys.stdin.read()"
    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as lane:
        assert lane.stdout is not None
        lane.stdout.readline()
        found = hub_memory([lane.pid, 2**22 + 1])
        lane.communicate()
    assert found["lanes"].rss > 10_000_000
    assert 0 < found["lanes"].pss <= found["lanes"].rss
    assert found["daemon"].rss > 10_000_000
    assert hub_memory([])["lanes"].pss == 0
