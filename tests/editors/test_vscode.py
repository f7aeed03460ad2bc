"""VS Code, as code-server and a headless browser show it, with the extension of config/editors/vscode."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from remora_hub.client import Client

EXTENSION = Path(__file__).parents[2] / "config" / "editors" / "vscode"
DRIVER = Path(__file__).parent / "vscode_driver"
FETCHED = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "remora-hub" / "editors" / "vscode"
)
LONGEST_S = 90.0
_STEP_S = 0.1

VIEWS, USE = "app/views.py", (4, 30)  # where make_user is called


class VSCode:
    """A server and a browser that shows it; ``ask`` has the driver do something in it."""

    def __init__(self, server: subprocess.Popen[bytes], driver: Path) -> None:
        self.pid = server.pid
        self._connection = socket.socket(socket.AF_UNIX)
        self._connection.settimeout(LONGEST_S)
        deadline = time.monotonic() + LONGEST_S
        while self._connection.connect_ex(str(driver)):
            assert time.monotonic() < deadline, "VS Code does not start the driver"
            time.sleep(_STEP_S)  # nothing announces the socket
        self._answers = self._connection.makefile("rb")

    def ask(self, *step: object) -> Any:
        self._connection.sendall(json.dumps(step).encode() + b"\n")
        return json.loads(self._answers.readline())

    def until(self, wanted: object, *step: object) -> None:
        """Ask again until that is answered: VS Code answers without a server that is only just starting."""
        deadline = time.monotonic() + LONGEST_S
        while (answer := self.ask(*step)) != wanted:
            assert time.monotonic() < deadline, answer
            time.sleep(_STEP_S)  # an editor announces no answer that is to change

    def close(self) -> None:
        self._answers.close()
        self._connection.close()


@pytest.fixture
def vscode(project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[VSCode]:
    browser = shutil.which("chromium")
    if browser is None or not (FETCHED / "code-server").exists():
        pytest.skip("no VS Code was found: scripts/editors install vscode")
    home, driver, web = tmp_path / "vscode", tmp_path / "driver", tmp_path / "web"
    extensions = home / "extensions"
    shutil.copytree(DRIVER, extensions / "driver-0.0.1")
    shutil.copytree(EXTENSION, extensions / "remora-hub-0.1.0", ignore=shutil.ignore_patterns("node_modules"))
    shutil.copytree(FETCHED / "extension" / "node_modules", extensions / "remora-hub-0.1.0" / "node_modules")
    # VS Code takes PATH from a login shell.
    settings = {"remora-hub.command": [str(Path(sys.executable).parent / "remora-hub"), "lsp"]}
    (home / "Machine").mkdir()
    (home / "Machine" / "settings.json").write_text(json.dumps(settings))
    monkeypatch.setenv("DRIVER_SOCKET", str(driver))
    port = free_port()
    server = subprocess.Popen(
        [FETCHED / "code-server", "--auth=none", f"--bind-addr=127.0.0.1:{port}", f"--user-data-dir={home}",
         f"--extensions-dir={extensions}", "--disable-telemetry", "--disable-update-check",
         "--disable-workspace-trust", project],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    wait_for_port(port)
    shown = subprocess.Popen(
        [browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
         "--disable-background-networking", "--disable-component-update", "--disable-sync",
         "--remote-debugging-port=0", f"--user-data-dir={web}", f"http://127.0.0.1:{port}/?folder={project}"],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    editor = None
    try:
        editor = VSCode(server, driver)
        yield editor
    finally:
        if editor is not None:
            editor.close()
        for process in (shown, server):
            end_family(process)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int) -> None:
    deadline = time.monotonic() + LONGEST_S
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), LONGEST_S):
            return
        assert time.monotonic() < deadline, "code-server does not listen"
        time.sleep(_STEP_S)  # nothing announces that it listens


def end_family(process: subprocess.Popen[bytes]) -> None:
    family: list[psutil.Process] = []
    with suppress(psutil.NoSuchProcess):
        parent = psutil.Process(process.pid)
        family = [*parent.children(recursive=True), parent]
    for one in family:
        with suppress(psutil.NoSuchProcess):
            one.kill()
    process.wait()


@pytest.mark.timeout(300)
def test_a_user_of_vscode(
    vscode: VSCode, other_client: Callable[[], Client], dies_alone: Callable[[Any], None]
) -> None:
    """One scenario: VS Code takes ten seconds to start."""
    assert vscode.ask("open", VIEWS) == "python"
    hub = other_client()
    vscode.until([["app/models.py", 10]], "definition", VIEWS, *USE)
    assert vscode.ask("references", VIEWS, *USE) == [
        ["app/models.py", 10], ["app/reports.py", 0], ["app/reports.py", 2], [VIEWS, 2], [VIEWS, 4]
    ]  # fmt: skip
    assert vscode.ask("symbols", "UsSt") == [["UserStore", "app/models.py", 3]]

    assert vscode.ask("type", "def just_typed(): pass\n")
    assert vscode.ask("outline", VIEWS) == ["FIRST", "first_user", "just_typed"]
    assert not hub.symbols("just_typed", sync=True).symbols
    assert vscode.ask("save")
    assert [one.path for one in hub.symbols("just_typed", sync=True).symbols] == [VIEWS]

    dies_alone(vscode)
