"""What is kept of all files at once: which there are, which names each mentions, which have a star import."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from threading import Lock

from remora_hub.compression import NAMES
from remora_hub.errors import CorruptStoreError
from remora_hub.query.modules import Modules
from remora_hub.query.name_table import NameTable
from remora_hub.store.changes import Written
from remora_hub.store.file_record import imports_everything
from remora_hub.store.index_reader import IndexReader


class Catalogue:
    """Read when a question first needs it, then kept true by each commit. For any number of threads.

    Of Home Assistant (6,700 files): 0.4 s to read, 8 MB.
    """

    def __init__(self) -> None:
        self.modules = Modules()
        self._names = NameTable()
        self._star_importers: set[str] = set()
        self._is_read = False
        self._meanwhile: dict[str, Written | None] | None = None  # what was written during the first reading
        self._reading, self._changing = Lock(), Lock()

    def read(self, reader: IndexReader) -> None:
        """Read the store, if that was not done yet. Raises StoreError; may be repeated then."""
        if self._is_read:
            return
        with self._reading:
            if self._is_read:
                return
            with self._changing:
                self._meanwhile = {}
            files = reader.mentions()
            with self._changing:
                for path, names, is_star_importer in files:
                    if path not in self._meanwhile:
                        self._put(path, names, is_star_importer)
                self._take_in(self._meanwhile, {})
                self._meanwhile, self._is_read = None, True

    def on_commit(self, written: Mapping[str, Written | None], former_names: Mapping[str, bytes]) -> None:
        """In the writer's thread; both as in ``Commit``."""
        with self._changing:
            if self._is_read:
                self._take_in(written, former_names)
            elif self._meanwhile is not None:
                self._meanwhile.update(written)

    def files_naming(self, name: str) -> list[str]:
        """The files in whose code the identifier ``name`` occurs, sorted."""
        with self._changing:
            return self._names.files_naming(name)

    def star_importers(self) -> list[str]:
        """The files that may hold a ``from module import *``, sorted."""
        with self._changing:
            return sorted(self._star_importers)

    def _take_in(self, written: Mapping[str, Written | None], former_names: Mapping[str, bytes]) -> None:
        for path, new in written.items():
            if new is None:
                self.modules.discard(path)
                self._names.remove(path)
                self._star_importers.discard(path)
            else:
                former = former_names.get(path)
                self._put(path, new.facts.names, imports_everything(new.facts.body), former)

    def _put(self, path: str, names: bytes, is_star_importer: bool, former: bytes | None = None) -> None:
        self.modules.add(path)
        known = None
        with suppress(CorruptStoreError):  # it is no longer in the store, and only a help
            known = None if former is None else NAMES.decompress(former)
        self._names.put(path, NAMES.decompress(names), known)
        if is_star_importer:
            self._star_importers.add(path)
        else:
            self._star_importers.discard(path)
