"""What goes into the store and what comes out of a commit: plain frozen values.

Fingerprints are ``size`` in bytes, ``changed_ns`` (the later of ``st_mtime_ns`` and ``st_ctime_ns``) and ``inode``;
``scanned_ns`` is the wall clock (Unix nanoseconds) when the file was looked at. Digests of files are xxh3-128 in
hexadecimal.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Literal, NamedTuple

import msgspec

from remora_hub.errors import StoreError
from remora_hub.facts import PackedFile
from remora_hub.store.keys import node_key

StillCurrent = Callable[[], bool]


class FileReplaced(msgspec.Struct, frozen=True, kw_only=True):
    """A file was read and understood: all its records become these, in one step.

    ``still_current`` is asked by the writer thread right before the write of this and some others; False discards the
    change.
    """

    path: str
    size: int
    changed_ns: int
    inode: int
    digest: str
    scanned_ns: int
    packed: PackedFile
    still_current: StillCurrent | None = None


class FileOmitted(msgspec.Struct, frozen=True, kw_only=True):
    """A file cannot be indexed: its nodes go, its record stays and names the status (a ``FileStatus`` value).

    ``digest`` is that of its bytes, where they were read: the same bytes are then not tried again.
    """

    path: str
    status: str
    detail: str = ""
    size: int = 0
    changed_ns: int = 0
    inode: int = 0
    digest: str = ""
    scanned_ns: int = 0
    still_current: StillCurrent | None = None


class FileTouched(msgspec.Struct, frozen=True, kw_only=True):
    """The same bytes under a new fingerprint: no record changes, the feed says nothing. Unknown paths are ignored."""

    path: str
    size: int
    changed_ns: int
    inode: int
    scanned_ns: int
    still_current: StillCurrent | None = None


class FileRemoved(msgspec.Struct, frozen=True, kw_only=True):
    """A file is gone, and with it its records. Unknown paths are ignored."""

    path: str
    still_current: StillCurrent | None = None


FileChange = FileReplaced | FileOmitted | FileTouched | FileRemoved


class Fingerprint(NamedTuple):
    """What the store knows of a file on disk; ``digest`` is empty where the bytes were never read."""

    size: int
    changed_ns: int
    inode: int
    digest: str
    scanned_ns: int
    status: str


ChangeKind = Literal["added", "changed", "moved", "removed"]


class NodeChange(msgspec.Struct, frozen=True, gc=False, omit_defaults=True):
    """What happened to one node.

    ``changed``: its source digest differs. ``moved``: same source, other place; ``from_key`` is its former key, or
    None where it moved within its file and kept the key.
    """

    kind: ChangeKind
    key: str
    from_key: str | None = None


class NodeEvent(msgspec.Struct, array_like=True, frozen=True, gc=False, omit_defaults=True):
    """A ``NodeChange`` in its file's context: the key's ``suffix`` is enough."""

    kind: ChangeKind
    suffix: str
    from_key: str | None = None


class FileChanges(msgspec.Struct, array_like=True, frozen=True, gc=False, omit_defaults=True):
    """What happened to the nodes of one file: the suffixes of those ``added``, and all else one by one."""

    added: list[str]
    others: list[NodeEvent] = []

    def node_changes(self, path: str) -> Iterator[NodeChange]:
        """The same with whole keys, additions first."""
        start = node_key(path, "")
        for suffix in self.added:
            yield NodeChange("added", start + suffix)
        for event in self.others:
            yield NodeChange(event.kind, start + event.suffix, event.from_key)


class Written(NamedTuple):
    """The facts of one file as they were written, and the digest of the bytes they are of."""

    digest: str
    facts: PackedFile


class Commit(msgspec.Struct, frozen=True):
    """One committed transaction.

    ``seq`` is its sequence number; where ``by_file`` (by the paths whose records changed) is empty, no record
    changed, no number was allotted and ``seq`` is the latest one. ``at`` is Unix seconds. ``by_file`` covers the whole
    transaction, which other callers' writes may share; ``discarded`` (no longer current) and ``failed`` (what kept
    a file from being stored) are the caller's own paths. ``written`` is for listeners: each file that was written
    whole, None for one that is gone or has no facts; ``former_names`` are the names that those had which were known.
    """

    seq: int
    at: float
    by_file: Mapping[str, FileChanges] = msgspec.field(default_factory=dict)
    discarded: tuple[str, ...] = ()
    failed: Mapping[str, StoreError] = msgspec.field(default_factory=dict)
    written: Mapping[str, Written | None] = msgspec.field(default_factory=dict)
    former_names: Mapping[str, bytes] = msgspec.field(default_factory=dict)

    @property
    def files(self) -> tuple[str, ...]:
        """The paths whose records changed."""
        return tuple(self.by_file)

    @property
    def changes(self) -> tuple[NodeChange, ...]:
        """Every change to a node, file by file. Made when asked for: a cold start adds a hundred thousand."""
        return tuple(
            change for path, of_file in self.by_file.items() for change in of_file.node_changes(path)
        )


class Horizon(msgspec.Struct, frozen=True):
    """The feed cannot tell what was asked: it reaches back to ``oldest`` and ends at ``sequence``. Rescan."""

    oldest: int
    sequence: int
