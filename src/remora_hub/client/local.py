"""Answers without a daemon: this process brings the index up to date and reads it, as the commands do.

This is the client's one door to the hub's own code. It is opened only where no daemon runs, so that a client which
finds one imports none of it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from remora_hub.paths import StatePaths

Calls = Sequence[tuple[str, Mapping[str, object]]]

LocalAnswers = Callable[[StatePaths, Calls], list[Any]]
"""Answers to calls, plain values, from an index made fresh once; the ``HubError`` in the place of a failed one."""


def answer_here(paths: StatePaths, calls: Calls) -> list[Any]:
    """Answer under the configuration of the root. Logs nothing below a warning, draws no progress.

    Raises AlreadyRunningError while another process holds the root; NotRunningError where more files than
    ``client.max_adhoc_files`` would have to be indexed first; ConfigError, RootError, StoreError.
    """
    from remora_hub.config import load_config
    from remora_hub.daemon.local_answers import answer_locally

    return answer_locally(paths, load_config(paths.root).config, calls)
