"""Universal Ctags: an index that is made anew each time, and ``readtags``, which looks a name up in it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

_PACKAGE = "universal-ctags"
_MAKER = "Universal Ctags"


class NoCtagsError(Exception):
    """Universal Ctags is neither installed nor to be had."""


@dataclass(frozen=True, slots=True)
class Ctags:
    """The two programs, and where their libraries are if they are not the system's."""

    ctags: str
    readtags: str
    library_path: str = ""

    def index_s(self, root: Path, tags: Path) -> float:
        """Seconds of making ``tags`` from the Python below ``root``, as ctags' manual says: ``-R``."""
        command = [self.ctags, "-R", "--languages=Python", "-f", str(tags), "."]
        return self._timed_s(command, root)

    def lookup_s(self, tags: Path, name: str) -> float:
        """Seconds of looking ``name`` up, a process each time, as an editor's ``:tag`` without the editor."""
        return self._timed_s([self.readtags, "-t", str(tags), name], tags.parent)

    @property
    def version(self) -> str:
        """As it says."""
        return _version(self.ctags, self.library_path)

    def _timed_s(self, command: list[str], directory: Path) -> float:
        started = time.perf_counter()
        subprocess.run(
            command,
            cwd=directory,
            env=_environment(self.library_path),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=True,
        )
        return time.perf_counter() - started


def find_ctags(state: Path) -> Ctags:
    """The one on PATH, else Debian's package, unpacked below ``state``. Raises NoCtagsError."""
    ctags, readtags = shutil.which("ctags"), shutil.which("readtags")
    if ctags and readtags and _MAKER in _version(ctags):
        return Ctags(ctags, readtags)
    unpacked = state / "ctags"
    if not unpacked.exists():
        _unpack_package(unpacked)
    libraries = os.pathsep.join(sorted({str(path.parent) for path in unpacked.rglob("*.so*")}))
    programs = unpacked / "usr" / "bin"
    found = Ctags(str(programs / "ctags-universal"), str(programs / "readtags"), libraries)
    if _MAKER not in _version(found.ctags, libraries):
        raise NoCtagsError(f"{_PACKAGE} was unpacked and does not run")
    return found


def _unpack_package(target: Path) -> None:
    """Download the package and the libraries it needs, and unpack them; nothing is installed, no right is needed."""
    if shutil.which("apt-get") is None or shutil.which("dpkg-deb") is None:
        raise NoCtagsError(f"not on PATH, and no apt to fetch it with: install {_PACKAGE}")
    print(f"fetching {_PACKAGE}", file=sys.stderr)
    downloads = target.with_name("ctags-downloads")
    downloads.mkdir(parents=True, exist_ok=True)
    try:
        listed = _output(
            ["apt-cache", "depends", "--important", "--no-recommends", "--no-suggests", _PACKAGE]
        )
        needed = [line.split()[-1] for line in listed.splitlines() if "Depends:" in line and "<" not in line]
        subprocess.run(
            ["apt-get", "--quiet", "download", _PACKAGE, *needed],
            cwd=downloads,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        for package in sorted(downloads.glob("*.deb")):
            subprocess.run(["dpkg-deb", "--extract", str(package), str(target)], check=True)
    except subprocess.CalledProcessError as error:
        shutil.rmtree(target, ignore_errors=True)
        raise NoCtagsError(
            f"not on PATH, and apt could not fetch {_PACKAGE}: exit code {error.returncode}"
        ) from error


def _version(ctags: str, library_path: str = "") -> str:
    try:
        return _output([ctags, "--version"], library_path).partition("\n")[0]
    except (OSError, subprocess.CalledProcessError):
        return ""


def _output(command: list[str], library_path: str = "") -> str:
    return subprocess.run(
        command, env=_environment(library_path), check=True, capture_output=True, text=True
    ).stdout


def _environment(library_path: str) -> dict[str, str]:
    return {**os.environ, "LD_LIBRARY_PATH": library_path} if library_path else dict(os.environ)
