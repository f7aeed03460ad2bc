"""Other language servers and the projects they are asked about: installed, unpacked and started from one directory.

Both come through pip, at fixed versions, so that a seed draws the same names again. A server sees the project's root
and an environment without packages: what the project imports from others stays unresolved, as it is for the hub.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from peers_client import LanguageServer

PROJECTS = (
    "attrs==26.1.0",
    "celery==5.7.0",
    "flask==3.1.3",
    "networkx==3.6.1",
    "requests==2.34.2",
    "rich==15.0.0",
    "scrapy==2.19.0",
    "tornado==6.6.1",
    "twisted==26.10.0",
    "werkzeug==3.1.9",
)
"""Typed and untyped, old and new, flat and with ``src/``, with their tests."""

OTHER_PROJECTS = ("docutils==0.23", "httpx==0.28.1", "pydantic==2.14.3", "sphinx==9.0.4", "starlette==1.10.0")
"""Held back while the hub's rules are made, to see that they are not made to fit ``PROJECTS``."""

SERVERS = {
    "basedpyright": "basedpyright==1.40.2",
    "jedi": "jedi-language-server==0.47.0",
    "pyrefly": "pyrefly==1.4.1",
    "ty": "ty==0.0.105",
    "zuban": "zuban==0.10.2",
}
_COMMANDS = {
    "basedpyright": ("basedpyright-langserver", "--stdio"),
    "jedi": ("jedi-language-server",),
    "pyrefly": ("pyrefly", "lsp"),
    "ty": ("ty", "server"),
    "zuban": ("zuban", "server"),
}
_PYRIGHT_CONFIG = {"pythonVersion": "3.13", "pythonPlatform": "Linux"}
_PIP = (sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check")


def default_state() -> Path:
    """Where everything is kept unless another directory is named."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(cache, "remora-hub-peers")


@dataclass(frozen=True, slots=True)
class Peers:
    """What is kept in ``state``; every part is made when first asked for and kept."""

    state: Path

    def server(self, name: str, root: Path) -> LanguageServer:
        """A server for ``root``, not started yet. Raises KeyError for a name that is not in ``SERVERS``."""
        command = [str(self.install(name)), *_COMMANDS[name][1:]]
        return LanguageServer(command, root, self._settings(), self._variables())

    def install(self, name: str) -> Path:
        """The program of a server. Raises CalledProcessError if pip fails, KeyError for an unknown name."""
        requirement = SERVERS[name]
        environment = self.state / f"server-{requirement}"
        program = environment / "bin" / _COMMANDS[name][0]
        if not program.exists():
            print(f"installing {requirement}", file=sys.stderr)
            venv.create(environment, with_pip=False, clear=True)
            subprocess.run([*_PIP, "--python", environment, "install", requirement], check=True)
        return program

    def project(self, requirement: str) -> Path:
        """The root of a project's unpacked source distribution. ``requirement`` is ``name==version``."""
        root = self.state / "projects" / requirement.replace("==", "-")
        if not root.exists():
            print(f"unpacking {requirement}", file=sys.stderr)
            name = requirement.partition("==")[0]
            downloads = self.state / "downloads"
            download = ("download", "--no-deps", "--no-binary", name, "--dest", downloads, requirement)
            subprocess.run([*_PIP, *download], check=True)
            with tarfile.open(downloads / f"{root.name}.tar.gz") as archive:
                archive.extractall(root.parent, filter="data")
            (root / "pyrightconfig.json").write_text(json.dumps(_PYRIGHT_CONFIG))  # before the project's own
        return root

    def wheel(self, requirement: str) -> Path:
        """Where a project's wheel is unpacked. It is read, not run: any Python's will do."""
        root = self.state / "wheels" / requirement.replace("==", "-")
        if not root.exists():
            print(f"unpacking {requirement}", file=sys.stderr)
            downloads = self.state / "downloads" / root.name
            only_wheels = ("--no-deps", "--only-binary", ":all:", "--ignore-requires-python")
            subprocess.run([*_PIP, "download", *only_wheels, "--dest", downloads, requirement], check=True)
            partial = root.with_name(f"{root.name}.partial")
            with zipfile.ZipFile(next(downloads.glob("*.whl"))) as archive:
                archive.extractall(partial)  # noqa: S202  # zipfile leaves out what points elsewhere
            partial.rename(root)
        return root

    @property
    def _bare(self) -> Path:
        """An environment without packages."""
        bare = self.state / "bare"
        if not bare.exists():
            venv.create(bare, with_pip=False)
        return bare

    def _settings(self) -> dict[str, Any]:
        """What VS Code's extension sends of its own accord; without it ``src/`` is no place to import from."""
        analysis = {"diagnosticMode": "openFilesOnly", "autoSearchPaths": True}
        return {
            "python": {"pythonPath": str(self._bare / "bin" / "python")},
            "basedpyright": {"analysis": analysis},
        }

    def _variables(self) -> dict[str, str]:
        path = os.pathsep.join((str(self._bare / "bin"), os.environ.get("PATH", os.defpath)))
        inherited = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        return {**inherited, "VIRTUAL_ENV": str(self._bare), "PATH": path}
