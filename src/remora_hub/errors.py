"""The one error tree: every failure says what was tried, on what, why it failed and what to do.

``str(error)`` is a sentence for a person. Raise; the boundary (command line, server, daemon) logs once.
"""

from __future__ import annotations


class HubError(Exception):
    """Base of every error the hub raises on purpose.

    ``operation`` is what was tried ("open the store"), ``subject`` what it was tried on (a path, a key),
    ``reason`` why it failed, ``hint`` what to do about it. ``recoverable`` tells a caller whether trying
    again later can succeed with nobody's help. ``exit_code`` is what the command line ends with
    (sysexits.h where a code fits). ``degraded`` is what kept the hub that was asked from knowing better, and
    the remedy; None where nothing did.
    """

    exit_code = 1
    recoverable = False
    degraded: str | None = None

    def __init__(self, operation: str, subject: str = "", reason: str = "", hint: str = "") -> None:
        self.operation = operation
        self.subject = subject
        self.reason = reason
        self.hint = hint
        super().__init__(operation, subject, reason, hint)

    def __str__(self) -> str:
        return f"{self.problem} ({self.hint})" if self.hint else self.problem

    @property
    def problem(self) -> str:
        """The sentence without the hint, for where that is shown apart."""
        sentence = f"cannot {self.operation}"
        if self.subject:
            sentence += f" {self.subject}"
        if self.reason:
            sentence += f": {self.reason}"
        return sentence


class ConfigError(HubError):
    """A configuration value is not allowed; exit 78 (EX_CONFIG)."""

    exit_code = 78


class UsageError(HubError):
    """The command line names something that does not exist or does not fit; exit 64 (EX_USAGE)."""

    exit_code = 64


class RootError(HubError):
    """The project root is missing, not a directory, or not readable; exit 66 (EX_NOINPUT)."""

    exit_code = 66


class StoreError(HubError):
    """The store cannot be opened, read or written; exit 74 (EX_IOERR)."""

    exit_code = 74


class NewerIndexError(StoreError):
    """The index was written by a newer version of the hub and is left untouched."""


class CorruptStoreError(StoreError):
    """The database file is damaged; the caller sets it aside and rebuilds."""

    recoverable = True


class AlreadyRunningError(HubError):
    """Another daemon holds the lock of this root; ``pid`` is its process id; exit 75 (EX_TEMPFAIL)."""

    exit_code = 75

    def __init__(self, root: str, pid: int | None) -> None:
        self.pid = pid
        holder = f"process {pid} already runs one" if pid else "another process already runs one"
        super().__init__("start a hub on", root, holder, "stop it with: remora-hub stop")


class NotRunningError(HubError):
    """No daemon answers for this root; exit 69 (EX_UNAVAILABLE)."""

    exit_code = 69


class SyncTimeoutError(HubError):
    """``sync`` ran out of time before the index had caught up; exit 75 (EX_TEMPFAIL)."""

    exit_code = 75
    recoverable = True


class LaneError(HubError):
    """A parse lane could not be started, or died."""

    recoverable = True
