"""``remora-hub index``: bring the index up to date once."""

from __future__ import annotations

import time
from typing import Any

import rich_click as click

from remora_hub.cli.options import CommonOptions, takes_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError
from remora_hub.paths import StatePaths


@click.command()
@takes_root
def index(options: CommonOptions) -> None:
    """Bring the index of DIR up to date once, without a daemon; a running one is asked to do it."""
    started = time.monotonic()
    paths = options.paths()
    try:
        counts = _through_daemon(paths)
    except NotRunningError:
        counts = _by_itself(options, paths)
    counts["seconds"] = round(time.monotonic() - started, 3)
    if options.as_json:
        print_json(counts)
        return
    print_line(
        f"{counts['files']} files, {counts['nodes']} nodes: {counts['indexed']} indexed,"
        f" {counts['unchanged']} unchanged, {counts['removed']} removed, {counts['failed']} failed"
        f" in {counts['seconds']:.2f} s"
    )


def _through_daemon(paths: StatePaths) -> dict[str, Any]:
    with BlockingClient.connect(paths) as client:
        before = client.call("hub/status")
        client.call("hub/sync")
        after = client.call("hub/status")
    indexed = after["lanes"]["extracted"] - before.get("lanes", {}).get("extracted", 0)
    return {
        "files": after["files"],
        "indexed": indexed,
        "unchanged": max(0, after["files"] - indexed),
        "removed": max(0, before.get("files", 0) - after["files"]),
        "failed": sum(after["omitted"].values()),
        "nodes": after["nodes"],
    }


def _by_itself(options: CommonOptions, paths: StatePaths) -> dict[str, Any]:
    config = options.load_config().config
    from remora_hub.cli.progress import ProgressReport
    from remora_hub.cli.run import run_loop
    from remora_hub.daemon.one_shot import fresh_store
    from remora_hub.logs import configure_logs

    configure_logs(config.logs.level, config.logs.format)
    counts: dict[str, Any] = {}

    async def main() -> None:
        with ProgressReport(config.index.progress) as report:
            async with fresh_store(paths, config, report.follow) as (store, progress):
                stats = await store.stats()
        counts.update(
            files=progress.total,
            indexed=progress.indexed,
            unchanged=progress.unchanged,
            removed=progress.removed,
            failed=progress.failed,
            nodes=stats.nodes,
        )

    run_loop(main)
    return counts
