"""What the endpoint's methods need of the hub behind them; the daemon provides it."""

from __future__ import annotations

from typing import Any, Protocol

from remora_hub.answers import Symbol
from remora_hub.feed.feed import Feed
from remora_hub.store.node_state_store import NodeStateStore


class Backend(Protocol):
    """The running hub."""

    @property
    def store(self) -> NodeStateStore:
        """The open store. Raises StoreError (recoverable) while it is being opened or rebuilt."""

    @property
    def feed(self) -> Feed:
        """Live commits; as ``store``."""

    @property
    def pending(self) -> int:
        """Files known to be behind the disk: waiting, being worked on, or still to be reached by the cold start."""

    async def opened(self) -> None:
        """Return once the store is open. Raises StoreError (recoverable) if that takes too long."""

    async def status(self) -> dict[str, Any]:
        """How the hub stands, as plain values."""

    async def sync(self, timeout_s: float | None) -> None:
        """Return once everything on disk before the call is in the index. Raises SyncTimeoutError, RootError."""

    async def search_symbols(self, query: str, kind: str | None, limit: int) -> list[Symbol]:
        """Search for symbols by name."""

    def stop(self) -> None:
        """Begin to shut down."""
