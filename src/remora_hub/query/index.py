"""What a question is asked of: the stored files, with a client's unsaved texts in their places."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import CancelledError
from functools import cached_property
from threading import Lock

from remora_hub.compression import CODE
from remora_hub.facts import PackedFile
from remora_hub.query.catalogue import Catalogue
from remora_hub.query.modules import Modules
from remora_hub.query.source_file import SourceFile
from remora_hub.store.keys import split_node_key
from remora_hub.store.reader import Reader

_MOST_FILES_KEPT = 400
_FEW_FILES = 100


class FileCache:
    """Files that were read, kept until they change; shared by all questions and threads."""

    def __init__(self) -> None:
        self._files: OrderedDict[str, SourceFile] = OrderedDict()
        self._lock = Lock()
        self._generation = 0

    def forget(self, paths: Iterable[str]) -> None:
        """Files changed, came or went."""
        with self._lock:
            self._generation += 1
            for path in paths:
                self._files.pop(path, None)

    def peek(self, path: str) -> SourceFile | None:
        """The file at ``path``, if it is here."""
        with self._lock:
            return self._files.get(path)

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


class Index:
    """For one question, in one thread. ``overlays`` are unsaved texts by path; they hide what is stored.

    ``is_given_up`` tells when nobody waits for the answer any more.
    """

    def __init__(
        self,
        reader: Reader,
        cache: FileCache,
        catalogue: Catalogue,
        overlays: Mapping[str, SourceFile],
        is_given_up: Callable[[], bool] = lambda: False,
    ) -> None:
        self._is_given_up = is_given_up
        self._reader = reader
        self._cache = cache
        self._catalogue = catalogue
        self._overlays = overlays
        self._naming: dict[str, list[str]] = {}

    def file(self, path: str) -> SourceFile | None:
        """The file at ``path``; None if it is unknown, or was not understood.

        Raises CancelledError if nobody waits for the answer any more.
        """
        if self._is_given_up():
            raise CancelledError
        return self._overlays.get(path) or self._cache.file(path, self._read)

    def mask(self, path: str) -> bytes | None:
        """The code of a file with all else blanked, where nothing more is needed of it."""
        known = self._overlays.get(path) or self._cache.peek(path)
        if known is not None:
            return known.code.mask
        code = self._reader.code_of(path)
        return None if code is None else CODE.decompress(code)

    def paths(self) -> list[str]:
        """All files, sorted."""
        return self.modules.paths()

    @cached_property
    def modules(self) -> Modules:
        """Which dotted name is which file."""
        modules = self._all().modules
        new = [path for path in self._overlays if path not in modules]
        return modules.with_files(new) if new else modules

    def files_naming(self, name: str) -> list[str]:
        """The files in whose code the identifier ``name`` occurs, sorted."""
        found = self._naming.get(name)
        if found is None:
            found = self._all().files_naming(name)
            if self._overlays:
                unsaved = [path for path, file in self._overlays.items() if file.code.occurrences(name)]
                found = sorted({*unsaved, *(path for path in found if path not in self._overlays)})
            self._naming[name] = found
        return found

    def star_importers(self) -> list[str]:
        """The files that may hold a star import; unsaved ones always may."""
        return [*self._all().star_importers(), *self._overlays]

    def nodes_named(self, name: str) -> list[tuple[str, str]]:
        """``(path, suffix)`` of every node whose own name is ``name``, sorted."""
        naming = self._all().files_naming(name)
        among = naming if 0 < len(naming) <= _FEW_FILES else None  # for more, one pass over all is faster
        found = [place for place in self._reader.nodes_named(name, among) if place[0] not in self._overlays]
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

    def _all(self) -> Catalogue:
        self._catalogue.read(self._reader)
        return self._catalogue

    def _read(self, path: str) -> SourceFile | None:
        parts = self._reader.file_parts(path)
        return None if parts is None else SourceFile(path, *parts)


def overlay_file(path: str, packed: PackedFile) -> SourceFile:
    """An unsaved text as questions see it."""
    return SourceFile(path, packed.nodes, packed.code, packed.body)
