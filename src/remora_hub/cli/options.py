"""The options every command shares, gathered into one value, ``CommonOptions``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

import rich_click as click
from click import get_current_context

from remora_hub.cli.common_options import CommonOptions

P = ParamSpec("P")
R = TypeVar("R")

_JSON = "remora_hub.json"


def finds_root(command: Callable[Concatenate[CommonOptions, P], R]) -> Callable[..., R]:
    """Give a command the shared options as its first argument; ``--root`` names the root."""
    root = click.option(
        "--root", type=_PATH, metavar="DIR", help="Project root; default: found by walking up."
    )
    return root(_shared_options(command))


def takes_root(command: Callable[Concatenate[CommonOptions, P], R]) -> Callable[..., R]:
    """Give a command the shared options as its first argument; its argument ``DIR`` is the root."""
    root = click.argument("root", type=_PATH, metavar="[DIR]", default=".")
    return root(_shared_options(command))


def wants_json(ctx: click.Context) -> bool:
    """Whether the command that runs was called with ``--json``."""
    return bool(ctx.meta.get(_JSON))


_PATH = click.Path(path_type=Path)


def _shared_options(command: Callable[Concatenate[CommonOptions, P], R]) -> Callable[..., R]:
    @click.option("--state-dir", type=_PATH, metavar="DIR", help="Where the index is; default: ROOT/.remora.")
    @click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
    @click.option("-v", "--verbose", is_flag=True, help="Log at level debug.")
    @click.option(
        "--set", "overrides", multiple=True, metavar="KEY=VALUE", callback=_read_overrides,
        help="Set a configuration value; may be repeated.",
    )  # fmt: skip
    @wraps(command)
    def collect(
        *args: Any,
        root: Path | None,
        state_dir: Path | None,
        as_json: bool,
        verbose: bool,
        overrides: Mapping[str, str],
        **kwargs: Any,
    ) -> R:
        get_current_context().meta[_JSON] = as_json
        return command(CommonOptions(root, state_dir, as_json, verbose, overrides), *args, **kwargs)

    return collect


def _read_overrides(
    _ctx: click.Context, _option: click.Parameter, written: tuple[str, ...]
) -> Mapping[str, str]:
    overrides = {}
    for text in written:
        key, equals, value = text.partition("=")
        if not key or not equals:
            raise click.BadParameter(f"{text!r} is not KEY=VALUE")
        overrides[key.strip()] = value.strip()
    return overrides
