"""Which paths under a root are Python sources of the project: git's ignore rules, default ignores, globs."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Sequence
from pathlib import Path

from remora_hub.discovery.directory_rules import Chain, DirectoryRules, Stamp
from remora_hub.discovery.ignore_file import IgnoreFile
from remora_hub.discovery.repository import WorkTree, find_work_tree, global_ignore_file, read_ignore_file

IGNORE_FILE = ".gitignore"
ENVIRONMENT_MARKER = "pyvenv.cfg"
SOURCE_SUFFIXES = (".py", ".pyi")

#: Lowest precedence: a project's ``!pattern`` re-includes them. ``build`` and ``dist`` only at the root, and no
#: ``venv``: packages carry these names (the standard library's ``venv``); environments are known by ``pyvenv.cfg``.
DEFAULT_IGNORES: tuple[str, ...] = (
    ".hg/",
    ".svn/",
    ".bzr/",
    "__pycache__/",
    ".venv/",
    "site-packages/",
    "node_modules/",
    ".tox/",
    ".nox/",
    ".eggs/",
    ".mypy_cache/",
    ".pytest_cache/",
    ".ruff_cache/",
    ".hypothesis/",
    ".ipynb_checkpoints/",
    "/build/",
    "/dist/",
)

_NEVER_SOURCE_DIRECTORIES = frozenset({".git", ".remora"})


class SourceRules:
    """Decides by path alone which files are sources; asked by the walk, the watcher and for single paths.

    Paths are ``str`` relative to the root with ``/``; ``""`` is the root. Precedence, highest first: ``.git`` and
    ``.remora`` (never), ``exclude``, the nearest ``.gitignore`` up to the top of the git work tree,
    ``.git/info/exclude``, the user's global ignore file, a directory's ``pyvenv.cfg`` and ``default_ignores``.
    What lies below an ignored directory is ignored. A tracked file that a rule ignores is ignored too. When
    ``include`` is not empty, only files it selects remain. The root itself is never ignored. Thread-safe.
    """

    def __init__(
        self,
        root: Path,
        *,
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        default_ignores: Sequence[str] = DEFAULT_IGNORES,
        respect_git_ignores: bool = True,
    ) -> None:
        self._root = os.path.realpath(root)
        self._include = IgnoreFile.of_patterns(include) if include else None
        self._exclude = IgnoreFile.of_patterns(exclude) if exclude else None
        self._defaults = IgnoreFile.of_patterns(default_ignores)
        self._respect_git_ignores = respect_git_ignores
        self._lock = threading.RLock()
        self._known: dict[str, DirectoryRules] = {}
        self._outer_stamps: dict[tuple[Path, bool], Stamp | None] = {}
        self._info_exclude: str | None = None
        self._awaited = ""  # what a rule can come with that nothing can be read of yet
        self._work_tree: WorkTree | None = None
        self._outer: Chain = self._load_outer()

    @property
    def info_exclude(self) -> str | None:
        """Path of the repository's ``info/exclude`` relative to the root; None where it lies outside the root."""
        return self._info_exclude

    @property
    def git_directory(self) -> str | None:
        """The directory in which git's rules can appear, relative to the root; None where there can be none.

        That is where ``info_exclude`` lies, or ``.git`` while that holds no repository yet, or no such directory.
        """
        directory = self._info_exclude.rpartition("/")[0] if self._info_exclude else None
        if directory is not None and os.path.isdir(os.path.join(self._root, directory)):
            return directory
        return ".git" if self._awaited else None

    def is_source(self, path: str) -> bool:
        """Whether a file of this path would be a source, be it there or not."""
        directory, _, name = path.rpartition("/")
        return name.endswith(SOURCE_SUFFIXES) and self.takes(self.of_directory(directory), path, name)

    def is_ignored_directory(self, path: str) -> bool:
        """Whether nothing in this directory, or below it, is a source."""
        return self.of_directory(path).ignored

    def affects_rules(self, path: str) -> bool:
        """Whether a change to this path can change the answers; ``reload`` its directory then."""
        name = path.rpartition("/")[2]
        return name in (IGNORE_FILE, ENVIRONMENT_MARKER) or self.is_of_git(path)

    def is_of_git(self, path: str) -> bool:
        """Whether a change to this path can change rules that hold everywhere."""
        return path in (".git", self._info_exclude) or (path == self._awaited and path != "")

    def reload(self, directory: str) -> None:
        """Forget what is known of ``directory`` and below; for the root also look at the rules that lie outside it."""
        with self._lock:
            if directory == "" or directory.split("/", 1)[0] == ".git":
                self._known.clear()
                self.refresh_outer()
                return
            if directory not in self._known:
                return  # nor is anything below it: a directory is looked up after the one above it
            below = directory + "/"
            for known in list(self._known):  # at once: a walk in another thread adds to it, without the lock
                if known == directory or known.startswith(below):
                    self._known.pop(known, None)

    def refresh_outer(self) -> None:
        """Read the ignore files above and beside the root again if one of them changed; a full walk begins so.

        Another value of ``core.excludesFile`` is seen only when something else about the repository changed too.
        """
        with self._lock:
            stamps = self._outer_stamps.items()
            changed = any(_stamp(file, follow_link=follow) != stamp for (file, follow), stamp in stamps)
            if changed or (self._respect_git_ignores and find_work_tree(Path(self._root)) != self._work_tree):
                self._known.clear()
                self._outer = self._load_outer()

    def forget_all_but(self, directories: dict[str, int]) -> None:
        """Drop what is known of directories a full walk did not meet."""
        with self._lock:
            self._known = {path: rules for path, rules in list(self._known.items()) if path in directories}

    def takes(self, rules: DirectoryRules, path: str, name: str) -> bool:
        """Whether ``rules``, those of its directory, leave the file ``path``; its suffix is not looked at."""
        if rules.ignored or rules.chain.verdict(path, name, False):
            return False
        if self._exclude is not None and self._exclude.verdict(path, name, False):
            return False
        return self._include is None or self._include.selects_file(path)

    def enter(
        self, parent: DirectoryRules, path: str, name: str, ignore_file: os.DirEntry[str] | None, marked: bool
    ) -> DirectoryRules:
        """The rules inside ``path``, told by a walk that has just listed it.

        ``parent`` holds the rules of the directory above, ``ignore_file`` is the listing's ``.gitignore``,
        ``marked`` tells that it lists a ``pyvenv.cfg``. The root is entered with ``outer_rules()`` as parent.
        """
        stamp = _stamp(ignore_file.path) if ignore_file is not None and self._respect_git_ignores else None
        known = self._known.get(path)
        if (
            known is None
            or known.inherited is not parent.chain
            or (known.stamp, known.marked) != (stamp, marked)
        ):
            known = self._known[path] = self._rules_inside(parent, path, name, stamp, marked)
        return known

    def outer_rules(self) -> DirectoryRules:
        """The rules that reach the root from outside it."""
        return DirectoryRules(self._outer, self._outer)

    def of_directory(self, path: str) -> DirectoryRules:
        """The rules inside a directory, from what is known or else from the disk."""
        known = self._known.get(path)
        if known is not None:
            return known
        with self._lock:
            parts = path.split("/") if path else []
            rules = self.outer_rules()
            for depth in range(len(parts) + 1):
                rules = self._look_up("/".join(parts[:depth]), rules)
                if rules.ignored:
                    break
            return rules

    def ignores_directory(self, parent: DirectoryRules, path: str, name: str) -> bool:
        """Whether the directory is ignored by the rules of the one above it, whatever it holds."""
        if name in _NEVER_SOURCE_DIRECTORIES or parent.chain.verdict(path, name, True):
            return True
        return self._exclude is not None and self._exclude.verdict(path, name, True) is True

    def _look_up(self, path: str, parent: DirectoryRules) -> DirectoryRules:
        rules = self._known.get(path)
        if rules is None:
            location = os.path.join(self._root, path)
            stamp = _stamp(os.path.join(location, IGNORE_FILE)) if self._respect_git_ignores else None
            marked = os.path.lexists(os.path.join(location, ENVIRONMENT_MARKER))
            rules = self._rules_inside(parent, path, path.rpartition("/")[2], stamp, marked)
            self._known[path] = rules
        return rules

    def _rules_inside(
        self, parent: DirectoryRules, path: str, name: str, stamp: Stamp | None, marked: bool
    ) -> DirectoryRules:
        if path and (
            parent.ignored
            or self.ignores_directory(parent, path, name)
            or (marked and parent.chain.verdict(path, name, True) is None)
        ):
            return DirectoryRules(parent.chain, parent.chain, stamp, marked, ignored=True)
        chain = parent.chain
        if stamp is not None:
            content = read_ignore_file(os.path.join(self._root, path, IGNORE_FILE), follow_link=False)
            chain = chain.preceded_by(IgnoreFile(content), cut=len(path) + 1 if path else 0)
        return DirectoryRules(chain, parent.chain, stamp, marked)

    def _load_outer(self) -> Chain:
        """Read the ignore files that lie outside the root's own directories."""
        self._outer_stamps = {}
        self._info_exclude = None
        self._awaited = ""
        chain = Chain().preceded_by(self._defaults)
        return self._with_git_files(chain) if self._respect_git_ignores else chain

    def _with_git_files(self, chain: Chain) -> Chain:
        """``chain`` preceded by git's files, from the one of the lowest precedence on."""
        root = Path(self._root)
        tree = self._work_tree = find_work_tree(root)
        top = tree.top if tree else root
        chain = self._with_outer_file(chain, global_ignore_file(root), top)
        if top != root or tree is None:
            self._awaited = ".git/HEAD"  # which git writes last when it makes a repository
        if tree is None:
            return chain
        chain = self._with_outer_file(chain, tree.info_exclude, top)
        for directory in reversed([above for above in root.parents if above.is_relative_to(top)]):
            chain = self._with_outer_file(chain, directory / IGNORE_FILE, directory, follow_link=False)
        if tree.info_exclude.is_relative_to(root):
            self._info_exclude = tree.info_exclude.relative_to(root).as_posix()
            if self._info_exclude == ".git/info/exclude":
                self._awaited = ".git/info"
        return chain

    def _with_outer_file(self, chain: Chain, file: Path, base: Path, *, follow_link: bool = True) -> Chain:
        self._outer_stamps[file, follow_link] = _stamp(file, follow_link=follow_link)
        prefix = os.path.relpath(self._root, base)
        content = read_ignore_file(file, follow_link=follow_link)
        return chain.preceded_by(IgnoreFile(content), prefix="" if prefix == "." else prefix + "/")


def _stamp(path: str | Path, *, follow_link: bool = False) -> Stamp | None:
    """The stamp of a regular file; None for anything else."""
    try:
        status = os.stat(path, follow_symlinks=follow_link)
    except OSError:
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
