"""The process between an editor's proxy and the daemon that it starts, until that answers.

A daemon must not be a descendant of an editor, which may end all of its own: VS Code does, and people do.
"""

from __future__ import annotations

import os
import select
from contextlib import suppress

from remora_hub.errors import HubError

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Sequence

    from remora_hub.lsp_proxy.hub_link import Places

_LOOK_EVERY_MS = 20
_MOST_WORDS = 4096


class Guardian:
    """A fork of the proxy, which has one thread, that starts the daemon and waits until it ends or is let go."""

    def __init__(self, places: Places, options: Sequence[str]) -> None:
        """``options`` are further ones of ``remora-hub run``. Raises OSError where there is no process to be had."""
        held, self._leash = os.pipe()
        self._report, told = os.pipe()
        self._pid = os.fork()
        if self._pid == 0:
            code = 1
            try:
                os.close(self._leash)
                code = _guard(places, options, held, told)
            finally:
                os._exit(code)
        os.close(held)
        os.close(told)

    def let_go(self) -> None:
        """The daemon answers: it has no parent from now on but the system's first process."""
        os.close(self._leash)
        os.waitpid(self._pid, 0)
        os.close(self._report)

    def ending(self) -> tuple[int, str] | None:
        """The exit code and last words of a daemon that ended before it was let go; asked again, None."""
        pid, status = os.waitpid(self._pid, os.WNOHANG)
        if pid == 0:
            return None
        words = os.read(self._report, _MOST_WORDS).decode(errors="replace")
        os.close(self._leash)
        os.close(self._report)
        return os.waitstatus_to_exitcode(status), words


def _guard(places: Places, options: Sequence[str], leash: int, report: int) -> int:
    from pathlib import Path

    from remora_hub.launch import LaunchedDaemon
    from remora_hub.paths import StatePaths

    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1):  # the editor's, who must see their end
        os.dup2(nowhere, descriptor)
    try:
        daemon = LaunchedDaemon(StatePaths(Path(places.root), Path(places.state_dir)), options)
    except HubError as error:
        os.write(report, str(error).encode(errors="replace")[:_MOST_WORDS])
        return error.exit_code
    letting_go = select.poll()
    letting_go.register(leash, select.POLLHUP)
    while not letting_go.poll(_LOOK_EVERY_MS):
        code = daemon.exit_code()
        if code is not None:
            with suppress(OSError):
                os.write(report, daemon.last_words().encode(errors="replace")[:_MOST_WORDS])
            return code if code >= 0 else 1
    return 0
