"""The packages that only search by meaning needs: imported late, and missed in one sentence."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from remora_hub.errors import ConfigError

INSTALL = "pip install 'remora-hub[semantic]'"


class MissingExtraError(ConfigError):
    """A package of the extra is not installed."""


@contextmanager
def semantic_extra(operation: str) -> Iterator[None]:
    """Import packages of the extra in here. Raises MissingExtraError, which says how to install it."""
    try:
        yield
    except ImportError as error:
        raise MissingExtraError(
            operation, reason=f"{error.name or error} is missing", hint=INSTALL
        ) from error
