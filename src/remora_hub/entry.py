"""The entry point: an editor's proxy and the hub start at once, everything else through the command line."""

from __future__ import annotations

import gc
import os
import signal
import sys

from remora_hub.lsp_proxy.hub_fork import HubFork, close_inherited


def main() -> None:
    """Never returns."""
    if None in (sys.stdin, sys.stdout, sys.stderr):
        _open_standard_streams()
    try:
        _run_command()
    except HubFork as fork:
        sys.argv = ["remora-hub", *fork.arguments]
    close_inherited()
    _run_command()


def _run_command() -> None:
    """Never returns. Raises HubFork in a process that is to become the hub: another command."""
    if sys.argv[1:2] in (["lsp"], ["--stdio"]):
        from remora_hub.lsp_proxy import command

        code = command.simple_command(sys.argv[1:])
        if code is not None:
            sys.exit(code)
    from remora_hub import quick_msgspec  # noqa: F401

    if sys.argv[1:2] == ["run"]:
        gc.disable()  # hundreds of modules, and all of them last; ``event_loop`` enables it
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP})  # until ``daemon.process`` handles it
        from remora_hub.cli import run_hub

        code = run_hub.simple_command(sys.argv[2:])
        if code is not None:
            sys.exit(code)
    from remora_hub.cli.main import main as command_line

    command_line()


def _open_standard_streams() -> None:
    """Put /dev/null where a standard stream is closed (``<&-``): the next file to be opened would have its number.

    Then the index would be read as input, or a log line written into it; libuv aborts for less.
    """
    while (descriptor := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(descriptor, True)
    os.close(descriptor)
    sys.stdin = sys.stdin or os.fdopen(0)
    sys.stdout = sys.stdout or os.fdopen(1, "w")
    sys.stderr = sys.stderr or os.fdopen(2, "w", errors="backslashreplace")
