"""One call of the user's function, whichever kind it is: coroutine or plain, for one item or for several."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Generic, TypeVar

from remora_hub.enrich.answer import Answer
from remora_hub.enrich.clock import Clock
from remora_hub.enrich.failures import BadAnswerError
from remora_hub.errors import ConfigError

Item = TypeVar("Item")
Result = TypeVar("Result")

# One item in, its result out, in an Answer where the tokens are known.
Process = Callable[[Item], Awaitable[Result | Answer[Result]] | Result | Answer[Result]]
# Several items in, as many results out, in their order; an exception in the place of an item that failed.
GroupResult = Sequence[Result | Exception] | Answer[Sequence[Result | Exception]]
ProcessGroup = Callable[[Sequence[Item]], Awaitable[GroupResult[Result]] | GroupResult[Result]]


class Caller(Generic[Item, Result]):
    """Calls one function again and again. Plain functions run in threads, as many as there are workers.

    A thread cannot be stopped: a plain function that overruns its time limit is given up and runs on, so it should
    have a time limit of its own, as HTTP clients do.
    """

    def __init__(
        self,
        process: Process[Item, Result] | None,
        process_group: ProcessGroup[Item, Result] | None,
        *,
        max_workers: int,
        timeout_s: float | None,
        clock: Clock,
    ) -> None:
        """Exactly one of the two functions is given, or ConfigError is raised."""
        if (process is None) == (process_group is None):
            raise ConfigError("call the model", reason="give either process or process_group")
        self.takes_groups = process_group is not None
        self._function: Callable[[Any], Any] = process or process_group  # type: ignore[assignment]  # one of them is
        self._is_coroutine = _is_coroutine_function(self._function)
        self._timeout_s = timeout_s
        self._clock = clock
        self._threads: ThreadPoolExecutor | None = None
        if not self._is_coroutine:
            self._threads = ThreadPoolExecutor(max_workers, thread_name_prefix="enrich-call")

    async def call(self, items: Sequence[Item]) -> Answer[Sequence[Result | Exception]]:
        """A result, or an exception in its place, for each item. Raises what the function does, and TimeoutError."""
        argument = items if self.takes_groups else items[0]
        async with self._clock.timeout(self._timeout_s):
            if self._threads is None:
                returned = await self._function(argument)
            else:
                returned = await asyncio.get_running_loop().run_in_executor(
                    self._threads, self._function, argument
                )
                if inspect.isawaitable(returned):  # a plain function that made a coroutine
                    returned = await returned
        answer = returned if isinstance(returned, Answer) else Answer(returned)
        values = list(answer.value) if self.takes_groups else [answer.value]
        if len(values) != len(items):
            raise BadAnswerError(f"{len(values)} results for {len(items)} items")
        return Answer(values, answer.tokens)

    def close(self) -> None:
        """Let go of the threads; those that are given up end when their function does."""
        if self._threads is not None:
            self._threads.shutdown(wait=False, cancel_futures=True)


def _is_coroutine_function(function: Callable[[Any], Any]) -> bool:
    called = getattr(type(function), "__call__", None)  # noqa: B004  # what is asked is whether that is a coroutine
    return inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called)
