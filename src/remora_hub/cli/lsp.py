"""``remora-hub lsp``: the language server on standard input and output."""

from __future__ import annotations

import sys

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.lsp_proxy.command import serve


@click.command()
@click.option("--stdio", is_flag=True, help="Speak on standard input and output; there is no other way.")
@click.option(
    "--no-daemon", is_flag=True, help="Start no daemon: the hub lives in this process and ends with it."
)
@finds_root
def lsp(options: CommonOptions, stdio: bool, no_daemon: bool) -> None:  # noqa: ARG001 - editors pass --stdio
    """Serve an editor. Starts the daemon of the editor's root if none runs, and leaves it running.

    The root is found from the folder the editor opens, or named with --root. With --no-daemon the hub ends with the
    editor; as long as it lives, other clients of the root find it. Where a daemon runs already, that one is used.
    """
    if no_daemon:
        from remora_hub.cli.lsp_alone import serve_alone

        sys.exit(serve_alone(options))
    passed_on = ["--verbose"] if options.verbose else []
    for key, value in options.overrides.items():
        passed_on += ["--set", f"{key}={value}"]
    sys.exit(serve(options.directory, options.state_dir, passed_on))
