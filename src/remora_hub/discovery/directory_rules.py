"""The ignore rules that hold inside one directory: an immutable chain of ignore files, nearest first."""

from __future__ import annotations

from typing import NamedTuple

from remora_hub.discovery.ignore_file import IgnoreFile, Patterns


class Stamp(NamedTuple):
    """What tells one state of an ignore file from another without reading it."""

    size: int
    mtime_ns: int
    inode: int


class Layer(NamedTuple):
    """Patterns and how a path relative to the root becomes one relative to their file's directory.

    A file below the root cuts ``cut`` characters off the front, one above the root puts ``prefix`` before them.
    """

    patterns: Patterns
    cut: int = 0
    prefix: str = ""


class Chain(NamedTuple):
    """Layers of patterns, nearest first, apart for files and directories; the first that has a verdict decides."""

    for_files: tuple[Layer, ...] = ()
    for_directories: tuple[Layer, ...] = ()

    def preceded_by(self, file: IgnoreFile, *, cut: int = 0, prefix: str = "") -> Chain:
        """This chain with one more file in front; the same one if that file has no patterns."""
        if not file.for_directories:  # which holds every pattern
            return self
        nearest = (Layer(file.for_files, cut, prefix),) if file.for_files else ()
        return Chain(
            nearest + self.for_files, (Layer(file.for_directories, cut, prefix), *self.for_directories)
        )

    def verdict(self, path: str, name: str, is_directory: bool) -> bool | None:
        """True: ignored; False: re-included; None: no pattern speaks of this entry. ``path`` is below the root."""
        for layer in self.for_directories if is_directory else self.for_files:
            below = layer.prefix + path if layer.prefix else path[layer.cut :]
            verdict = layer.patterns.verdict(below, name)
            if verdict is not None:
                return verdict
        return None


class DirectoryRules(NamedTuple):
    """The rules for the entries of one directory.

    ``inherited`` is the chain of the directory above, ``stamp`` that of the directory's own ``.gitignore``: as long
    as both are the same, so are the rules. ``marked``: the directory holds a ``pyvenv.cfg``. In an ``ignored``
    directory nothing is a source.
    """

    chain: Chain
    inherited: Chain
    stamp: Stamp | None = None
    marked: bool = False
    ignored: bool = False
