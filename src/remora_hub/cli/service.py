"""``remora-hub service``: the hub under systemd, for people who do not want to know its units."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import rich_click as click

from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import takes_root
from remora_hub.cli.output import print_json, print_line
from remora_hub.cli.service_units import Network, Plan, Service, may_make_namespaces, systemd_version
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import AlreadyRunningError, HubError, NotRunningError, UsageError

_PROPERTIES = (
    "LoadState",
    "ActiveState",
    "SubState",
    "UnitFileState",
    "Result",
    "MainPID",
    "NRestarts",
    "StatusText",
)
_system = click.option(
    "--system", "is_system", is_flag=True, help="A service of the system, not of this user."
)
_dry_run = click.option("--dry-run", is_flag=True, help="Show what would be done, and do nothing.")


@click.group()
def service() -> None:
    """Run the hub of a project as a systemd service: started at login, or by its first client, and watched over."""


@service.command()
@_system
@click.option("--user", metavar="NAME", help="With --system: whose hub it is; default: the owner of DIR.")
@click.option(
    "--network",
    type=click.Choice(["none", "loopback", "any"]),
    help="What the hub may reach; default: loopback where http.port is set, else none.",
)
@_dry_run
@takes_root
def install(
    options: CommonOptions, is_system: bool, user: str | None, network: Network | None, dry_run: bool
) -> None:
    """Install, enable and start the service of DIR. Again, to change what it may."""
    found = _service(options, is_system, user)
    version = systemd_version()
    if not dry_run:
        _require_manager(found)
        _refuse_running(found)
        if not is_system:
            found.paths.prepare()
            found.paths.prepare_socket_directory()
    has_namespaces = may_make_namespaces()
    network = network or ("loopback" if options.load_config().config.http.port else "none")
    try:
        _carry_out(found.install(version, has_namespaces=has_namespaces, network=network), dry_run=dry_run)
    except HubError:
        if is_system or not has_namespaces or not _lacked_namespace(found):
            raise
        has_namespaces = False
        _carry_out(found.install(version, has_namespaces=False, network=network), dry_run=dry_run)
    if not has_namespaces and not is_system:
        print_line(
            "This system forbids a service's namespaces: the service runs with less hardening (20-no-namespaces.conf)."
        )
    if not dry_run:
        print_line(f"The hub of {found.root} runs as {found.unit}.")
        print_line(
            "It starts with your session, and again when a client asks."
            if not is_system
            else "It starts at boot."
        )
        if not is_system:
            print_line("For a hub that also runs while you are logged out: loginctl enable-linger")
        else:
            print_line(f"Clients of user {found.user} take: --state-dir {found.paths.state_dir}")


@service.command()
@_system
@_dry_run
@takes_root
def uninstall(options: CommonOptions, is_system: bool, dry_run: bool) -> None:
    """Stop the service of DIR and remove its units; the index stays."""
    found = _service(options, is_system)
    if not dry_run:
        _require_manager(found)
    _carry_out(found.uninstall(), dry_run=dry_run)
    _run(found.systemctl("daemon-reload"), dry_run=dry_run)


@service.command()
@_system
@takes_root
def status(options: CommonOptions, is_system: bool) -> None:
    """Show how the service of DIR stands. Exit code 69 if it does not run."""
    found = _service(options, is_system)
    _require_manager(found)
    shown = _output(found.systemctl("show", f"--property={','.join(_PROPERTIES)}", found.unit))
    properties = dict(line.split("=", 1) for line in shown.splitlines() if "=" in line)
    socket = _output(found.systemctl("show", "--property=ActiveState", "--value", found.socket)).strip()
    if options.as_json:
        print_json({"unit": found.unit, "socket": socket, **properties})
    else:
        _explain(found, properties, socket)
    if properties.get("ActiveState") not in ("active", "reloading"):
        sys.exit(NotRunningError.exit_code)


@service.command()
@_system
@click.option("-n", "--lines", default=100, show_default=True, help="How many lines.")
@click.option("-f", "--follow", is_flag=True, help="Go on with new lines as they come.")
@takes_root
def logs(options: CommonOptions, is_system: bool, lines: int, follow: bool) -> None:
    """Show the log of the service of DIR."""
    found = _service(options, is_system)
    if shutil.which("journalctl") is None:
        raise _no_systemd("journalctl is not on PATH")
    scope = [] if is_system else ["--user"]
    command = ["journalctl", *scope, "--unit", found.unit, "--lines", str(lines), *(["--follow"] * follow)]
    os.execvp(command[0], command)  # noqa: S606  # it takes the terminal; its exit code is ours


def _service(options: CommonOptions, is_system: bool, user: str | None = None) -> Service:
    root = options.root()
    if options.state_dir is not None:
        raise UsageError("use", "--state-dir", "a service keeps its state where its unit says")
    if not is_system:
        if user is not None:
            raise UsageError("use", "--user", "a user's own service runs as that user", "add --system")
        return Service(root, is_system=False)
    owner = user or pwd.getpwuid(root.stat().st_uid).pw_name
    try:
        pwd.getpwnam(owner)
    except KeyError:
        raise UsageError("run a service as", owner, "there is no such user") from None
    return Service(root, is_system=True, user=owner)


def _no_systemd(reason: str) -> UsageError:
    hint = "without systemd, start the hub with: remora-hub start"
    error = UsageError("reach systemd", reason=reason, hint=hint)
    error.exit_code = NotRunningError.exit_code
    return error


def _require_manager(found: Service) -> None:
    """Raise unless there is a manager that can be told what to do."""
    if shutil.which("systemctl") is None:
        raise _no_systemd("systemctl is not on PATH")
    done = subprocess.run(
        found.systemctl("show", "--property=Version"), capture_output=True, text=True, check=False
    )
    if done.returncode:
        whose = "the system's" if found.is_system else "this user's"
        reason = done.stderr.strip().splitlines()[0] if done.stderr.strip() else "it does not answer"
        raise _no_systemd(f"{whose} manager: {reason}")


def _lacked_namespace(found: Service) -> bool:
    """Whether the manager could not make the sandbox: a profile of AppArmor forbids it, or /run lacks a mount point."""
    return (
        _output(found.systemctl("show", "--property=ExecMainStatus", "--value", found.unit)).strip() == "226"
    )


def _refuse_running(found: Service) -> None:
    """A hub that somebody started by hand holds the root's lock: the service could not start."""
    done = subprocess.run(found.systemctl("is-active", "--quiet", found.socket, found.unit), check=False)
    if done.returncode == 0:
        return
    try:
        with BlockingClient.connect(found.paths) as client:
            raise AlreadyRunningError(str(found.root), client.call("hub/status")["pid"])
    except NotRunningError:
        return


def _carry_out(plan: Plan, *, dry_run: bool) -> None:
    for path, text in plan.files.items():
        print_line(f"write {path}")
        if dry_run:
            for line in text.splitlines() if path.parent.name.endswith(".d") else ():
                print_line(f"    {line}")
        else:
            _write(path, text)
    for directory, mode, owner in plan.directories:
        print_line(f"make {directory}, mode {mode:o}, owner {owner}")
        if not dry_run:
            directory.mkdir(parents=True, exist_ok=True)
            directory.chmod(mode)
            shutil.chown(directory, owner)
    for command in plan.commands:
        _run(command, dry_run=dry_run)
    for path in plan.removed:
        print_line(f"remove {path}")
        if not dry_run:
            _remove(path)


def _write(path: Path, text: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    except OSError as error:
        hint = "a service of the system needs root" if isinstance(error, PermissionError) else ""
        raise HubError("write", str(path), error.strerror or str(error), hint) from error


def _remove(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        raise HubError("remove", str(path), error.strerror or str(error)) from error


def _run(command: Sequence[str], *, dry_run: bool) -> None:
    print_line(f"run {' '.join(command)}")
    if dry_run:
        return
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise HubError("run", " ".join(command), reason, "remora-hub service logs says more")


def _output(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


def _explain(found: Service, properties: dict[str, str], socket: str) -> None:
    active, sub = properties.get("ActiveState", "unknown"), properties.get("SubState", "")
    print_line(f"{active} ({sub}): {found.unit}")
    if properties.get("LoadState") == "not-found":
        print_line("  it is not installed: remora-hub service install")
        return
    if properties.get("StatusText"):
        print_line(f"  {properties['StatusText']}")
    print_line(
        f"  process   {properties.get('MainPID')}, restarted {properties.get('NRestarts')} times by itself"
    )
    print_line(f"  at login  {properties.get('UnitFileState')}")
    print_line(
        f"  socket    {socket}" + (": the next client starts the hub" if socket == "active" != active else "")
    )
    if properties.get("Result") not in ("success", None):
        print_line(f"  ended by  {properties['Result']}; see: remora-hub service logs")
