"""``remora-hub doctor``: what the hub needs of this machine and project, and what to do where it is missing."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import msgspec
import rich_click as click

from remora_hub.cli.checks import MACHINE_CHECKS, ROOT_CHECKS, Finding
from remora_hub.cli.checks_service import http, service
from remora_hub.cli.common_options import CommonOptions
from remora_hub.cli.options import finds_root
from remora_hub.cli.output import print_json, print_line, print_table
from remora_hub.errors import ConfigError, RootError
from remora_hub.paths import StatePaths


@click.command()
@finds_root
@click.pass_context
def doctor(ctx: click.Context, options: CommonOptions) -> None:
    """Check this machine and project for what the hub needs; exit 1 if there is a problem."""
    findings = list(_examine(options))
    if options.as_json:
        print_json({"findings": [msgspec.structs.asdict(finding) for finding in findings]})
    else:
        print_table(
            ["check", "result", "detail"], ((found.name, found.grade, found.detail) for found in findings)
        )
        for finding in findings:
            if finding.grade != "ok":
                print_line(f"{finding.name}: {finding.remedy}")
    ctx.exit(int(any(finding.grade == "problem" for finding in findings)))


def _examine(options: CommonOptions) -> Iterator[Finding]:
    for check_machine in MACHINE_CHECKS:
        yield _found(check_machine)
    try:
        paths = options.paths()
    except RootError as error:
        yield Finding(
            "root", "problem", f"{error.subject}: {error.reason}", error.hint or "name another with --root"
        )
        return
    for check_root in (*ROOT_CHECKS, service):
        yield _found(check_root, paths)
    yield from _configuration(options, paths)


def _configuration(options: CommonOptions, paths: StatePaths) -> Iterator[Finding]:
    from remora_hub.config import has_ignored_table  # as in CommonOptions.load_config

    try:
        loaded = options.load_config()
        ignored = has_ignored_table(options.root())
    except ConfigError as error:
        remedy = "change it there; config/remora-hub.toml documents every key"
        yield Finding("config", "problem", str(error), remedy)
        return
    changed = sum(origin != "default" for origin in loaded.origins.values())
    if ignored:
        yield Finding(
            "config",
            "warning",
            "[tool.remora-hub] in pyproject.toml is ignored: remora-hub.toml beside it wins",
            "keep one of the two",
        )
    else:
        yield Finding("config", "ok", f"valid; {changed} of {len(loaded.origins)} values are not defaults")
    yield _found(http, paths, loaded.config.http.port)


def _found(check: Callable[..., Finding], *subject: object) -> Finding:
    """What a check finds; what keeps it from looking is a problem, too."""
    try:
        return check(*subject)
    except OSError as error:
        name = check.__name__.replace("_", " ")
        return Finding(name, "problem", str(error), "let your user read it: see its owner and mode")
