"""What a question is asked of: the stored files, with a client's unsaved texts in their places."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from threading import Lock

from remora_hub.facts import PackedFile
from remora_hub.query.modules import Modules
from remora_hub.query.source_file import SourceFile
from remora_hub.store.keys import split_node_key
from remora_hub.store.reader import Reader

_MOST_FILES_KEPT = 400


class FileCache:
    """Files that were read, kept until they change; shared by all questions and threads."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, SourceFile] = OrderedDict()
        self._lock = Lock()
        self._modules: Modules | None = None
        self._star_importers: list[str] | None = None
        self._generation = 0

    def forget(self, paths: Iterable[str]) -> None:
        """Files changed, came or went."""
        with self._lock:
            self._generation += 1
            self._star_importers = None
            for path in paths:
                if self._files.pop(path, None) is None:
                    self._modules = None  # it may be new, or gone

    def file(self, path: str, read: Callable[[str], SourceFile | None]) -> SourceFile | None:
        """The file at ``path``, read if it is not here."""
        with self._lock:
            found = self._files.get(path)
            if found is not None:
                self._files.move_to_end(path)
                return found
            generation = self._generation
        found = read(path)
        if found is not None:
            with self._lock:
                if generation == self._generation:  # else it may have changed while it was read
                    self._files[path] = found
                    if len(self._files) > _MOST_FILES_KEPT:
                        self._files.popitem(last=False)
        return found

    def modules(self, read: Callable[[], Iterable[str]]) -> Modules:
        """The layout of all files."""
        with self._lock:
            found, generation = self._modules, self._generation
        if found is None:
            found = Modules(read())
            with self._lock:
                if generation == self._generation:
                    self._modules = found
        return found

    def star_importers(self, read: Callable[[], list[str]]) -> list[str]:
        """The files that may hold a star import."""
        with self._lock:
            found, generation = self._star_importers, self._generation
        if found is None:
            found = read()
            with self._lock:
                if generation == self._generation:
                    self._star_importers = found
        return found


class Index:
    """For one question, in one thread. ``overlays`` are unsaved texts by path; they hide what is stored.

    ``is_given_up`` tells when nobody waits for the answer any more.
    """

    def __init__(
        self,
        reader: Reader,
        cache: FileCache,
        overlays: Mapping[str, SourceFile],
        is_given_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_given_up = is_given_up
        self._reader = reader
        self._cache = cache
        self._overlays = overlays
        self._naming: dict[str, list[str]] = {}

    def file(self, path: str) -> SourceFile | None:
        """The file at ``path``; None if it is unknown, or was not understood.

        Raises CancelledError if nobody waits for the answer any more.
        """
        if self._is_given_up():
            raise CancelledError
        return self._overlays.get(path) or self._cache.file(path, self._read)

    def paths(self) -> list[str]:
        """All files, sorted."""
        stored = self._reader.paths(None, "indexed")
        return sorted({*stored, *self._overlays}) if self._overlays else stored

    @property
    def modules(self) -> Modules:
        """Which dotted name is which file."""
        if any(not self._reader.is_known(path) for path in self._overlays):
            return Modules(self.paths())
        return self._cache.modules(lambda: self._reader.paths(None, "indexed"))

    def files_naming(self, name: str) -> list[str]:
        """The files in whose code the identifier ``name`` occurs, sorted."""
        found = self._naming.get(name)
        if found is None:
            stored = self._reader.files_naming(name)
            unsaved = [path for path, file in self._overlays.items() if file.code.occurrences(name)]
            found = (
                sorted({*unsaved, *(path for path in stored if path not in self._overlays)})
                if self._overlays
                else stored
            )
            self._naming[name] = found
        return found

    def star_importers(self) -> list[str]:
        """The files that may hold a star import; unsaved ones always may."""
        return [*self._cache.star_importers(self._reader.star_importers), *self._overlays]

    def nodes_named(self, name: str) -> list[tuple[str, str]]:
        """``(path, suffix)`` of every node whose own name is ``name``."""
        found = [place for place in self._reader.nodes_named(name) if place[0] not in self._overlays]
        for path, file in self._overlays.items():
            found += [
                (path, node.suffix) for node in file.nodes if node.name == name and node.kind != "module"
            ]
        return found

    def split_key(self, key: str) -> tuple[SourceFile, str] | None:
        """The file and the suffix of a node's key; None if there is no such node."""
        path, suffix = split_node_key(key) or ("", "")
        file = self.file(path)
        return (file, suffix) if file is not None and suffix in file.by_suffix else None

    def _read(self, path: str) -> SourceFile | None:
        parts = self._reader.file_parts(path)
        return None if parts is None else SourceFile(path, *parts)


def overlay_file(path: str, packed: PackedFile) -> SourceFile:
    """An unsaved text as questions see it."""
    return SourceFile(path, packed.nodes, packed.code, packed.body)
