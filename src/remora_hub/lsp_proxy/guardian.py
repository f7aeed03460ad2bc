"""The process between an editor's proxy and the daemon that it starts, until that answers.

A daemon must not be a descendant of an editor, which may end all of its own: VS Code does, and people do. Nor is the
guardian, whose own parent ends at once: nobody has to wait for it. All are forks of the proxy, as daemon(7) has it. A
new interpreter would take a tenth of the time to the first answer; a proxy that has run for long starts one all the
same, for the hub may have been updated since.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

from remora_hub.errors import HubError
from remora_hub.lsp_proxy.hub_fork import HubFork, close_inherited

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import NoReturn

    from remora_hub.lsp_proxy.hub_link import Places

_LOOK_EVERY_MS = 20
_MOST_BYTES = 4096  # less than a pipe holds


class Guardian:
    """A fork of the proxy, which has one thread, that forks the daemon and waits until it ends or is let go."""

    def __init__(self, places: Places, options: Sequence[str], *, in_place: bool) -> None:
        """``options`` are further ones of ``remora-hub run``; ``in_place`` the fork becomes it, by ``HubFork``.

        Raises OSError where there is no process to be had.
        """
        held, self._leash = os.pipe()
        try:
            self._report, told = os.pipe()
            try:
                self._begin(places, options, in_place, held, told)
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

    def _begin(self, places: Places, options: Sequence[str], in_place: bool, held: int, told: int) -> None:
        parent = os.fork()
        if parent == 0:
            is_hub = False
            try:
                if os.fork() == 0:
                    os.close(self._leash)
                    code, words = _guard(places, options, in_place, held)
                    os.write(told, f"{code} {words}".encode(errors="replace")[:_MOST_BYTES])
            except HubFork:
                is_hub = True
                raise
            except OSError as error:
                os.write(told, f"1 cannot start a hub: {error.strerror}".encode())
            finally:
                if not is_hub:
                    os._exit(0)
        with suppress(ChildProcessError):  # where such signals are ignored, the kernel has seen to it
            os.waitpid(parent, 0)


def _guard(places: Places, options: Sequence[str], in_place: bool, leash: int) -> tuple[int, str]:
    """The daemon's exit code and last words; 0 and none once it is let go."""
    from pathlib import Path

    from remora_hub.launch import StartLog, run_arguments
    from remora_hub.paths import StatePaths

    os.setsid()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # else nobody is told how the daemon ended
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # the editor's, who must see their end
        os.dup2(nowhere, descriptor)
    paths = StatePaths(Path(places.root), Path(places.state_dir))
    try:
        log = StartLog(paths)
    except HubError as error:
        return error.exit_code, str(error)
    daemon = os.fork()
    if daemon == 0:
        _become_hub(run_arguments(paths, options), log.descriptor, in_place)
    log.close()
    letting_go = select.poll()
    letting_go.register(leash, select.POLLHUP)
    while not letting_go.poll(_LOOK_EVERY_MS):
        has_ended, status = os.waitpid(daemon, os.WNOHANG)
        if has_ended:
            code = os.waitstatus_to_exitcode(status)
            return (code if code >= 0 else 1), log.last_words()
    return 0, ""


def _become_hub(arguments: Sequence[str], log: int, in_place: bool) -> NoReturn:
    """In a session of its own, with nothing of the editor's. Raises HubFork, or is another program."""
    os.setsid()
    os.chdir("/")
    for descriptor in (1, 2):
        os.dup2(log, descriptor)
    if in_place:
        raise HubFork(arguments)
    try:
        close_inherited()
        command = [sys.executable, "-P", "-m", "remora_hub", *arguments]
        os.execv(sys.executable, command)  # noqa: S606 - no shell, and nothing of anybody's in it
    except OSError as error:
        os.write(2, f"remora-hub: cannot run {sys.executable}: {error.strerror}\n".encode())
    finally:
        os._exit(1)
