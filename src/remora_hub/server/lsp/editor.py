"""One editor's session: what it can do, what it has open, and how it is answered in its own terms."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Literal, TypeVar

import msgspec

from remora_hub.answers import Place
from remora_hub.query.index import Index
from remora_hub.server.backend import LiveBackend
from remora_hub.server.connection import Connection
from remora_hub.server.lsp.announced import Announced
from remora_hub.server.lsp.open_documents import OpenDocuments
from remora_hub.server.lsp.params import PositionParams
from remora_hub.server.lsp.shown_symbol import ShownSymbol
from remora_hub.server.lsp.translation import Translation
from remora_hub.server.lsp.uris import RootUris

T = TypeVar("T")
Trace = Literal["off", "messages", "verbose"]
Requests = dict[str, tuple[type[msgspec.Struct], Callable[["Editor", Any], Awaitable[object]]]]
"""By name: the type of the parameters, and the coroutine that answers."""
Notifications = dict[str, tuple[type[msgspec.Struct], Callable[["Editor", Any], None]]]
"""By name: the type of the parameters, and what is done."""


class Editor:
    """Begins with ``initialize``, ends with the connection. ``folders`` are the URIs of its workspace."""

    def __init__(
        self, connection: Connection, backend: LiveBackend, capabilities: object, folders: Iterable[str]
    ) -> None:
        self.connection = connection
        self.backend = backend
        self.announced = Announced(capabilities)
        self.encoding = self.announced.encoding
        self.uris = RootUris(backend.root, folders)
        self.shown_symbol = ShownSymbol(self.uris, self.encoding)
        self.documents = OpenDocuments(backend, connection.spawn, self.encoding)
        self.trace: Trace = "off"
        self.is_shut_down = False

    async def ask(
        self,
        question: Callable[[Index, Translation], T],
        *,
        thorough: bool = False,
    ) -> T:
        """Answer a question with what is unsaved in this editor in the places of the stored files."""
        await self.backend.opened()
        overlays = await self.documents.overlays()
        return await self.backend.ask(
            lambda index: question(index, Translation(index, self.uris, self.encoding)),
            overlays,
            thorough=thorough,
        )

    async def ask_about(
        self, uri: str, question: Callable[[Index, Translation, str], T], *, thorough: bool = False
    ) -> T | None:
        """The same of a document, whose path the question is given; None if it is not in the index."""
        path = self.uris.path(uri)
        if path is None:
            return None

        def of_known(index: Index, translation: Translation) -> T | None:
            return None if index.file(path) is None else question(index, translation, path)

        return await self.ask(of_known, thorough=thorough)

    async def ask_at(
        self,
        params: PositionParams,
        question: Callable[[Index, Translation, Place], T],
        *,
        thorough: bool = False,
    ) -> T | None:
        """The same of a position in a document."""
        return await self.ask_about(
            params.text_document.uri,
            lambda index, translation, path: question(
                index, translation, translation.place(path, params.position)
            ),
            thorough=thorough,
        )
