"""``remora-hub lsp --no-daemon``: the hub in the main thread, the editor's pump in another."""

from __future__ import annotations

import asyncio
import queue
import threading
from functools import partial
from pathlib import Path

from remora_hub.cli.common_options import CommonOptions
from remora_hub.config import load_config
from remora_hub.daemon.event_loop import run_loop
from remora_hub.daemon.hub import Hub
from remora_hub.errors import AlreadyRunningError, HubError
from remora_hub.logs import configure_logs
from remora_hub.lsp_proxy.command import say
from remora_hub.lsp_proxy.hub_link import Places, connect, find_places
from remora_hub.lsp_proxy.proxy import Proxy
from remora_hub.paths import StatePaths


def serve_alone(options: CommonOptions) -> int:
    """Serve one editor; the exit code once it is gone, 1 if a signal ended the hub before."""
    own = _OwnHub(options)
    codes: list[int] = []

    def find(folder: str | None) -> Places:
        places = find_places(folder, options.directory, options.state_dir)
        if (running := connect(places)) is not None:
            running.close()
            say(f"a hub of {places.root} runs already: it is used")
        return places

    def pump() -> None:
        try:
            codes.append(Proxy(find, own, say).run())
        finally:
            own.close()

    threading.Thread(target=pump, name="editor", daemon=True).start()
    own.run()
    return codes[0] if codes else 1


class _OwnHub:
    """A ``launcher.Launcher`` whose hub runs in the main thread."""

    def __init__(self, options: CommonOptions) -> None:
        self._options = options
        self._wanted: queue.SimpleQueue[Places | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._is_launched = self._is_closing = False
        self._failure: str | None = None
        self._running: tuple[asyncio.AbstractEventLoop, Hub] | None = None

    def launch(self, places: Places) -> None:
        """Have the main thread run a hub, unless it does."""
        with self._lock:
            if not self._is_launched:
                self._is_launched = True
                self._wanted.put(places)

    def answers(self) -> None:
        """Whichever hub it is, there is nothing to do: its own one ends by itself where another one runs."""

    def failure(self) -> str | None:
        """Why the last one ended, told once."""
        with self._lock:
            failure, self._failure = self._failure, None
            return failure

    def close(self) -> None:
        """The editor is gone: end the hub."""
        with self._lock:
            self._is_closing = True
            if self._running is not None:
                loop, hub = self._running
                loop.call_soon_threadsafe(partial(hub.stop, for_all=False))
        self._wanted.put(None)

    def run(self) -> None:
        """In the main thread: run a hub whenever one is wanted, until ``close`` or a signal."""
        while (places := self._wanted.get()) is not None:
            try:
                self._run_hub(places)
                return  # stopped: by ``close``, by a client, or by a signal
            except AlreadyRunningError as error:
                say(f"{error}: it is used")
                failure = None
            except HubError as error:
                failure = str(error)
            with self._lock:
                self._failure = failure
                self._is_launched = False

    def _run_hub(self, places: Places) -> None:
        paths = StatePaths(Path(places.root), self._options.state_dir)
        overrides = {"logs.level": "debug", **self._options.overrides} if self._options.verbose else None
        config = load_config(paths.root, overrides or self._options.overrides).config
        configure_logs(config.logs.level, config.logs.format)

        async def main() -> None:
            hub = Hub(paths, config)
            with self._lock:
                if self._is_closing:
                    return
                self._running = asyncio.get_running_loop(), hub
            try:
                await hub.run()
            finally:
                with self._lock:
                    self._running = None

        run_loop(main)
