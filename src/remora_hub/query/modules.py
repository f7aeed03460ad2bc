"""Dotted names of modules and the files they are, for all ways in which Python code is laid out.

A regular package's files are named from its topmost directory with an ``__init__`` (language reference, section 5.2);
a directory without one is a namespace package (PEP 420). What is importable from where depends on ``sys.path``, which
no index knows; tried are, in this order, where the importing file's own package lies, the root, ``src``; then, for
what is not in the standard library, wherever else packages lie, and the directory of the importing file.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator

from remora_hub.syntax.roles import Imported

_INIT = ("__init__.py", "__init__.pyi")


class Modules:
    """Of the files that are there; one thread at a time may add and remove some while others ask."""

    def __init__(self, paths: Iterable[str] = ()) -> None:
        self._paths: set[str] = set()
        self._entries = Counter(
            {"": 1}
        )  # by directory: the files and directories in it; the root is always there
        self._packages: Counter[str] = Counter()  # how many ``__init__`` files each has
        self._roots: list[str] | None = None
        for path in paths:
            self.add(path)

    def __contains__(self, path: str) -> bool:
        return path in self._paths

    def paths(self) -> list[str]:
        """All files, sorted."""
        return sorted(self._paths)

    def with_files(self, paths: Iterable[str]) -> Modules:
        """The same and some more."""
        found = Modules()
        found._paths, found._entries, found._packages = (
            set(self._paths),
            self._entries.copy(),
            self._packages.copy(),
        )
        for path in paths:
            found.add(path)
        return found

    def add(self, path: str) -> None:
        """A file came."""
        if path in self._paths:
            return
        self._paths.add(path)
        directory, _, name = path.rpartition("/")
        if name in _INIT:
            self._packages[directory] += 1
            self._roots = None
        self._entries[directory] += 1
        while self._entries[directory] == 1:  # it came, too
            directory = directory.rpartition("/")[0]
            self._entries[directory] += 1

    def discard(self, path: str) -> None:
        """A file went."""
        if path not in self._paths:
            return
        self._paths.discard(path)
        directory, _, name = path.rpartition("/")
        if name in _INIT:
            _decrement(self._packages, directory)
            self._roots = None
        _decrement(self._entries, directory)
        while directory not in self._entries:  # it went, too
            directory = directory.rpartition("/")[0]
            _decrement(self._entries, directory)

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

    def is_search_path(self, directory: str) -> bool:
        """Whether modules in a directory are imported by their names alone, from other directories, too."""
        return directory in ("", "src") or directory in self._package_roots()

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
            yield from self._package_roots()
            yield importer.rpartition("/")[0]

    def _package_roots(self) -> list[str]:
        """Where packages lie that neither the root nor ``src`` has, the upper directories first."""
        roots = self._roots
        if roots is None:
            found = {self.import_root(f"{package}/") for package in list(self._packages)} - {"", "src"}
            roots = self._roots = sorted(found, key=lambda root: (root.count("/"), root))
        return roots

    def _at(self, stem: str) -> str | None:
        for candidate in (f"{stem}/__init__.py", f"{stem}.py", f"{stem}.pyi", f"{stem}/__init__.pyi"):
            if candidate.lstrip("/") in self._paths:
                return candidate.lstrip("/")
        return f"{stem}/" if stem in self._entries and stem else None


def _decrement(counter: Counter[str], key: str) -> None:
    counter[key] -= 1
    if not counter[key]:
        del counter[key]


def _joined(directory: str, name: str) -> str:
    return f"{directory}/{name}" if directory and name else directory or name
