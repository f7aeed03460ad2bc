"""Imports that go without what they would look at, at a price, and can do without."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def refused(name: str) -> Iterator[None]:
    """Nobody finds the package ``name`` meanwhile, unless it is there already."""
    if name in sys.modules:
        yield
        return
    sys.modules[name] = None  # type: ignore[assignment]  # how an import is refused (reference, 5.3.1)
    try:
        yield
    finally:
        del sys.modules[name]
