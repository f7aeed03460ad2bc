"""Who is measured: language servers that a client starts and asks in one and the same way, the hub's among them."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench_projects import UnsuitableError
from bench_results import HUB, Cell
from peers import Peers
from peers_client import LanguageServer
from peers_hub import run_command
from peers_process import ServerError
from peers_sample import Name

from remora_hub.client.blocking import BlockingClient
from remora_hub.errors import HubError, NotRunningError
from remora_hub.paths import STATE_DIRECTORY, StatePaths

LSP = (str(Path(sys.executable).with_name("remora-hub")), "lsp")
_BETWEEN_ASKS_S = 0.005
_LONGEST_INDEX_S = 1800.0
FAILURES = (
    ServerError,
    HubError,
    UnsuitableError,
    TimeoutError,
    OSError,
    subprocess.CalledProcessError,
)
"""What may go wrong with a contender or a project; it becomes the text of a cell."""


class NotOfferedError(ServerError):
    """A server does not announce what it is to be asked."""


@dataclass(frozen=True, slots=True)
class Contender:
    """A language server. ``is_told``: of changed files, by its client, as LSP has it; the hub looks for itself."""

    name: str
    start: Callable[[Path], LanguageServer]
    is_told: bool = True


def hub_contender() -> Contender:
    """The hub behind ``remora-hub lsp``."""
    return Contender(HUB, lambda root: LanguageServer(LSP, root, {}, os.environ), is_told=False)


def peer_contenders(peers: Peers, names: Sequence[str]) -> tuple[list[Contender], dict[str, str]]:
    """Those of ``names`` that could be installed, and for each other one why not."""
    found, missing = [], {}
    for name in names:
        try:
            peers.install(name)
        except subprocess.CalledProcessError as error:
            missing[name] = f"not installed: pip ended with {error.returncode}"
            continue
        found.append(Contender(name, lambda root, name=name: peers.server(name, root)))  # type: ignore[misc]  # a default binds the name of this turn
    return found, missing


def rotated(contenders: Sequence[Contender], turn: int) -> Iterator[Contender]:
    """All of them, beginning with another one each turn: nobody always runs behind the same neighbour."""
    start = turn % len(contenders) if contenders else 0
    yield from contenders[start:]
    yield from contenders[:start]


def failure_of(error: BaseException) -> Cell:
    """The cell of a contender that failed with ``error``, one of ``FAILURES``."""
    if isinstance(error, (NotOfferedError, UnsuitableError)):
        return Cell.failed(str(error))
    if isinstance(error, TimeoutError):
        return Cell.failed(str(error) or "no answer in time")
    if isinstance(error, subprocess.CalledProcessError):
        said = (error.stderr or "").strip().splitlines()
        return Cell.failed(": ".join([f"ended with {error.returncode}", *said[-1:]]))
    return Cell.failed(f"failed: {str(error).splitlines()[0] if str(error) else type(error).__name__}")


async def until_found(server: LanguageServer, query: str, path: str, root: Path, longest_s: float) -> float:
    """Ask for ``query`` until it is found in the file at ``path``; seconds from the call to that answer.

    An early answer may be empty: servers that index behind their answers begin so. Raises TimeoutError, ServerError.
    """
    if not server.offers("workspaceSymbolProvider"):
        raise NotOfferedError("offers no workspace/symbol")
    started = time.perf_counter()
    uri = (root / path).as_uri()
    while (left_s := longest_s - (time.perf_counter() - started)) > 0:
        try:
            found = await server.request("workspace/symbol", {"query": query}, timeout_s=left_s)
        except TimeoutError:
            break
        if any(one["name"] == query and one["location"]["uri"] == uri for one in found or ()):
            return time.perf_counter() - started
        await asyncio.sleep(_BETWEEN_ASKS_S)
    raise TimeoutError(f"a symbol is not found in {longest_s:g} s")


async def ready_server(
    server: LanguageServer, root: Path, opened: str, symbol: Name, longest_s: float
) -> None:
    """Open a file, as an editor has one, and return once the symbol is found: the server knows the project."""
    server.open(opened)
    await until_found(server, symbol.name, symbol.path, root, longest_s)


class HubOnDisk:
    """The hub's daemon of one root, and what it leaves on disk."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.paths = StatePaths(root)

    def forget(self) -> None:
        """Stop it and remove all it knows: the index, and what the user's cache directory keeps of other runs."""
        self.stop()
        shutil.rmtree(self.root / STATE_DIRECTORY, ignore_errors=True)
        clear_caches()

    def index(self) -> dict[str, Any]:
        """Bring the index up to date as a person does; what ``remora-hub index`` prints."""
        done: dict[str, Any] = run_command("index", str(self.root))
        return done

    def stop(self) -> None:
        """Stop the daemon if one runs."""
        with suppress(NotRunningError):
            self.client().close()
            run_command("stop", "--root", str(self.root))

    def start(self) -> None:
        """Start the daemon and return when all on disk is in the index."""
        run_command("start", str(self.root))
        with self.client() as client:
            client.call("hub/sync", {"timeout_s": _LONGEST_INDEX_S}, timeout_s=2 * _LONGEST_INDEX_S)

    def client(self) -> BlockingClient:
        """A connection to the daemon. Raises NotRunningError."""
        return BlockingClient.connect(self.paths)

    def pid(self) -> int:
        """Of the daemon."""
        with self.client() as client:
            return int(client.call("hub/status")["pid"])


def clear_caches() -> None:
    """Empty the cache directory of this run: jedi's parsed modules, the hub's results by digest."""
    cache = Path(os.environ["XDG_CACHE_HOME"])
    shutil.rmtree(cache, ignore_errors=True)
    cache.mkdir(parents=True)
