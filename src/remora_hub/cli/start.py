"""``remora-hub start``: the hub in the background."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import rich_click as click

from remora_hub.cli.options import CommonOptions, takes_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import AlreadyRunningError, HubError, NotRunningError
from remora_hub.paths import StatePaths

LOG_FILE = "hub.log"
_STEP_S = 0.2
_ERROR_PREFIX = "remora-hub: "


@click.command()
@takes_root
def start(options: CommonOptions) -> None:
    """Start the hub on DIR in the background and wait until it answers."""
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            raise AlreadyRunningError(str(paths.root), client.call("hub/status")["pid"])
    except NotRunningError:
        pass
    status = start_daemon(options, paths)
    if options.as_json:
        print_json({"pid": status["pid"], "socket": status["socket"]})
    else:
        print_line(
            f"The hub of {paths.root} runs as process {status['pid']}; its log is {paths.state_dir / LOG_FILE}"
        )


def start_daemon(options: CommonOptions, paths: StatePaths) -> dict[str, object]:
    """Start ``remora-hub run`` detached; its status once it answers. Raises HubError with its last words if it ends."""
    timeout_s = options.load_config().config.client.start_timeout_s
    paths.prepare()
    command = [sys.executable, "-P", "-m", "remora_hub", "run", str(paths.root), *_passed_on(options)]
    log_path = paths.state_dir / LOG_FILE
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
    with open(log_path, "ab", opener=lambda path, _: os.open(path, flags, 0o600)) as log:
        begins_at = log.tell()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, cwd="/"
        )
    deadline = time.monotonic() + timeout_s
    while True:
        # Asked before the socket is: a daemon that lost the race against another has ended once that one answers.
        has_ended = process.poll() is not None
        try:
            with BlockingClient.wait_for(paths, _STEP_S) as client:
                status: dict[str, object] = client.call("hub/status", timeout_s=timeout_s)
                return status
        except NotRunningError:
            if has_ended:
                raise _ended(paths, process.returncode, _last_words(log_path, begins_at)) from None
            if time.monotonic() >= deadline:
                reason = f"it does not answer after {timeout_s:g} s"
                raise HubError("start the hub on", str(paths.root), reason, f"see {log_path}") from None


def _last_words(log_path: Path, begins_at: int) -> str:
    """The last line behind ``begins_at`` that is an error of the hub's, else the last one."""
    with open(log_path, "rb") as written:
        written.seek(begins_at)
        lines = written.read().decode(errors="replace").strip().splitlines()
    errors = [line.removeprefix(_ERROR_PREFIX) for line in lines if line.startswith(_ERROR_PREFIX)]
    return (errors or lines or ["it ended at once"])[-1]


def _ended(paths: StatePaths, code: int, last_words: str) -> HubError:
    error = HubError("start the hub on", str(paths.root), last_words)
    error.exit_code = code if code > 0 else 1
    return error


def _passed_on(options: CommonOptions) -> list[str]:
    """The options of this command that the daemon must be given, too."""
    passed = [] if options.state_dir is None else ["--state-dir", str(options.state_dir.resolve())]
    passed += ["--verbose"] if options.verbose else []
    for key, value in options.overrides.items():
        passed += ["--set", f"{key}={value}"]
    return passed
