"""Which files are sources, as configured."""

from __future__ import annotations

from remora_hub.config import HubConfig
from remora_hub.discovery.rules import SourceRules
from remora_hub.paths import StatePaths


def source_rules(paths: StatePaths, config: HubConfig) -> SourceRules:
    """The rules for the root of ``paths``."""
    return SourceRules(
        paths.root,
        include=config.discovery.include,
        exclude=config.discovery.exclude,
        default_ignores=config.discovery.default_ignores,
        respect_git_ignores=config.discovery.respect_git_ignores,
    )
