"""``remora-hub lsp`` without the command line's machinery: its import would take longer than the answer."""

from __future__ import annotations

import os
import sys

from remora_hub.lsp_proxy.hub_link import find_places
from remora_hub.lsp_proxy.launcher import DaemonLauncher
from remora_hub.lsp_proxy.proxy import Proxy

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from remora_hub.lsp_proxy.guardian import RunHub


def simple_command(arguments: Sequence[str], run_hub: RunHub) -> int | None:
    """Serve an editor as ``remora-hub lsp`` or ``remora-hub --stdio``; the exit code once it is gone.

    None where the arguments hold more than that: the command line knows what they mean.
    """
    if list(arguments) in (["lsp"], ["lsp", "--stdio"], ["--stdio"]):
        return serve(run_hub)
    return None


def serve(
    run_hub: RunHub,
    root: Path | None = None,
    state_dir: Path | None = None,
    daemon_options: Sequence[str] = (),
) -> int:
    """Pump between standard input and output and the daemon.

    If need be that is started, in a process of its own: ``run_hub`` with ``daemon_options``.
    """
    launcher = DaemonLauncher(run_hub, daemon_options)
    return Proxy(lambda folder: find_places(folder, root, state_dir), launcher, say).run()


def say(text: str) -> None:
    """A line on standard error, where editors keep a server's log."""
    line = f"remora-hub: {text}\n".encode("utf-8", "backslashreplace")
    try:
        os.write(sys.stderr.fileno(), line)
    except OSError:
        return  # nobody reads it
