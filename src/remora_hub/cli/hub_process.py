"""A process that becomes the hub: what must be seen to before all that is imported for it."""

from __future__ import annotations

import gc
import signal

TYPE_CHECKING = False  # see ``lsp_proxy.hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence


def become_hub(arguments: Sequence[str]) -> int | None:
    """As ``run_hub.simple_command``."""
    gc.disable()  # hundreds of modules, and all of them last; ``event_loop`` enables it
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until ``daemon.process`` handles it
    from remora_hub.cli.run_hub import simple_command

    return simple_command(arguments)
