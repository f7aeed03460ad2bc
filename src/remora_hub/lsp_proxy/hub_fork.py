"""A fork of an editor's proxy that is to become the hub, by way of the entry point."""

from __future__ import annotations

import os
from contextlib import suppress

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence

_DESCRIPTORS = "/proc/self/fd"
_MOST_DESCRIPTORS = 4096  # looked at where the kernel does not say which are open


class HubFork(BaseException):
    """Unwinds what the proxy was about. ``arguments`` are those of ``remora-hub``, from the command on."""

    def __init__(self, arguments: Sequence[str]) -> None:
        super().__init__(*arguments)
        self.arguments = list(arguments)


def close_inherited() -> None:
    """Close all descriptors but the standard ones: an editor may have left some open that nobody else should hold."""
    try:
        numbers = [int(name) for name in os.listdir(_DESCRIPTORS)]
    except OSError:
        numbers = list(range(_MOST_DESCRIPTORS))
    for number in numbers:
        if number > 2:
            with suppress(OSError):  # it was open only to list the others
                os.close(number)
