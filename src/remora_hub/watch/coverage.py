"""Which directories are watched, and how that follows the tree without a gap.

A gap is the time between a directory's listing and its watch. There is none here because a directory counts as
covered only when it was listed again after its watch was armed and showed no directory that has none.
"""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import walk_directories
from remora_hub.watch.hints import is_below
from remora_hub.watch.notifier import Notifier, WatchError
from remora_hub.watch.watched_inodes import watched_inodes

#: Arming takes some 16 µs a directory and holds the interpreter all that time, so that 2,000 directories stop every
#: query for 35 ms: a new directory must not re-arm the main instance, only the young one.
MAX_YOUNG_DIRECTORIES = 256
_ARMING_ATTEMPTS = 5
_CLOSING_ROUNDS = 100
_RESTLESS = "its directories change faster than they can be watched"
_RETIREMENT_S = 2.0


class Coverage:
    """At most three inotify instances: the main one, a young one for directories that came since, one retiring.

    ``directories`` maps each covered directory to the inode it had. Not for the event loop: all methods block; they
    exclude each other. Every method that arms raises ``WatchError`` (what was covered stays so) or ``RootError``.
    """

    def __init__(
        self, root: Path, rules: SourceRules, open_notifier: Callable[[Sequence[str]], Notifier]
    ) -> None:
        self._root = str(root)
        self._rules = rules
        self._open_notifier = open_notifier
        self._lock = threading.Lock()
        self._main: Notifier | None = None
        self._young: Notifier | None = None
        self._young_directories: dict[str, int] = {}
        self._retiring: list[Notifier] = []
        self.directories: dict[str, int] = {}
        #: Set when all had to be let go before it could be armed again; what happened meanwhile is unknown.
        self.had_gap = False

    def begin(self, listed: Callable[[], dict[str, int] | None] | None = None) -> None:
        """Watch everything. Who has walked all behind this names what is lacking (``follow``): that closes the gap.

        ``listed`` may know the directories already.
        """
        with self._lock:
            known = listed() if listed else None
            self._replace_all(known or walk_directories(Path(self._root), self._rules))

    def rearm(self) -> None:
        """Watch everything anew, trusting no watch there is, and no ignore file read before."""
        with self._lock:
            self._rules.reload("")
            found = walk_directories(Path(self._root), self._rules)
            self._replace_all(found)
            self._close_gap([""])

    def recheck(self) -> None:
        """Watch anew what lost its watch, or may have: events were lost, and with them what became of directories.

        Takes no trust but in the kernel's own list of watches; where there is none, all is watched anew. It tells
        nothing of two directories that have one inode number (mounted twice, or on a file system made of several).
        """
        watched = watched_inodes()
        if watched is None:
            self.rearm()
            return
        with self._lock:
            self._rules.reload("")
            paths = Counter(self.directories.values())
            self._forget(
                path for path, inode in self.directories.items() if inode not in watched or paths[inode] > 1
            )
            self._close_gap([""])

    def follow(self, directories: Iterable[str], distrusted: Iterable[str] = ()) -> None:
        """Cover what now lies below ``directories`` and forget what does not.

        ``distrusted`` directories may have been replaced by others, with the same name and even the same inode.
        """
        with self._lock:
            for directory in distrusted:
                self._forget(path for path in self.directories if is_below(path, directory))
            self._close_gap(list(directories))

    def unwatch_ignored(self, directories: Iterable[str]) -> None:
        """As ``follow``, after the ignore rules changed: directories now ignored lose their watches."""
        with self._lock:
            before = len(self.directories)
            scope = list(directories)
            self._forget_gone(scope, self._walk(scope))
            if len(self.directories) < before:
                self._replace_all(self.directories)
            self._close_gap(scope)

    def watches(self, notifier: Notifier) -> bool:
        """Whether this notifier is in use, and not retired."""
        return notifier in (self._main, self._young)

    def close(self) -> None:
        """Let all watches go."""
        with self._lock:
            self._let_go()

    def _close_gap(self, scope: list[str]) -> None:
        """Arm what is found below ``scope`` and look again, until nothing new is found."""
        for _ in range(_CLOSING_ROUNDS):
            found = self._walk(scope)
            self._forget_gone(scope, found)
            new = {path: inode for path, inode in found.items() if self.directories.get(path) != inode}
            if not new:
                return
            self._extend(new)
        raise WatchError("watch", self._root, _RESTLESS)

    def _walk(self, scope: list[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        for directory in scope:
            found |= walk_directories(Path(self._root), self._rules, directory)
        return found

    def _forget_gone(self, scope: list[str], found: dict[str, int]) -> None:
        known = (path for path in self.directories if path not in found)
        self._forget(path for path in known if any(is_below(path, directory) for directory in scope))

    def _forget(self, paths: Iterable[str]) -> None:
        for path in list(paths):
            del self.directories[path]
            self._young_directories.pop(path, None)

    def _extend(self, new: dict[str, int]) -> None:
        young = self._young_directories | new
        if self._main is None or len(young) > MAX_YOUNG_DIRECTORIES:
            self._replace_all(self.directories | new)
            return
        self._wait_for_retired()
        successor, armed = self._arm(young)
        self._retire(self._young)
        self._young, self._young_directories = successor, armed
        self.directories |= armed

    def _replace_all(self, directories: dict[str, int]) -> None:
        """A new main instance over all of these; the old ones are let go after it is armed."""
        self._wait_for_retired()
        try:
            successor, armed = self._arm(directories)
        except WatchError:
            if self._main is None:
                raise
            # The old watches may be what fills the limit: only without them can it be known.
            self._let_go()
            self.had_gap = True
            successor, armed = self._arm(directories)
        self._retire(self._main)
        self._retire(self._young)
        self._main, self._young, self._young_directories = successor, None, {}
        self.directories = armed

    def _arm(self, directories: dict[str, int]) -> tuple[Notifier, dict[str, int]]:
        """A notifier over those of the directories that can be watched."""
        for _ in range(_ARMING_ATTEMPTS):
            locations = [self._location(path) for path in (*directories, *self._rule_directories())]
            try:
                return self._open_notifier(locations), directories
            except (FileNotFoundError, PermissionError):
                directories = {
                    path: inode for path, inode in directories.items() if self._can_be_watched(path)
                }
        raise WatchError("watch", self._root, _RESTLESS)

    def _rule_directories(self) -> list[str]:
        """The one directory that is watched for the rules' sake alone."""
        directory = self._rules.git_directory
        return [directory] if directory and self._can_be_watched(directory) else []

    def _can_be_watched(self, path: str) -> bool:
        location = self._location(path)
        is_directory = os.path.isdir(location) and not (path and os.path.islink(location))
        return is_directory and os.access(location, os.R_OK, effective_ids=True)

    def _location(self, path: str) -> str:
        return f"{self._root}/{path}" if path else self._root

    def _retire(self, notifier: Notifier | None) -> None:
        if notifier is not None:
            notifier.retire()
            self._retiring.append(notifier)

    def _wait_for_retired(self) -> None:
        while self._retiring:
            self._retiring.pop().wait_until_retired(_RETIREMENT_S)

    def _let_go(self) -> None:
        for notifier in (self._main, self._young):
            if notifier is not None:
                notifier.close()
        self._wait_for_retired()
        self._main = self._young = None
        self._young_directories = {}
        self.directories = {}
