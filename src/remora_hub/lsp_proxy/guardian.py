"""The process between an editor's proxy and the daemon that it starts, until that answers.

A daemon must not be a descendant of an editor, which may end all of its own: VS Code does, and people do. Nor is the
guardian, whose own parent ends at once: nobody has to wait for it. All are forks of the proxy, as daemon(7) has it, and
none is a new interpreter: that would be a sixth of the time to the first answer.
"""

from __future__ import annotations

import os
import select
import signal
import sys
from contextlib import suppress

from remora_hub.errors import HubError

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import NoReturn

    from remora_hub.lsp_proxy.hub_link import Places

    RunHub = Callable[[Sequence[str]], int | None]

_LOOK_EVERY_MS = 20
_MOST_BYTES = 4096  # less than a pipe holds


class Guardian:
    """A fork of the proxy, which has one thread, that forks the daemon and waits until it ends or is let go."""

    def __init__(self, places: Places, options: Sequence[str], run_hub: RunHub) -> None:
        """``run_hub`` is ``remora-hub run`` and gives its exit code; ``options`` are further ones for it.

        Raises OSError where there is no process to be had.
        """
        held, self._leash = os.pipe()
        try:
            self._report, told = os.pipe()
            try:
                self._begin(places, options, run_hub, held, told)
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

    def _begin(self, places: Places, options: Sequence[str], run_hub: RunHub, held: int, told: int) -> None:
        parent = os.fork()
        if parent == 0:
            try:
                if os.fork() == 0:
                    os.close(self._leash)
                    code, words = _guard(places, options, run_hub, held)
                    os.write(told, f"{code} {words}".encode(errors="replace")[:_MOST_BYTES])
            except OSError as error:
                os.write(told, f"1 cannot start a hub: {error.strerror}".encode())
            finally:
                os._exit(0)
        with suppress(ChildProcessError):  # where such signals are ignored, the kernel has seen to it
            os.waitpid(parent, 0)


def _guard(places: Places, options: Sequence[str], run_hub: RunHub, leash: int) -> tuple[int, str]:
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
        _become_hub(run_arguments(paths, options), run_hub, log.descriptor)
    log.close()
    letting_go = select.poll()
    letting_go.register(leash, select.POLLHUP)
    while not letting_go.poll(_LOOK_EVERY_MS):
        has_ended, status = os.waitpid(daemon, os.WNOHANG)
        if has_ended:
            code = os.waitstatus_to_exitcode(status)
            return (code if code >= 0 else 1), log.last_words()
    return 0, ""


def _become_hub(arguments: Sequence[str], run_hub: RunHub, log: int) -> NoReturn:
    """In a session of its own, with nothing of the editor's, as if started by a command of its own."""
    code = None
    try:
        os.setsid()
        os.chdir("/")
        for descriptor in (1, 2):
            os.dup2(log, descriptor)
        os.closerange(3, os.sysconf("SC_OPEN_MAX"))
        if not sys.flags.safe_path:
            del sys.path[0]  # the directory of a script, or the editor's own
        sys.argv = ["remora-hub", *arguments]
        code = run_hub(arguments[1:])
    except Exception:  # noqa: BLE001 - as at the end of any program: none of it is the proxy's
        sys.excepthook(*sys.exc_info())
    finally:
        os._exit(1 if code is None else code)
