"""Where git keeps the ignore rules that lie outside a project's own directories."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path
from typing import NamedTuple

_MAX_IGNORE_FILE_BYTES = 4_000_000
_GIT_ANSWERS_WITHIN_S = 2.0


class WorkTree(NamedTuple):
    """The git work tree a directory lies in: its top, and its ``info/exclude`` (which need not exist)."""

    top: Path
    info_exclude: Path


def find_work_tree(directory: Path) -> WorkTree | None:
    """The work tree around ``directory``, or None; ``.git`` may be a directory or a file (gitrepository-layout(5))."""
    for top in (directory, *directory.parents):
        git_directory = _git_directory(top / ".git")
        if git_directory is not None:
            return WorkTree(top, _common_directory(git_directory) / "info" / "exclude")
    return None


def global_ignore_file(directory: Path) -> Path:
    """The user's ignore file: ``core.excludesFile`` as git sees it from ``directory``, else its default place."""
    command = ["git", "-C", str(directory), "config", "--path", "--get", "core.excludesFile"]
    try:
        answer = subprocess.run(command, capture_output=True, timeout=_GIT_ANSWERS_WITHIN_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        answer = None  # no git on this machine, or one that hangs: its default place still holds
    configured = os.fsdecode(answer.stdout).rstrip("\n") if answer and answer.returncode == 0 else ""
    if configured:
        return directory / configured
    home = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    return Path(home) / "git" / "ignore"


def read_ignore_file(path: str | Path, *, follow_link: bool) -> bytes:
    """The content of an ignore file; empty where there is none that can be read, as git has it.

    git does not follow a ``.gitignore`` that is a symbolic link (since 2.32), but does follow the other files.
    Only a regular file is read, and of that no more than 4 MB, so that a FIFO or device can hold nothing up.
    """
    flags = os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY | (0 if follow_link else os.O_NOFOLLOW)
    try:
        if not stat.S_ISREG(os.stat(path, follow_symlinks=follow_link).st_mode):
            return b""
        with open(os.open(path, flags), "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                return b""
            return file.read(_MAX_IGNORE_FILE_BYTES)
    except OSError:
        return b""  # git warns and goes on without the file; a walk has no one to warn


def _git_directory(dot_git: Path) -> Path | None:
    if not os.path.isdir(dot_git):  # unlike Path.is_dir, no error where a directory above may not be searched
        content = read_ignore_file(dot_git, follow_link=True)
        if not content.startswith(b"gitdir:"):
            return None
        dot_git = dot_git.parent / os.fsdecode(content.removeprefix(b"gitdir:").strip())
    return dot_git if os.path.lexists(dot_git / "HEAD") else None


def _common_directory(git_directory: Path) -> Path:
    """The directory that linked work trees share, where ``info/exclude`` is kept."""
    shared = read_ignore_file(git_directory / "commondir", follow_link=True).strip()
    return Path(os.path.normpath(git_directory / os.fsdecode(shared))) if shared else git_directory
