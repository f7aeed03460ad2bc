"""The process between an editor's proxy and the daemon that it starts, until that answers.

A daemon must not be a descendant of an editor, which may end all of its own: VS Code does, and people do. Nor is the
guardian, whose own parent ends at once: nobody has to wait for it.
"""

from __future__ import annotations

import os
import select
import signal
from contextlib import suppress

from remora_hub.errors import HubError

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence

    from remora_hub.lsp_proxy.hub_link import Places

_LOOK_EVERY_MS = 20
_MOST_BYTES = 4096  # less than a pipe holds


class Guardian:
    """A fork of the proxy, which has one thread, that starts the daemon and waits until it ends or is let go."""

    def __init__(self, places: Places, options: Sequence[str]) -> None:
        """``options`` are further ones of ``remora-hub run``. Raises OSError where there is no process to be had."""
        held, self._leash = os.pipe()
        try:
            self._report, told = os.pipe()
            try:
                self._begin(places, options, held, told)
            except OSError:
                os.close(self._report)
                raise
            finally:
                os.close(told)
        except OSError:
            os.close(self._leash)
            raise
        finally:
            os.close(held)
        os.set_blocking(self._report, False)

    def let_go(self) -> None:
        """The daemon answers: it has no parent from now on but the system's first process."""
        os.close(self._leash)
        os.close(self._report)

    def ending(self) -> tuple[int, str] | None:
        """The exit code and last words of a daemon that ended before it was let go; None while it has not.

        Asked no more once it is told.
        """
        try:
            told = os.read(self._report, _MOST_BYTES).decode(errors="replace")
        except BlockingIOError:
            return None
        self.let_go()
        code, _, words = told.partition(" ")
        return int(code or 1), words or "the start of the hub was ended without a word"

    def _begin(self, places: Places, options: Sequence[str], held: int, told: int) -> None:
        parent = os.fork()
        if parent == 0:
            try:
                if os.fork() == 0:
                    os.close(self._leash)
                    code, words = _guard(places, options, held)
                    os.write(told, f"{code} {words}".encode(errors="replace")[:_MOST_BYTES])
            except OSError as error:
                os.write(told, f"1 cannot start a hub: {error.strerror}".encode())
            finally:
                os._exit(0)
        with suppress(ChildProcessError):  # where such signals are ignored, the kernel has seen to it
            os.waitpid(parent, 0)


def _guard(places: Places, options: Sequence[str], leash: int) -> tuple[int, str]:
    """The daemon's exit code and last words; 0 and none once it is let go."""
    from pathlib import Path

    from remora_hub.launch import LaunchedDaemon
    from remora_hub.paths import StatePaths

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody is told how the daemon ended
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # the editor's, who must see their end
        os.dup2(nowhere, descriptor)
    try:
        daemon = LaunchedDaemon(StatePaths(Path(places.root), Path(places.state_dir)), options)
    except HubError as error:
        return error.exit_code, str(error)
    letting_go = select.poll()
    letting_go.register(leash, select.POLLHUP)
    while not letting_go.poll(_LOOK_EVERY_MS):
        code = daemon.exit_code()
        if code is not None:
            return (code if code >= 0 else 1), daemon.last_words()
    return 0, ""
