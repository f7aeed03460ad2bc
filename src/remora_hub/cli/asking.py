"""How commands that read the index get their answer: from the daemon, or from the file, made fresh first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

from remora_hub.cli.options import CommonOptions
from remora_hub.client.blocking import LONGEST_ANSWER_S, BlockingClient
from remora_hub.errors import AlreadyRunningError, NotRunningError

if TYPE_CHECKING:
    from remora_hub.daemon.standalone import StandaloneBackend

_BUSY_WAIT_S = 10.0


def ask(
    options: CommonOptions,
    method: str,
    params: Mapping[str, object] | None = None,
    *,
    timeout_s: float = LONGEST_ANSWER_S,
) -> Any:
    """The answer to a ``hub/*`` method; without a daemon it is given here, after what is stale is indexed.

    ``timeout_s`` bounds the wait for a daemon's answer. Raises NotRunningError where more than
    ``client.max_adhoc_files`` would have to be indexed.
    """
    paths = options.paths()
    try:
        with BlockingClient.connect(paths) as client:
            return client.call(method, params, timeout_s=timeout_s)
    except NotRunningError:
        pass
    try:
        return _answer_here(options, lambda backend: backend.call(method, params or {}))
    except AlreadyRunningError as held:  # a daemon is just starting, or another command indexes
        try:
            with BlockingClient.wait_for(paths, _BUSY_WAIT_S) as client:
                return client.call(method, params, timeout_s=timeout_s)
        except NotRunningError:
            raise held from None


def _answer_here(options: CommonOptions, question: Callable[[StandaloneBackend], Awaitable[Any]]) -> Any:
    config = options.load_config().config
    from remora_hub.cli.progress import ProgressReport
    from remora_hub.cli.run import run_loop
    from remora_hub.daemon.one_shot import fresh_store
    from remora_hub.daemon.standalone import StandaloneBackend
    from remora_hub.logs import configure_logs

    configure_logs("warning" if config.logs.level == "info" else config.logs.level, config.logs.format)
    answers = []

    async def main() -> None:
        with ProgressReport(config.index.progress) as report:
            most = config.client.max_adhoc_files
            async with fresh_store(options.paths(), config, report.follow, most_files=most) as (store, _):
                answers.append(await question(StandaloneBackend(store)))

    run_loop(main)
    return answers[0]
