"""``remora-hub enrich embed``: embed what is new or changed, for search by meaning."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING

import msgspec
import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError

if TYPE_CHECKING:
    from remora_hub.config import HubConfig
    from remora_hub.enrich.embed.embed_nodes import Embedded
    from remora_hub.paths import StatePaths


@click.command()
@click.option("--redo", is_flag=True, help="Embed again what is embedded already.")
@click.option(
    "--skip", default=0, type=click.IntRange(min=0), metavar="N", help="Leave out the first N nodes."
)
@finds_root
def embed(options: CommonOptions, redo: bool, skip: int) -> None:
    """Embed the modules, classes and functions of the index that are new or changed, for search by meaning.

    By the embedded model, or by the endpoint that enrich.embed.base_url names. Prints a report; exit code 1 where some
    could not be embedded: run it again.
    """
    done = asyncio.run(_embed(options, redo=redo, skip=skip))
    if options.as_json:
        print_json({**msgspec.to_builtins(done.report), "moved": done.moved, "removed": done.removed,
                    "failures": done.failures})  # fmt: skip
    else:
        for line in done.report.to_text().splitlines():
            print_line(line)
        print_line(f"{'index':<16}{done.moved} moved, {done.removed} removed")
        for reason in done.failures:
            print_line(f"{'failed':<16}{reason}")
    if done.report.failed:
        sys.exit(1)


async def _embed(options: CommonOptions, *, redo: bool, skip: int) -> Embedded:
    paths = options.paths()
    config = options.load_config().config
    from contextlib import AsyncExitStack

    from remora_hub.enrich import Options
    from remora_hub.enrich.database import EnrichDatabase
    from remora_hub.enrich.embed.embed_nodes import TASK, embed_nodes
    from remora_hub.enrich.embed.model import model_for
    from remora_hub.enrich.run_lock import run_lock
    from remora_hub.logs import configure_logs
    from remora_hub.store.reader import Reader

    configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
    async with AsyncExitStack() as stack:
        model = model_for(config.enrich.embed)
        stack.push_async_callback(model.close)
        await _bring_index_up_to_date(paths, config)
        stack.enter_context(run_lock(paths.enrich_database, TASK))  # two at once would pay twice
        database = stack.enter_context(EnrichDatabase(paths.enrich_database))
        reader = Reader(paths.database)
        stack.callback(reader.close)
        return await embed_nodes(
            reader, database, model, options=Options(redo=redo, skip=skip), progress_name="embed"
        )


async def _bring_index_up_to_date(paths: StatePaths, config: HubConfig) -> None:
    """By the daemon, or here where none runs."""
    try:
        with BlockingClient.connect(paths) as client:
            await asyncio.to_thread(client.call, "hub/sync")
    except NotRunningError:
        from remora_hub.cli.progress import ProgressReport
        from remora_hub.daemon.one_shot import fresh_store

        with ProgressReport(config.index.progress) as report:
            async with fresh_store(paths, config, report.follow):
                pass
