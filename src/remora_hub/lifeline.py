"""A child process that ends with its parent, however that ends. Imports next to nothing: bind first, then import."""

from __future__ import annotations

import os
import signal
import sys

_PR_SET_PDEATHSIG = 1  # prctl(2)


def die_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent, of that process id, has ended."""
    import ctypes  # nothing that the parent, which knows this module, needs

    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it died before the call
        sys.exit(1)
