"""``remora-hub status``: how the hub and its index stand."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import Any

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import NotRunningError


@click.command()
@click.option("--omitted", is_flag=True, help="List the files that are not indexed, and why.")
@finds_root
def status(options: CommonOptions, omitted: bool) -> None:
    """Show how the hub and its index stand. Exit code 69 if no hub is running."""
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            found = client.call("hub/status")
            if omitted:
                found["omitted_files"] = _omitted(client, found.get("omitted", {}))
    except NotRunningError as error:
        if options.as_json:
            print_json({"state": "not running", "root": str(paths.root)})
            sys.exit(error.exit_code)
        raise
    if options.as_json:
        print_json(found)
    else:
        _print(found)
        for file in found.get("omitted_files", ()):
            print_line(f"  {file['status']:9} {file['path']}: {file['detail']}")


def _omitted(client: BlockingClient, statuses: Iterable[str]) -> list[dict[str, Any]]:
    """The files of all statuses but ``indexed``, by status and path."""
    files: list[dict[str, Any]] = []
    for status in sorted(statuses):
        page: dict[str, Any] = {"files": [], "more": True}
        while page["more"]:
            after = page["files"][-1]["path"] if page["files"] else ""
            page = client.call("hub/files", {"status": status, "after": after})
            files += page["files"]
    return files


def _print(found: dict[str, Any]) -> None:
    print_line(f"{found['state']}: {found['root']} (process {found['pid']}, version {found['version']})")
    if "files" not in found:
        return
    omitted = ", ".join(f"{count} {status}" for status, count in found["omitted"].items())
    print_line(f"  files     {found['files']}" + (f" (not indexed: {omitted})" if omitted else ""))
    print_line(f"  nodes     {found['nodes']}")
    print_line(f"  sequence  {found['sequence']}, {found['pending']} files pending")
    cold = found["cold_start"]
    if not cold["finished"]:
        print_line(
            f"  indexing  {cold['done']} done, {cold['remaining']} remaining, {cold['failed']} failed,"
            f" {cold['rate_per_s']:.0f} files/s"
        )
    queue, watch = found["queue"], found["watch"]
    print_line(f"  queue     {queue['depth']} waiting, at most {queue['high_water']} so far")
    for path in queue["suspects"]:
        print_line(f"  slow      {path} takes the parser long; it waits apart")
    about = f": {watch['detail']}" if watch["detail"] else ""
    print_line(f"  watch     {watch['state']}, {watch['directories']} directories{about}")
    print_line(f"  clients   {found['clients']}")
    for task, follower in found["enrich"].items():
        trouble = f": {follower['problem']}; {follower['remedy']}" if follower["problem"] else ""
        print_line(f"  enrich    {task} {follower['state']}, {follower['done']} done{trouble}")
    for problem in found["problems"]:
        print_line(f"  problem   {problem['part']}: {problem['problem']}; {problem['remedy']}")
