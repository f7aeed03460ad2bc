"""The real code that is measured: wheels from the package index, the running Python's library, or a directory."""

from __future__ import annotations

import random
import re
import shutil
import sysconfig
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bare_parse import source_files
from peers import Peers
from peers_sample import Name

WHEELS = {
    "homeassistant": "homeassistant==2024.3.3",
    "django": "Django==6.1.3",
    "transformers": "transformers==5.23.0",
    "sympy": "sympy==1.14.0",
}
LIBRARY = "library"
PROJECTS = ("homeassistant", "django", "transformers", LIBRARY)  # those a bench run takes unless told

_NOT_CODE = shutil.ignore_patterns("__pycache__", ".remora", ".git", "site-packages", "config-*", "*.so")
_MARGIN = re.compile(rb"^([^\s#)\]}]\w*)", re.MULTILINE)
_CLASS = re.compile(rb"^class +([A-Za-z]\w{5,})", re.MULTILINE)


class UnsuitableError(Exception):
    """A project does not have what a measure needs."""


@dataclass(frozen=True, slots=True)
class Project:
    """A copy that nobody else changes."""

    name: str
    root: Path
    files: tuple[str, ...]
    source_bytes: int

    @classmethod
    def copied(cls, name: str, origin: Path, root: Path) -> Project:
        """Copy ``origin`` to ``root``, which is replaced."""
        shutil.rmtree(root, ignore_errors=True)
        shutil.copytree(origin, root, ignore=_NOT_CODE, ignore_dangling_symlinks=True)
        paths = source_files(root)
        files = tuple(str(path.relative_to(root)) for path in paths)
        return cls(name, root, files, sum(path.stat().st_size for path in paths))

    @property
    def paths(self) -> list[Path]:
        """Every source file."""
        return [self.root / file for file in self.files]


def origin_of(name: str, peers: Peers) -> Path:
    """The directory of a project of ``PROJECTS``, fetched if need be, or ``name`` as a directory.

    Raises CalledProcessError where pip does not find it.
    """
    if name in WHEELS:
        return peers.wheel(WHEELS[name])
    if name == LIBRARY:
        return Path(sysconfig.get_path("stdlib"))
    return Path(name).resolve(strict=True)


def reachable_ends(project: Project) -> list[str]:
    """The files that end in a function or class: what is added there runs, and no type checker takes it for dead."""
    last = (
        (file, _MARGIN.findall(path.read_bytes()))
        for file, path in zip(project.files, project.paths, strict=True)
    )
    return [file for file, starts in last if starts and starts[-1] in (b"def", b"class")]


def editors_view(project: Project, seed: int) -> tuple[Name, str]:
    """A class to search for, and another file for the editor to have open meanwhile, which must stay as it is."""
    (symbol,) = only_classes(project, 1, seed)
    return symbol, file_to_open(project, [symbol])


def file_to_open(project: Project, symbols: Sequence[Name]) -> str:
    """A file that defines none of ``symbols``: answers about them must come from the project."""
    asked = {symbol.path for symbol in symbols}
    return next((file for file in project.files if file not in asked), project.files[0])


def only_classes(project: Project, count: int, seed: int) -> list[Name]:
    """Up to ``count`` classes, one at least, whose name no other class at the margin of a file has.

    Raises UnsuitableError if there is none.
    """
    places: defaultdict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for file, path in zip(project.files, project.paths, strict=True):
        data = path.read_bytes()
        for found in _CLASS.finditer(data):
            places[found[1]].append((file, data.count(b"\n", 0, found.start()) + 1))
    single = sorted((name, *found[0]) for name, found in places.items() if len(found) == 1)
    if not single:
        raise UnsuitableError("the project has no class that it defines once")
    drawn = random.Random(seed).sample(single, min(count, len(single)))  # noqa: S311  # a sample is no secret
    return [Name(file, line, len("class "), name.decode(), "class") for name, file, line in drawn]
