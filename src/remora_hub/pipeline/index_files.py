"""A batch of paths to the changes the store has to make: read, compare by digest, extract. All indexing is this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from remora_hub.discovery.omission import Omission
from remora_hub.discovery.read import Omitted, Source, Vanished, fingerprint, read_source
from remora_hub.discovery.walk import Fingerprint
from remora_hub.facts import PackedFile
from remora_hub.pipeline.lane import Request
from remora_hub.pipeline.lanes import ParseLanes, Refusal
from remora_hub.store.changes import FileChange, FileOmitted, FileRemoved, FileReplaced, FileTouched
from remora_hub.store.changes import Fingerprint as StoredFingerprint


@dataclass(frozen=True, slots=True)
class SourceLimits:
    """Where sources are and how large one may be, in bytes."""

    root: Path
    max_file_bytes: int


def index_files(
    paths: Sequence[str], known: Mapping[str, StoredFingerprint], limits: SourceLimits, lanes: ParseLanes
) -> Iterator[FileChange]:
    """Yield one change for each path that needs one, extracted ones after those that need no lane.

    ``known`` is what the store has of them. A file whose bytes are the same is only touched; one that cannot be indexed
    becomes an omission with a status. Blocks: to be run in a thread. Raises LaneError while the hub is stopping.
    """
    sources: dict[str, tuple[Source, int]] = {}
    for path in paths:
        scanned_ns = time.time_ns()
        try:
            source = read_source(limits.root, path, limits.max_file_bytes)
        except Vanished:
            if path in known:
                yield FileRemoved(path=path, still_current=partial(_is_gone, limits.root, path))
            continue
        except Omitted as omitted:
            if change := _omitted(path, omitted.omission, scanned_ns, known.get(path), limits.root):
                yield change
            continue
        before = known.get(path)
        if before is not None and before.digest == source.digest:
            yield _touched(path, source, scanned_ns)
        else:
            sources[path] = source, scanned_ns
    requests = [Request(path, source.data) for path, (source, _) in sources.items()]
    for request, outcome in lanes.extract(requests):
        source, scanned_ns = sources.pop(request.path)
        yield _extracted(request.path, source, scanned_ns, outcome, limits.root)


def _omitted(
    path: str, omission: Omission, scanned_ns: int, before: StoredFingerprint | None, root: Path
) -> FileOmitted | None:
    """The change that records an omission; None if the store knows of it.

    A file of the wrong size is not looked at again until its fingerprint changes. One that cannot be read is:
    permissions leave no trace in the fingerprint.
    """
    found = fingerprint(root, path) if omission.status == "too_large" else None
    size, mtime_ns, inode = (found.size, found.mtime_ns, found.inode) if found else (0, 0, 0)
    if before is not None and before.status == omission.status and before[:3] == (size, mtime_ns, inode):
        return None
    return FileOmitted(
        path=path,
        status=omission.status,
        detail=omission.detail,
        size=size,
        mtime_ns=mtime_ns,
        inode=inode,
        scanned_ns=scanned_ns,
    )


def _extracted(
    path: str, source: Source, scanned_ns: int, outcome: PackedFile | Refusal, root: Path
) -> FileReplaced | FileOmitted:
    found = source.fingerprint
    still_current = partial(_is_unchanged, root, path, found)
    if isinstance(outcome, Refusal):
        return FileOmitted(
            path=path,
            status=outcome.status,
            detail=outcome.detail,
            size=found.size,
            mtime_ns=found.mtime_ns,
            inode=found.inode,
            scanned_ns=scanned_ns,
            still_current=still_current,
        )
    return FileReplaced(
        path=path,
        size=found.size,
        mtime_ns=found.mtime_ns,
        inode=found.inode,
        digest=source.digest,
        scanned_ns=scanned_ns,
        packed=outcome,
        still_current=still_current,
    )


def _touched(path: str, source: Source, scanned_ns: int) -> FileTouched:
    found = source.fingerprint
    return FileTouched(
        path=path, size=found.size, mtime_ns=found.mtime_ns, inode=found.inode, scanned_ns=scanned_ns
    )


def _is_unchanged(root: Path, path: str, before: Fingerprint) -> bool:
    return fingerprint(root, path) == before


def _is_gone(root: Path, path: str) -> bool:
    return fingerprint(root, path) is None
