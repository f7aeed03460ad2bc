"""``remora-hub top``: what the hub is doing, now and again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.top_view import Row, Snapshot, rows
from remora_hub.client.blocking import BlockingClient
from remora_hub.terminal import printable

if TYPE_CHECKING:
    from rich.table import Table


@click.command()
@click.option("--once", is_flag=True, help="Print it once, averaged since the start, and end.")
@click.option(
    "--interval", "interval_s", type=click.FloatRange(0.1, 3600), default=1.0, show_default=True,
    metavar="SECONDS", help="Time between two looks.",
)  # fmt: skip
@finds_root
def top(options: CommonOptions, once: bool, interval_s: float) -> None:
    """Watch queue, workers, parsing, commits, requests, errors, memory; end with Ctrl-C.

    Exit code 69 if no hub is running. With --json one line for each look: status and metrics as the hub counts them.
    """
    with BlockingClient.connect(options.paths()) as client:
        looks = _looks(client, interval_s)
        with suppress(KeyboardInterrupt):
            if options.as_json:
                _print(looks, once=once)
            elif once:
                _write(rows(next(looks)))
            else:
                _show(looks)


def _looks(client: BlockingClient, interval_s: float) -> Iterator[Snapshot]:
    while True:
        metrics = client.call("hub/metrics")["metrics"]
        yield Snapshot(client.call("hub/status"), metrics, time.monotonic())
        time.sleep(interval_s)  # the view is renewed so often


def _print(looks: Iterator[Snapshot], *, once: bool) -> None:
    for look in looks:
        print_json({"status": look.status, "metrics": look.metrics})
        if once:
            return


def _show(looks: Iterator[Snapshot]) -> None:
    """On the whole terminal, left as it was; one below the other where it cannot be written anew."""
    from rich.console import Console  # 50 ms, for people only
    from rich.live import Live

    console = Console()
    before = next(looks)
    if not console.is_terminal or console.is_dumb_terminal:
        _write(rows(before))
        for now in looks:
            print_line("")
            _write(rows(now, before))
            before = now
    with Live(_grid(rows(before)), console=console, screen=True, auto_refresh=False) as live:
        for now in looks:
            live.update(_grid(rows(now, before)), refresh=True)
            before = now


def _write(lines: list[Row]) -> None:
    for name, text in lines:
        print_line(f"{name:9} {text}".rstrip())


def _grid(lines: list[Row]) -> Table:
    from rich.table import Table
    from rich.text import Text

    grid = Table.grid(padding=(0, 2))
    for name, text in lines:
        style = "bold red" if name == "problem" else ""
        grid.add_row(Text(name, style="bold"), Text(printable(text), style=style, overflow="fold"))
    return grid
