"""Reading the configuration again: which changes a running hub takes up, how, and one reload after the other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from remora_hub.config import HubConfig, values_by_name
from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.errors import ConfigError
from remora_hub.logs import get_logger

# By section. A new session is for what decides which files the index holds, which takes a walk, and for what processes,
# threads, watches and connections to the database are made with.
_AT_ONCE = frozenset({"logs", "server", "client", "daemon", "http"})
_BY_NEW_SESSION = frozenset(
    {"discovery", "index", "changes", "store", "watch", "enrich.embed", "enrich.summarize"}
)
_EXCEPTIONS = {
    "index.progress": "restart",
    "index.lane_idle_s": "at once",
    "changes.change_queue_size": "at once",
    "changes.backpressure": "at once",
    "watch.reconcile_interval_s": "at once",
}

_REMEDY = "correct it and reload; until then the old one stays in force"

log = get_logger(__name__)


class ConfigChange(msgspec.Struct, frozen=True):
    """What differs: ``section.key`` to the value before and the one after.

    ``at_once``: nothing is disturbed. ``by_new_session``: the index is closed and opened again, clients stay
    connected. ``after_restart``: not before; ``config`` is the new configuration with these keys as they were.
    """

    config: HubConfig
    at_once: Mapping[str, tuple[Any, Any]]
    by_new_session: Mapping[str, tuple[Any, Any]]
    after_restart: Mapping[str, tuple[Any, Any]]

    @property
    def report(self) -> dict[str, Any]:
        """For clients: what is ``applied``, each key with its values ``from`` and ``to``; what ``needs_restart``."""
        return {
            "applied": _plain({**self.at_once, **self.by_new_session}),
            "needs_restart": _plain(self.after_restart),
        }


def compare(current: HubConfig, wanted: HubConfig) -> ConfigChange:
    """The way from one configuration to another."""
    before, after = values_by_name(current), values_by_name(wanted)
    found: dict[str, dict[str, tuple[Any, Any]]] = {"at once": {}, "session": {}, "restart": {}}
    for name, value in after.items():
        if before[name] != value:
            found[_way(name)][name] = before[name], value
    for name in found["restart"]:
        section, _, key = name.partition(".")
        value = getattr(getattr(current, section), key)
        kept = msgspec.structs.replace(getattr(wanted, section), **{key: value})
        wanted = msgspec.structs.replace(wanted, **{section: kept})
    return ConfigChange(wanted, found["at once"], found["session"], found["restart"])


class Reloads:
    """Reloads, one at a time: ``load`` reads the configuration, ``current`` is the one in force, ``take_up`` puts the
    new one in its place. The service manager is told when one begins and ends.
    """

    def __init__(
        self,
        load: Callable[[], HubConfig],
        manager: ServiceManager,
        current: Callable[[], HubConfig],
        take_up: Callable[[ConfigChange], Awaitable[None]],
    ) -> None:
        self._load = load
        self._manager = manager
        self._current = current
        self._take_up = take_up
        self._one_at_a_time = asyncio.Lock()
        self._is_requested = False
        self._task: asyncio.Task[None] | None = None

    async def reload(self) -> dict[str, Any]:
        """What changed, as ``ConfigChange.report``. Raises ConfigError, with everything as it was."""
        async with self._one_at_a_time:
            self._manager.reloading()
            try:
                change = compare(self._current(), await asyncio.to_thread(self._load))
                await self._take_up(change)
            except ConfigError as error:
                log.warning("config.refused", reason=str(error), remedy=_REMEDY)
                raise
            finally:
                self._manager.ready()
            applied = _sentence({**change.at_once, **change.by_new_session})
            log.info("config.reloaded", applied=applied, needs_restart=_sentence(change.after_restart))
            return change.report

    def request(self) -> None:
        """Reload soon, on the event loop. Requests that come during a reload are granted by one more behind it."""
        self._is_requested = True
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._grant())

    async def close(self) -> None:
        """End what was requested."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _grant(self) -> None:
        while self._is_requested:
            self._is_requested = False
            with contextlib.suppress(ConfigError):  # it is logged
                await self.reload()


def _way(name: str) -> str:
    section = name.rpartition(".")[0]
    if (exception := _EXCEPTIONS.get(name)) is not None:
        return exception
    if section in _AT_ONCE:
        return "at once"
    return "session" if section in _BY_NEW_SESSION else "restart"


def _plain(changes: Mapping[str, tuple[Any, Any]]) -> dict[str, Any]:
    return {name: {"from": before, "to": after} for name, (before, after) in changes.items()}


def _sentence(changes: Mapping[str, tuple[Any, Any]]) -> str:
    told = [f"{name} from {before} to {after}" for name, (before, after) in changes.items()]
    return ", ".join(told) or "nothing"
