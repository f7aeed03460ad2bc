"""``remora-hub enrich``: the group of commands that have models work on the index."""

from __future__ import annotations

import rich_click as click

from remora_hub.cli.lazy import add_commands

# As in ``main``: the help stands here so that listing the commands imports none.
COMMANDS = {
    "summarize": ("remora_hub.cli.enrich_summarize:summarize", "Have a chat model summarize definitions."),
    "embed": ("remora_hub.cli.enrich_embed:embed", "Embed what is new or changed, for search by meaning."),
    "history": ("remora_hub.cli.enrich_history:history", "List the runs that were made."),
}


@click.group()
def enrich() -> None:
    """Have models work on the index, and see what they did."""


add_commands(enrich, COMMANDS)
