"""The entry point: an editor's proxy starts at once, everything else through the command line."""

from __future__ import annotations

import sys


def main() -> None:
    """Never returns."""
    if sys.argv[1:2] in (["lsp"], ["--stdio"]):
        from remora_hub.lsp_proxy.command import simple_command

        code = simple_command(sys.argv[1:])
        if code is not None:
            sys.exit(code)
    from remora_hub.cli.main import main as command_line

    command_line()
