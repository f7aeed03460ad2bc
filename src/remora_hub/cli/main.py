"""``remora-hub``: the group of all commands, and the boundary where an error becomes a line and an exit code."""

from __future__ import annotations

from typing import Any

import rich_click as click

from remora_hub.cli.lazy import add_commands
from remora_hub.cli.options import wants_json
from remora_hub.errors import HubError

# Name: (where its click command is, one line of help). The help stands here so that listing the commands imports none.
COMMANDS = {
    "run": ("remora_hub.cli.run:run", "Run the hub in the foreground."),
    "start": ("remora_hub.cli.start:start", "Start the hub in the background."),
    "stop": ("remora_hub.cli.stop:stop", "Stop the running hub."),
    "reload": ("remora_hub.cli.reload:reload", "Have the hub read its configuration again."),
    "restart": ("remora_hub.cli.restart:restart", "Stop the hub and start it again."),
    "service": ("remora_hub.cli.service:service", "Run the hub as a systemd service."),
    "lsp": ("remora_hub.cli.lsp:lsp", "Serve an editor: the language server."),
    "status": ("remora_hub.cli.status:status", "Show how the hub and its index stand."),
    "top": ("remora_hub.cli.top:top", "Watch what the hub is doing."),
    "index": ("remora_hub.cli.index:index", "Bring the index up to date once, without a daemon."),
    "symbols": ("remora_hub.cli.symbols:symbols", "Find symbols by name."),
    "search": ("remora_hub.cli.search:search", "Find code by what it does: by meaning, names and text."),
    "outline": ("remora_hub.cli.outline:outline", "List the definitions in a file."),
    "node": ("remora_hub.cli.node:node", "Show all that is known of one definition."),
    "definition": ("remora_hub.cli.definition:definition", "Show where a name is defined."),
    "references": ("remora_hub.cli.references:references", "List where a symbol is mentioned."),
    "hover": ("remora_hub.cli.hover:hover", "Show the declaration and documentation of a name."),
    "callers": ("remora_hub.cli.callers:callers", "List who calls it."),
    "callees": ("remora_hub.cli.callees:callees", "List whom it calls."),
    "hierarchy": (
        "remora_hub.cli.hierarchy:hierarchy",
        "List bases and subclasses, or overridden and overriding methods.",
    ),
    "importers": ("remora_hub.cli.importers:importers", "List who imports a module."),
    "tests": ("remora_hub.cli.tests:tests", "List the tests of a symbol."),
    "exercised": ("remora_hub.cli.exercised:exercised", "List what a test exercises."),
    "report": ("remora_hub.cli.report:report", "List unused candidates, or the most called symbols."),
    "context": ("remora_hub.cli.context:context", "Show symbols with source, callees, callers and tests."),
    "changes": ("remora_hub.cli.changes:changes", "List what changed since a sequence number."),
    "sync": ("remora_hub.cli.sync:sync", "Wait until the index equals the disk."),
    "export": ("remora_hub.cli.export:export", "Print every record, sorted by key."),
    "snapshot": ("remora_hub.cli.snapshot:snapshot", "Write a consistent copy that AgentFS clients open."),
    "enrich": ("remora_hub.cli.enrich:enrich", "Have models work on the index: embeddings, history of runs."),
    "config": ("remora_hub.cli.config:config", "Show the configuration."),
    "doctor": ("remora_hub.cli.doctor:doctor", "Check this machine and project for what the hub needs."),
    "completion": ("remora_hub.cli.completion:completion", "Print the completion script for a shell."),
}

EXIT_CODES = """Exit codes: 0 success; 1 failure; 2 wrong usage; 64 something named does not exist; 66 no project root;
69 no hub is running; 74 the index cannot be read or written; 75 try again later (another hub is running, or time ran
out); 78 wrong configuration; 130 interrupted."""


class HubGroup(click.RichGroup):
    """All commands. An error raised on purpose becomes one line on standard error, or JSON on standard output."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of use, not of the alphabet."""
        return list(self.commands)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; its errors become exit codes."""
        try:
            return super().invoke(ctx)
        except HubError as error:
            # Printing imports msgspec and rich: only where something is printed.
            from remora_hub.cli.output import print_error

            print_error(error, as_json=wants_json(ctx))
            ctx.exit(error.exit_code)
        except KeyboardInterrupt:
            ctx.exit(130)  # 128 + SIGINT, as shells report it


@click.group(
    "remora-hub", cls=HubGroup, epilog=EXIT_CODES, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.version_option(package_name="remora-hub", message="%(prog)s %(version)s")
def cli() -> None:
    """Keep a live index of a project's Python code and answer questions about it.

    Commands find the project by walking up from the current directory, or by --root.
    """


add_commands(cli, COMMANDS)


def main() -> None:
    """The entry point; never returns."""
    cli.main(prog_name="remora-hub")
