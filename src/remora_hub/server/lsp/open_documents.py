"""The documents an editor has open: their text, and the facts of those that differ from what is stored.

They belong to one connection: nobody else sees what is not saved.
"""

from __future__ import annotations

import asyncio
import codecs
import contextlib
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from typing import Any

from remora_hub.errors import HubError
from remora_hub.facts import PackedFile
from remora_hub.logs import get_logger
from remora_hub.server.backend import LiveBackend
from remora_hub.text_document import TextDocument

_LONGEST_WAIT_S = 2.0
_MOST_OPEN_BYTES = 64 << 20  # of all open documents of one editor; further ones are seen as they are on disk

Spawn = Callable[[Coroutine[Any, Any, None]], None]

log = get_logger(__name__)


class OpenDocument:
    """One document; ``text`` is None while it is too long to be looked at.

    ``facts`` are those of the newest text that has any, None while that equals the stored file, whose digest is
    ``digest`` then. ``is_level`` is set while no text waits to be looked at.
    """

    def __init__(self, path: str, text: TextDocument) -> None:
        self.path = path
        self.text: TextDocument | None = text
        self.size = text.size
        self.digest = ""
        self.facts: PackedFile | None = None
        self.refused = ""  # the digest of a text no lane could extract
        self.changes = 0  # of the text so far
        self.is_level = asyncio.Event()
        self.is_level.set()


class OpenDocuments:
    """By URI. A text that equals the stored file costs nothing: digests are compared."""

    def __init__(self, backend: LiveBackend, spawn: Spawn, encoding: str) -> None:
        self._backend = backend
        self._spawn = spawn
        self._encoding = encoding
        self._by_uri: dict[str, OpenDocument] = {}
        self._compared_with: tuple[str, int] | None = None

    @property
    def paths(self) -> list[str]:
        """Where they are, relative to the root."""
        return [document.path for document in self._by_uri.values()]

    def open(self, uri: str, path: str, text: str) -> None:
        """Take a document: from now on its text is the editor's."""
        if sum(document.size for document in self._by_uri.values()) + len(text) > _MOST_OPEN_BYTES:
            log.warning("document.left_out", path=path, reason="too much text is open")
            return
        document = self._by_uri[uri] = OpenDocument(path, TextDocument(text, self._encoding))
        self._look_at(document)

    def change(self, uri: str, changes: Sequence[Mapping[str, Any]]) -> None:
        """Apply an editor's changes. Raises KeyError, TypeError or ValueError if they are none."""
        document = self._by_uri.get(uri)
        if document is None:
            return
        if document.text is None:
            whole = [number for number, change in enumerate(changes) if change.get("range") is None]
            if not whole:
                return  # what it would change was not kept
            document.text, changes = TextDocument("", self._encoding), changes[whole[-1] :]
        document.text.apply(changes)
        self._look_at(document)

    def close(self, uri: str) -> None:
        """The file on disk is the truth again."""
        self._by_uri.pop(uri, None)

    async def overlays(self, *, at_once: bool = False) -> dict[str, PackedFile]:
        """The facts of the documents that differ from the stored files, by path.

        They are of the newest texts, unless it takes over two seconds to make them; or those there are, ``at_once``.
        """
        if not self._by_uri:
            return {}
        await self._compare_with_store()
        if not at_once:
            with contextlib.suppress(TimeoutError):  # the last good ones, then
                async with asyncio.timeout(_LONGEST_WAIT_S):
                    for document in list(self._by_uri.values()):
                        await document.is_level.wait()
        return {
            document.path: document.facts for document in self._by_uri.values() if document.facts is not None
        }

    async def _compare_with_store(self) -> None:
        """Once for each commit: a document may have been saved, or its file changed by somebody else."""
        store = self._backend.store
        state = store.index_id, store.sequence()
        if state == self._compared_with:
            return
        documents = [document for document in self._by_uri.values() if document.is_level.is_set()]
        stored = await self._stored_digests(document.path for document in documents)
        for document in documents:
            is_as_stored = stored.get(document.path) == document.digest
            if document.is_level.is_set() and is_as_stored != (document.facts is None):
                self._look_at(document)
        self._compared_with = state

    def _look_at(self, document: OpenDocument) -> None:
        """Have the newest text's facts made. Of changes that come while that is under way only the last one counts."""
        document.changes += 1
        if document.is_level.is_set():
            document.is_level.clear()
            self._spawn(self._make_level(document))

    async def _make_level(self, document: OpenDocument) -> None:
        try:
            seen = 0
            while seen != document.changes:
                seen = document.changes
                await self._make_facts(document)
        except HubError as error:  # the store is being rebuilt, or the hub stops: the next change tries again
            log.debug("document.not_looked_at", path=document.path, reason=str(error))
        finally:
            document.is_level.set()

    async def _make_facts(self, document: OpenDocument) -> None:
        data = None if document.text is None else _as_on_disk(document.text.text)
        if data is None or len(data) > self._backend.max_file_bytes:
            document.text = document.facts = None
            document.size = 0
            return
        await self._backend.opened()
        document.size = len(data)
        document.digest = self._backend.digest_of(data)
        stored = await self._stored_digests([document.path])
        if stored.get(document.path) == document.digest:
            document.facts = None
        elif document.refused != document.digest:
            facts = await self._backend.extract(document.path, _marked(data))
            if facts is None:
                document.refused = document.digest  # its last good facts stay
            else:
                document.facts = facts

    async def _stored_digests(self, paths: Iterable[str]) -> dict[str, str]:
        wanted = list(paths)
        known = await self._backend.store.read(lambda reader: reader.fingerprints_of(wanted))
        return {path: one.digest for path, one in known.items()}


def _as_on_disk(text: str) -> bytes:
    return text.encode("utf-8", "replace")


def _marked(data: bytes) -> bytes:
    """Where the text may declare another encoding (PEP 263), a mark says that what comes is UTF-8 all the same."""
    return codecs.BOM_UTF8 + data if b"coding" in data[:4096] else data
