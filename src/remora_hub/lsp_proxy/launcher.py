"""Starting the daemon for an editor that found none."""

from __future__ import annotations

import sys

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    import subprocess
    from collections.abc import Sequence
    from typing import Protocol

    from remora_hub.lsp_proxy.hub_link import Places

    class Launcher(Protocol):
        """How a hub comes to run where none does."""

        def launch(self, places: Places) -> None:
            """Begin to start one, unless that is under way."""

        def failure(self) -> str | None:
            """Why the last one could not be started, told once; None while that is not known."""


_TEMPORARY_FAILURE = 75  # another hub was just being started


class DaemonLauncher:
    """Starts the daemon as ``remora-hub start`` does, with further command-line ``options``."""

    def __init__(self, options: Sequence[str] = ()) -> None:
        self._options = options
        self._process: subprocess.Popen[bytes] | None = None

    def launch(self, places: Places) -> None:
        """Begin to start one, unless that is under way."""
        if self._process is not None:
            return
        import subprocess

        command = [sys.executable, "-P", "-m", "remora_hub", "start", places.root, *self._options]
        # In a session of its own: the editor's end is not the daemon's, not even while it starts.
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            start_new_session=True,
        )

    def failure(self) -> str | None:
        """Why the last one could not be started, told once."""
        process = self._process
        if process is None or process.poll() is None:
            return None
        self._process = None
        assert process.stderr is not None
        with process.stderr:
            words = process.stderr.read().decode(errors="replace").strip()
        if process.returncode in (0, _TEMPORARY_FAILURE):
            return None
        return words.rpartition("\n")[2] or f"remora-hub start ended with status {process.returncode}"
