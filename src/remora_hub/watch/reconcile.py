"""Comparing one directory, and everything below it, with what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from remora_hub.discovery.compare import Difference, Known, compare
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import Walk, walk
from remora_hub.watch.hints import is_below


@dataclass(frozen=True, slots=True)
class Reconciliation:
    """The walk, and how it differs from what was known; ``walk.directories`` go to ``Watcher.ensure``."""

    walk: Walk
    difference: Difference


def reconcile(root: Path, rules: SourceRules, known: Mapping[str, Known], under: str = "") -> Reconciliation:
    """Walk ``under`` and compare; of ``known`` only what lies there counts. Blocks; raises ``RootError``."""
    found = walk(root, rules, under)
    if under:
        known = {path: file for path, file in known.items() if is_below(path, under)}
    return Reconciliation(found, compare(found.files, known))
