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


def simple_command(arguments: Sequence[str]) -> int | None:
    """Serve an editor as ``remora-hub lsp`` or ``remora-hub --stdio``; the exit code once it is gone.

    None where the arguments hold more than that: the command line knows what they mean. Raises HubFork in a process
    that is to become the hub.
    """
    if list(arguments) in (["lsp"], ["lsp", "--stdio"], ["--stdio"]):
        return serve()
    return None


def serve(root: Path | None = None, state_dir: Path | None = None, daemon_options: Sequence[str] = ()) -> int:
    """Pump between standard input and output and the daemon, which is started with ``daemon_options`` if need be.

    Raises HubFork in a process that is to become the hub.
    """
    launcher = DaemonLauncher(daemon_options, may_fork=_has_no_modules_of_the_editor())
    return Proxy(lambda folder: find_places(folder, root, state_dir), launcher, say).run()


def _has_no_modules_of_the_editor() -> bool:
    """Whether nothing can have been imported from the current directory, where ``python -m`` looks first."""
    return bool(sys.flags.safe_path) or os.path.basename(sys.argv[0]) != "__main__.py"


def say(text: str) -> None:
    """A line on standard error, where editors keep a server's log."""
    line = f"remora-hub: {text}\n".encode("utf-8", "backslashreplace")
    try:
        os.write(sys.stderr.fileno(), line)
    except OSError:
        return  # nobody reads it
