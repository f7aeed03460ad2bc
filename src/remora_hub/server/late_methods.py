"""A table of methods of which most are imported late: by the first call of one, or when there is time.

The first answer of a hub needs three of them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping

from remora_hub.server.connection import Method


class LateMethods(Mapping[str, Method]):
    """``methods``, and behind them what ``others`` gives once somebody looks for more. To list them asks for all.

    For any thread.
    """

    def __init__(self, methods: Mapping[str, Method], others: Callable[[], Mapping[str, Method]]) -> None:
        self._methods = methods
        self._others: Callable[[], Mapping[str, Method]] | None = others
        self._lock = threading.Lock()

    def __or__(self, other: LateMethods) -> LateMethods:
        """All of both, the late ones as late."""
        return LateMethods({**self._methods, **other._methods}, lambda: {**self._all(), **other._all()})

    def __getitem__(self, name: str) -> Method:
        return self._methods[name] if name in self._methods else self._all()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def _all(self) -> Mapping[str, Method]:
        with self._lock:
            if self._others is not None:
                self._methods = {**self._methods, **self._others()}
                self._others = None
            return self._methods
