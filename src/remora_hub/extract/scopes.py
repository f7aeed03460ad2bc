"""Where a definition stands: its qualified name, whether it is exported, whether it is a test."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_TEST_FILE = re.compile(r"(?:test_[^/]*|[^/]*_test|tests?|conftest)\.pyi?\Z")


def is_test_path(path: str) -> bool:
    """Whether a file is a test by the conventions of pytest and unittest, or lies in a ``tests`` directory."""
    directory, _, name = path.rpartition("/")
    return _TEST_FILE.match(name) is not None or not {"test", "tests", "testing"}.isdisjoint(directory.split("/"))


@dataclass(slots=True)
class Scope:
    """One scope while its statements are visited. ``names`` are those bound in it so far."""

    kind: str
    qualname: str
    exports: frozenset[str] | None
    is_exported: bool = True
    names_a_test: bool = False
    names: set[bytes] = field(default_factory=set)

    @classmethod
    def of_module(cls, exports: list[str] | None) -> Scope:
        """The outermost scope; ``exports`` is ``__all__``, None without one."""
        return cls("module", "", frozenset(exports) if exports is not None else None)

    @property
    def binds_variables(self) -> bool:
        """Variables of modules and classes are nodes, those of functions are not."""
        return self.kind in ("module", "class")

    def enter(self, name: str, kind: str) -> Scope:
        """The scope of ``name`` defined in this one.

        Exported is what ``__all__`` names or, without one, what has no leading underscore, and the public members of an
        exported class (PEP 8, "Public and internal interfaces").
        """
        if self.kind == "module":
            exported = name in self.exports if self.exports is not None else not name.startswith("_")
            qualname = name
        else:
            dunder = name.startswith("__") and name.endswith("__")
            exported = self.kind == "class" and self.is_exported and (dunder or not name.startswith("_"))
            qualname = f"{self.qualname}.{name}"
        is_test = (name.startswith("test") and kind == "function") or (name.startswith("Test") and kind == "class")
        return Scope(kind, qualname, None, exported, is_test or (self.names_a_test and self.kind == "class" and is_test))
