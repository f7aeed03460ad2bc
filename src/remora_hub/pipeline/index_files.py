"""A batch of paths to the changes the store has to make: read, compare by digest, extract. All indexing is this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import msgspec

from remora_hub.discovery.omission import Omission
from remora_hub.discovery.read import Omitted, Source, SourceReader, Vanished
from remora_hub.discovery.read import fingerprint as read_fingerprint
from remora_hub.discovery.rules import SourceRules
from remora_hub.facts import PackedFile
from remora_hub.pipeline.lane import Request
from remora_hub.pipeline.lanes import ParseLanes, Postponed, Refusal
from remora_hub.pipeline.still_current import is_gone, is_still_omitted, is_unchanged
from remora_hub.store.changes import FileChange, FileOmitted, FileRemoved, FileReplaced, FileTouched
from remora_hub.store.changes import Fingerprint as StoredFingerprint
from remora_hub.store.facts_cache import FactsCache, KnownBytes


class Sources(msgspec.Struct, frozen=True):
    """Where sources are, which files are some, and how large one may be, in bytes."""

    root: Path
    rules: SourceRules
    max_file_bytes: int


def index_files(
    paths: Sequence[str],
    known: Mapping[str, StoredFingerprint],
    sources: Sources,
    lanes: ParseLanes,
    cache: FactsCache | None = None,
) -> Iterator[FileChange | Postponed]:
    """Yield one change for each path that needs one, extracted ones after those that need no lane.

    What ``cache`` knows the facts of is not extracted again.

    ``known`` is what the store has of them. A file whose bytes are the same is only touched; one that cannot be indexed
    becomes an omission with a status. One that holds up the others is postponed: it is to be given alone. Every change
    is discarded if the disk no longer bears it out when it is written. Blocks: to be run in a thread.
    Raises LaneError, and OSError if this process is out of descriptors or memory: no file is to blame for either.
    """
    to_extract: dict[str, tuple[Source, int]] = {}
    with SourceReader(sources.root, sources.max_file_bytes) as reader:
        for path in paths:
            scanned_ns = time.time_ns()
            before = known.get(path)
            try:
                source = _read(sources, path, reader)
            except Vanished:
                if before is not None:
                    yield FileRemoved(
                        path=path, still_current=partial(is_gone, sources.root, sources.rules, path)
                    )
            except Omitted as omitted:
                if change := _omitted(path, omitted.omission, scanned_ns, before, sources):
                    yield change
            else:
                if before is not None and before.digest == source.digest:
                    yield _touched(path, source, scanned_ns, sources)
                else:
                    to_extract[path] = source, scanned_ns
    known_facts = (
        cache.get([KnownBytes(path, source.digest) for path, (source, _) in to_extract.items()])
        if cache
        else {}
    )
    for path, facts in known_facts.items():
        yield _extracted(path, *to_extract.pop(path), facts, sources)
    requests = [Request(path, source.data) for path, (source, _) in to_extract.items()]
    for request, outcome in lanes.extract(requests):
        if isinstance(outcome, Postponed):
            yield outcome
        else:
            yield _extracted(request.path, *to_extract.pop(request.path), outcome, sources)


def _read(sources: Sources, path: str, reader: SourceReader) -> Source:
    """The file's bytes. A path that the rules leave out, perhaps only since it was queued, names no file."""
    if not sources.rules.is_source(path):
        raise Vanished(path)
    return reader.read(path)


def _omitted(
    path: str, omission: Omission, scanned_ns: int, before: StoredFingerprint | None, sources: Sources
) -> FileOmitted | None:
    """The change that records an omission; None if the store knows of it.

    A file of the wrong size is not looked at again until its fingerprint changes. One that cannot be read is:
    permissions leave no trace in the fingerprint.
    """
    found = read_fingerprint(sources.root, path) if omission.status == "too_large" else None
    size, changed_ns, inode = (found.size, found.changed_ns, found.inode) if found else (0, 0, 0)
    if before is not None and before.status == omission.status and before[:3] == (size, changed_ns, inode):
        return None
    return FileOmitted(
        path=path,
        status=omission.status,
        detail=omission.detail,
        size=size,
        changed_ns=changed_ns,
        inode=inode,
        scanned_ns=scanned_ns,
        still_current=partial(is_still_omitted, sources.root, path, omission.status, sources.max_file_bytes),
    )


def _extracted(
    path: str, source: Source, scanned_ns: int, outcome: PackedFile | Refusal, sources: Sources
) -> FileReplaced | FileOmitted:
    found = source.fingerprint
    still_current = partial(is_unchanged, sources.root, sources.rules, path, found)
    if isinstance(outcome, Refusal):
        return FileOmitted(
            path=path,
            status=outcome.status,
            detail=outcome.detail,
            size=found.size,
            changed_ns=found.changed_ns,
            inode=found.inode,
            digest=source.digest,
            scanned_ns=scanned_ns,
            still_current=still_current,
        )
    return FileReplaced(
        path=path,
        size=found.size,
        changed_ns=found.changed_ns,
        inode=found.inode,
        digest=source.digest,
        scanned_ns=scanned_ns,
        packed=outcome,
        still_current=still_current,
    )


def _touched(path: str, source: Source, scanned_ns: int, sources: Sources) -> FileTouched:
    found = source.fingerprint
    return FileTouched(
        path=path,
        size=found.size,
        changed_ns=found.changed_ns,
        inode=found.inode,
        scanned_ns=scanned_ns,
        still_current=partial(is_unchanged, sources.root, sources.rules, path, found),
    )
