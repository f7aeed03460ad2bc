"""``remora-hub completion SHELL``: the script that teaches a shell the commands and options."""

from __future__ import annotations

import rich_click as click
from click.shell_completion import get_completion_class

from remora_hub.errors import UsageError

PROGRAM = "remora-hub"
VARIABLE = "_REMORA_HUB_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for a shell.

    bash: eval "$(remora-hub completion bash)" in ~/.bashrc. zsh: the same with zsh in ~/.zshrc. fish: remora-hub
    completion fish > ~/.config/fish/completions/remora-hub.fish
    """
    script = get_completion_class(shell)
    if script is None:
        raise UsageError("complete commands in", shell, "click does not know this shell")
    click.echo(script(ctx.find_root().command, {}, PROGRAM, VARIABLE).source())
