"""Clients of the daemon: typed questions and answers, blocking and asynchronous.

``connect`` gives a ``Client``, ``await connect_async`` an ``AsyncClient`` with the same methods. What stands here is
imported when it is first used: none of it loads the hub itself, and asyncio comes with the asynchronous client only.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from remora_hub.answers import Place
    from remora_hub.client.async_client import AsyncClient, connect_async
    from remora_hub.client.client import Client, connect
    from remora_hub.client.results import Changed, Rescan

__all__ = ["AsyncClient", "Changed", "Client", "Place", "Rescan", "connect", "connect_async"]

_HOMES = {
    "AsyncClient": "remora_hub.client.async_client",
    "Changed": "remora_hub.client.results",
    "Client": "remora_hub.client.client",
    "Place": "remora_hub.answers",
    "Rescan": "remora_hub.client.results",
    "connect": "remora_hub.client.client",
    "connect_async": "remora_hub.client.async_client",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
