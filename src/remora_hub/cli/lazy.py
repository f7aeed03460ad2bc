"""Commands that are imported when they are run: listing them imports none."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import rich_click as click


class LazyCommand(click.RichCommand):
    """Stands for a command in the group's help; becomes the real one when it is run."""

    def __init__(self, name: str, target: str, help_line: str) -> None:
        super().__init__(name=name, help=help_line)
        self._target = target

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """The context of the real command."""
        module, _, attribute = self._target.partition(":")
        command: click.Command = getattr(import_module(module), attribute)
        return command.make_context(info_name, args, parent, **extra)


def add_commands(group: click.RichGroup, commands: Mapping[str, tuple[str, str]]) -> None:
    """Add commands by name: where the click command is (``module:attribute``), and one line of help."""
    for name, (target, help_line) in commands.items():
        group.add_command(LazyCommand(name, target, help_line))
