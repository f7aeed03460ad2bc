"""``remora-hub index``: bring the index up to date once."""

from __future__ import annotations

import time
from typing import Any

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import takes_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError, SyncTimeoutError
from remora_hub.paths import StatePaths

_STEP_S = 10.0


@click.command()
@takes_root
def index(options: CommonOptions) -> None:
    """Bring the index of DIR up to date once, without a daemon; a running one is asked to do it.

    Prints the files of DIR: indexed by this run, unchanged, failed (they have another status than indexed; a hub lists
    them: status --omitted), those removed from the index, and how many nodes it holds.
    """
    started = time.monotonic()
    counts = bring_up_to_date(options)
    counts["seconds"] = round(time.monotonic() - started, 3)
    if options.as_json:
        print_json(counts)
        return
    print_line(
        f"{counts['files']} files, {counts['nodes']} nodes: {counts['indexed']} indexed,"
        f" {counts['unchanged']} unchanged, {counts['removed']} removed, {counts['failed']} failed"
        f" in {counts['seconds']:.2f} s"
    )


def bring_up_to_date(options: CommonOptions) -> dict[str, Any]:
    """Have the index equal the disk; what was done for it. Raises as the daemon, or ``fresh_store``, does."""
    paths = options.paths()
    try:
        return _through_daemon(paths)
    except NotRunningError:
        return _by_itself(options, paths)


def _through_daemon(paths: StatePaths) -> dict[str, Any]:
    """Wait for the daemon as long as it gets on; its counts of what it did since. Raises SyncTimeoutError."""
    with BlockingClient.connect(paths) as client:
        before = client.call("hub/changes", {"since": 0, "limit": 1})
        reached = before["sequence"], before["pending"]
        while True:
            try:
                client.call("hub/sync", {"timeout_s": _STEP_S})
                break
            except SyncTimeoutError:
                now = client.call("hub/changes", {"since": 0, "limit": 1})
                if (now["sequence"], now["pending"]) == reached:
                    raise
                reached = now["sequence"], now["pending"]
        answer = client.call("hub/counts", {"since": before["sequence"], "index_id": before["index_id"]})
    counts: dict[str, Any] = answer["counts"]
    return counts


def _by_itself(options: CommonOptions, paths: StatePaths) -> dict[str, Any]:
    config = options.load_config().config
    import msgspec

    from remora_hub.cli.progress import ProgressReport
    from remora_hub.daemon.event_loop import run_loop
    from remora_hub.daemon.one_shot import fresh_store
    from remora_hub.logs import configure_logs
    from remora_hub.query.run_counts import run_counts

    configure_logs(config.logs.level, config.logs.format)
    counts: dict[str, Any] = {}

    async def main() -> None:
        with ProgressReport(config.index.progress) as report:
            async with fresh_store(paths, config, report.follow) as (store, progress):
                stats = await store.stats()
        found = run_counts(stats, indexed=progress.indexed, removed=progress.removed)
        counts.update(msgspec.to_builtins(found))

    run_loop(main)
    return counts
