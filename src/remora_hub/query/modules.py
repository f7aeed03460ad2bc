"""Dotted names of modules and the files they are, for all ways in which Python code is laid out.

A regular package's files are named from its topmost directory with an ``__init__`` (language reference, section 5.2);
a directory without one is a namespace package (PEP 420). What is importable from where depends on ``sys.path``, which
no index knows; tried are, in this order, where the importing file's own package lies, the root, ``src``; then, for
what is not in the standard library, wherever else packages lie, and the directory of the importing file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator

from remora_hub.syntax.roles import Imported

_INIT = ("__init__.py", "__init__.pyi")


class Modules:
    """Made for a set of paths; a new set needs a new object."""

    def __init__(self, paths: Iterable[str]) -> None:
        self._paths = frozenset(paths)
        self._directories: set[str] = {""}
        self._packages: set[str] = set()
        for path in self._paths:
            directory, _, name = path.rpartition("/")
            if name in _INIT:
                self._packages.add(directory)
            while directory not in self._directories:
                self._directories.add(directory)
                directory = directory.rpartition("/")[0]
        roots = {self.import_root(path) for path in self._paths if path.rpartition("/")[2] in _INIT}
        self._roots = sorted(roots - {"", "src"}, key=lambda root: (root.count("/"), root))

    def import_root(self, path: str) -> str:
        """The directory from which a file is imported by its full name: above its topmost regular package."""
        directory = path.rpartition("/")[0]
        while directory in self._packages and directory:
            directory = directory.rpartition("/")[0]
        return directory

    def name_of(self, path: str) -> str:
        """The dotted name a file is imported by."""
        root = self.import_root(path)
        relative = path[len(root) + 1 :] if root else path
        stem = relative.rpartition(".")[0]
        if stem.rpartition("/")[2] == "__init__":
            stem = stem.rpartition("/")[0]
        return stem.replace("/", ".")

    def find(self, imported: Imported, importer: str) -> str | None:
        """The file of a module (its ``name`` left aside), or the directory of a namespace package, ending in ``/``.

        None if it is outside the index.
        """
        relative = imported.module.replace(".", "/")
        if imported.level:
            base = importer.rpartition("/")[0]
            for _ in range(imported.level - 1):
                base = base.rpartition("/")[0]
            return self._at(_joined(base, relative))
        return next(
            (
                found
                for root in self._search_path(imported.module, importer)
                if (found := self._at(_joined(root, relative)))
            ),
            None,
        )

    def submodule(self, package: str, name: str) -> str | None:
        """The module ``name`` in a package, which is given by its ``__init__`` or its directory and ``/``."""
        directory, slash, file = package.rpartition("/")
        if file and file not in _INIT:
            return None
        return self._at(_joined(directory if slash else "", name))

    def stub_of(self, path: str) -> str | None:
        """The stub beside a source."""
        return f"{path}i" if path.endswith(".py") and f"{path}i" in self._paths else None

    def source_of(self, path: str) -> str | None:
        """The source beside a stub."""
        return path[:-1] if path.endswith(".pyi") and path[:-1] in self._paths else None

    def _search_path(self, module: str, importer: str) -> Iterator[str]:
        own = self.import_root(importer)
        yield own
        yield from ("", "src")
        if (
            module.partition(".")[0] not in sys.stdlib_module_names
        ):  # it comes before what only may be importable
            yield from self._roots
            yield importer.rpartition("/")[0]

    def _at(self, stem: str) -> str | None:
        for candidate in (f"{stem}/__init__.py", f"{stem}.py", f"{stem}.pyi", f"{stem}/__init__.pyi"):
            if candidate.lstrip("/") in self._paths:
                return candidate.lstrip("/")
        return f"{stem}/" if stem in self._directories and stem else None


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory and name else directory or name
