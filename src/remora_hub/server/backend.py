"""What the endpoint's methods need of the hub behind them; the daemon provides it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from remora_hub.answers import SearchResults
from remora_hub.facts import PackedFile
from remora_hub.feed.feed import Feed
from remora_hub.metrics.catalogue import Samples
from remora_hub.query.index import Index
from remora_hub.query.symbol_rows import Show
from remora_hub.server.summaries import Summaries
from remora_hub.server.viewed_files import ViewedFiles
from remora_hub.store.node_state_store import NodeStateStore

T = TypeVar("T")


class Indexing(NamedTuple):
    """How far a cold start is, in files."""

    done: int
    pending: int


class Backend(Protocol):
    """What there is to be asked: a running hub, or an index without one."""

    @property
    def store(self) -> NodeStateStore:
        """The open store. Raises StoreError (recoverable) while it is being opened or rebuilt."""

    @property
    def feed(self) -> Feed:
        """Live commits; as ``store``."""

    @property
    def pending(self) -> int:
        """Files known to be behind the disk: waiting, being worked on, or still to be reached by the cold start."""

    @property
    def degraded(self) -> str | None:
        """What keeps the index from being true right now, and the remedy, on one line; None while nothing does."""

    @property
    def summaries(self) -> Summaries:
        """What models wrote on nodes."""

    @property
    def viewed(self) -> ViewedFiles:
        """Where answers note which files they show."""

    async def opened(self) -> None:
        """Return once the store is open. Raises StoreError (recoverable) if that takes too long."""

    async def status(self) -> dict[str, Any]:
        """How the hub stands, as plain values."""

    async def metrics(self) -> Samples:
        """What is counted, and how the hub stands, as numbers. Raises NotRunningError without a daemon."""

    async def sync(self, timeout_s: float | None) -> None:
        """Return once everything on disk before the call is in the index. Raises SyncTimeoutError, RootError."""

    async def search_symbols(
        self,
        query: str,
        kind: str | None,
        limit: int,
        path: str | None = None,
        *,
        show: Show[T],
    ) -> list[T]:
        """Search for symbols by name; they are given as ``show`` makes them."""

    async def search(self, query: str, kind: str | None, limit: int, path: str | None) -> SearchResults:
        """Search by meaning, names and text."""

    async def ask(
        self,
        question: Callable[[Index], T],
        overlays: Mapping[str, PackedFile] | None = None,
        *,
        thorough: bool = False,
    ) -> T:
        """Answer a question from the index, ``overlays`` in the places of the stored files; as ``QueryEngine.ask``."""

    async def reload(self) -> dict[str, Any]:
        """Read the configuration anew; what is ``applied``, and what ``needs_restart``. Raises ConfigError."""

    def stop(self) -> None:
        """Begin to shut down."""


class LiveBackend(Backend, Protocol):
    """A running hub, as editors need it."""

    @property
    def root(self) -> Path:
        """The project's root, a real path."""

    @property
    def indexing(self) -> Indexing | None:
        """How far the cold start is; None once it is over."""

    @property
    def is_first_index(self) -> bool:
        """Whether the first index of this store is being made, so that answers are provisional."""

    @property
    def max_file_bytes(self) -> int:
        """The largest file that is indexed, and the longest unsaved text."""

    async def extract(self, path: str, data: bytes) -> PackedFile | None:
        """The facts of bytes that are not on disk; None if no parse lane could make any."""

    def digest_of(self, data: bytes) -> str:
        """What the store tells contents apart by."""

    async def look_at(self, paths: Iterable[str]) -> None:
        """Have these paths compared with the disk soon: a client says that they changed."""
