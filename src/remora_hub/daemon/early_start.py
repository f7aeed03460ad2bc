"""What a hub begins before it imports what it needs itself: on other cores, for its first session."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from remora_hub.config import HubConfig
    from remora_hub.discovery.forked_walk import ForkedWalk
    from remora_hub.discovery.rules import SourceRules
    from remora_hub.paths import StatePaths
    from remora_hub.pipeline.spelling_process import SpellingProcess


class EarlyStart(NamedTuple):
    """``spelling`` reads names where nothing is indexed yet; else ``walk`` lists the directories to be watched."""

    spelling: SpellingProcess | None = None
    walk: ForkedWalk | None = None


@contextmanager
def early_start(paths: StatePaths, config: HubConfig) -> Iterator[EarlyStart]:
    """Begin what can be begun; it is ended at the end. This process must have no threads yet."""
    with ExitStack() as stack:
        early = EarlyStart()
        with suppress(OSError):  # no process to be had: who needs it tries again, and says so
            early = _begin(paths, config)
        for begun in early:
            if begun is not None:
                stack.enter_context(closing(begun))
        yield early


def _begin(paths: StatePaths, config: HubConfig) -> EarlyStart:
    # Unlike ``Path.exists``, no error where the directory may not be searched.
    if not os.path.exists(paths.database):
        from remora_hub.pipeline.spelling_process import SpellingProcess

        return EarlyStart(spelling=SpellingProcess(paths.root, config.discovery, config.index.lane_count))
    if config.watch.polling == "always":
        return EarlyStart()
    from remora_hub.discovery.forked_walk import ForkedWalk

    return EarlyStart(walk=ForkedWalk(paths.root, partial(_rules, paths, config)))


def _rules(paths: StatePaths, config: HubConfig) -> SourceRules:
    from remora_hub.daemon.source_rules import source_rules  # in the fork, where nobody waits for it

    return source_rules(paths, config)
