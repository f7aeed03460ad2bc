"""Where a definition stands: its qualified name, whether it is exported, whether it is a test."""

from __future__ import annotations

import re

_TEST_FILE = re.compile(r"(?:test_[^/]*|[^/]*_test|tests?|conftest)\.pyi?\Z")


def is_test_path(path: str) -> bool:
    """Whether a file is a test by the conventions of pytest and unittest, or lies in a ``tests`` directory."""
    directory, _, name = path.rpartition("/")
    return _TEST_FILE.match(name) is not None or not {"test", "tests", "testing"}.isdisjoint(
        directory.split("/")
    )


class Scope:
    """One scope while its statements are visited; ``names`` are bound in it so far, ``prefix`` begins its members'."""

    __slots__ = ("exports", "is_exported", "kind", "names", "prefix")

    def __init__(
        self, kind: str, prefix: str, is_exported: bool, exports: frozenset[str] | None = None
    ) -> None:
        self.kind = kind
        self.prefix = prefix
        self.is_exported = is_exported
        self.exports = exports
        self.names: set[bytes] = set()

    def exports_name(self, name: str) -> bool:
        """Whether ``name``, bound in this scope, is part of the public interface (PEP 8).

        That is what ``__all__`` names or, without one, what has no leading underscore; and the public members of an
        exported class. Nothing inside a function is.
        """
        if self.exports is not None:
            return name in self.exports
        if not self.is_exported:
            return False
        return name[0] != "_" or (self.kind == "class" and name[:2] == "__" and name[-2:] == "__")
