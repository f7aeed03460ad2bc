"""What commands print: JSON for programs, tables and lines for people, errors for both.

Whatever a person is shown goes through ``printable``: names and source can hold terminal escapes.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from pathlib import PurePath

import click
import msgspec

from remora_hub.cli.error_text import error_text
from remora_hub.errors import HubError
from remora_hub.terminal import printable

_UNBOUNDED_WIDTH = 100_000  # no terminal, no wrapping


def to_json(value: object) -> bytes:
    r"""``value`` (built-in types, structs, dataclasses, paths) as one line of JSON.

    A name that is not UTF-8 keeps its bytes as lone surrogates (``\udcff``), as Python's ``json`` does.
    """
    try:
        return msgspec.json.encode(value, enc_hook=_path_as_text)
    except UnicodeEncodeError:
        return json.dumps(msgspec.to_builtins(value, enc_hook=_path_as_text), separators=(",", ":")).encode()


def print_json(value: object) -> None:
    """One line of JSON on standard output."""
    click.echo(to_json(value))


def print_line(text: str) -> None:
    """One line for a person on standard output."""
    click.echo(printable(text))


def print_table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Aligned columns under their names; long cells are folded on a terminal and left whole elsewhere."""
    from rich.console import Console  # 40 ms, for people only
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(printable(str(cell))) for cell in row))
    console = Console(file=sys.stdout, width=None if sys.stdout.isatty() else _UNBOUNDED_WIDTH)
    with console.capture() as rendered:
        console.print(table)
    click.echo("\n".join(line.rstrip() for line in rendered.get().splitlines()))


def print_error(error: HubError, *, as_json: bool) -> None:
    """``remora-hub: <sentence>`` on standard error, or ``{"error": {...}}`` on standard output."""
    if not as_json:
        click.echo(error_text(error), err=True)
        return
    print_json(
        {
            "error": {
                "type": type(error).__name__,
                "message": str(error),
                "operation": error.operation,
                "subject": error.subject,
                "reason": error.reason,
                "hint": error.hint,
                "recoverable": error.recoverable,
                "exit_code": error.exit_code,
                "degraded": error.degraded,
            }
        }
    )


def _path_as_text(value: object) -> str:
    if isinstance(value, PurePath):
        return str(value)
    raise NotImplementedError(f"{type(value).__name__} has no JSON form")
