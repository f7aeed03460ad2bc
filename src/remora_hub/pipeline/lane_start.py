"""The first moments of a parse lane: bound to its parent's life before it imports what it parses with.

The imports take most of its start; a hub that is killed meanwhile would leave it behind for as long as they take.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def main() -> None:
    """Become a lane. ``argv[1]`` is the parent's process id."""
    _die_with_parent(int(sys.argv[1]))
    from remora_hub.pipeline import lane_main

    lane_main.main()


def _die_with_parent(parent: int) -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)
