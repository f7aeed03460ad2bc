"""What every command is told, as one value; ``options`` reads it from the command line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from remora_hub.paths import StatePaths, check_root, find_root

if TYPE_CHECKING:
    from remora_hub.config import LoadedConfig


class CommonOptions(msgspec.Struct, frozen=True):
    """What the user said about where and how: ``directory`` is the root if one was named.

    ``overrides`` are the ``--set KEY=VALUE`` options: configuration that comes before every other source.
    """

    directory: Path | None
    state_dir: Path | None
    as_json: bool
    verbose: bool
    overrides: Mapping[str, str]

    def root(self) -> Path:
        """The root that was named, or the one the current directory lies in. Raises ``RootError``."""
        return find_root(Path()) if self.directory is None else check_root(self.directory)

    def paths(self) -> StatePaths:
        """Where the state and socket of the root are. Raises ``RootError``."""
        return StatePaths(self.root(), self.state_dir)

    def load_config(self) -> LoadedConfig:
        """The configuration of the root; ``-v`` logs at level debug. Raises ``RootError``, ``ConfigError``."""
        from remora_hub.config import load_config  # commands that only ask a daemon do not need it

        overrides = {"logs.level": "debug", **self.overrides} if self.verbose else self.overrides
        return load_config(self.root(), overrides)
