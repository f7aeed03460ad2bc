"""How commands that read the index get their answer: from the daemon, or from the file, made fresh first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from remora_hub.cli.options import CommonOptions
from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import AlreadyRunningError, NotRunningError

_BUSY_WAIT_S = 10.0


def ask(options: CommonOptions, method: str, params: Mapping[str, object]) -> Any:
    """The answer to a ``hub/*`` method; without a daemon it is given here, after what is stale is indexed."""
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            return client.call(method, params)
    except NotRunningError:
        pass
    try:
        return _answer_here(options, lambda backend: backend.call(method, params))
    except AlreadyRunningError:  # one is just starting, or another command indexes
        with BlockingClient.wait_for(paths, _BUSY_WAIT_S) as client:
            return client.call(method, params)


def sync_index(options: CommonOptions) -> None:
    """Have the file on disk equal the sources: through the daemon, or without one here."""
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            client.call("hub/sync")
    except NotRunningError:
        _answer_here(options, None)


def _answer_here(options: CommonOptions, question: Callable[[Any], Any] | None) -> Any:
    config = options.load_config().config
    from remora_hub.cli.run import run_loop
    from remora_hub.daemon.one_shot import fresh_store
    from remora_hub.daemon.standalone import StandaloneBackend
    from remora_hub.logs import configure_logs

    configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
    answers = []

    async def main() -> None:
        async with fresh_store(options.paths(), config) as (store, _):
            if question is not None:
                answers.append(await question(StandaloneBackend(store)))

    run_loop(main)
    return answers[0] if answers else None
