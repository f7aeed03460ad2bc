"""The first moments of a parse lane: bound to its parent's life before it imports what it parses with.

The imports take most of its start; a hub that is killed meanwhile would leave it behind for as long as they take.
"""

from __future__ import annotations

import sys

from remora_hub.lifeline import die_with_parent


def main() -> None:
    """Become a lane. ``argv[1]`` is the parent's process id."""
    die_with_parent(int(sys.argv[1]))
    from remora_hub import quick_msgspec  # noqa: F401
    from remora_hub.pipeline import lane_main

    lane_main.main()
