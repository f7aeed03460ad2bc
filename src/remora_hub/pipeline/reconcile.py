"""Comparison of the disk with the store: the truth that watch events only hint at. The cold start is the first one."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import Executor
from functools import partial
from pathlib import Path

import msgspec

from remora_hub.discovery.compare import compare
from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.omission import Omission
from remora_hub.discovery.rules import SourceRules
from remora_hub.discovery.walk import Walk, walk
from remora_hub.pipeline.still_current import is_gone, is_irregular
from remora_hub.store.changes import FileOmitted, FileRemoved
from remora_hub.store.changes import Fingerprint as StoredFingerprint
from remora_hub.store.node_state_store import NodeStateStore


class Reconciliation(msgspec.Struct, frozen=True):
    """What differs below a directory.

    ``suspects`` must be read: path to size in bytes, the largest first. ``settled`` need no reading, and are discarded
    if the disk says otherwise by the time they are written: a worker may have been faster.
    ``directories`` are all that were walked, each with its inode: those to be watched. ``unchanged`` and ``files``
    are counts, as is ``changed``: files that are new, gone, or have another fingerprint. ``seconds`` is what the walk
    and the comparison took. ``known`` is what the store had.
    """

    suspects: dict[str, int]
    settled: list[FileOmitted | FileRemoved]
    directories: dict[str, int]
    unchanged: int
    files: int
    changed: int
    seconds: float
    known: Mapping[str, StoredFingerprint]


async def reconcile(
    root: Path, rules: SourceRules, store: NodeStateStore, executor: Executor, under: str = ""
) -> Reconciliation:
    """Walk ``under`` and compare with what the store has below it. Raises RootError.

    The store is asked behind the walk: what was committed by then is compared, and what is committed later is checked
    by rules that the walk has made fresh. Asked before it, a file could be committed by old rules in between and stay.
    """
    loop = asyncio.get_running_loop()
    scanned_ns = time.time_ns()
    began_s = time.monotonic()
    found = await loop.run_in_executor(executor, walk, root, rules, under)
    known = await store.fingerprints(under)
    compared = await loop.run_in_executor(executor, _compare, root, rules, found, known, scanned_ns)
    return msgspec.structs.replace(compared, seconds=time.monotonic() - began_s)


def _compare(
    root: Path,
    rules: SourceRules,
    found: Walk,
    known: Mapping[str, StoredFingerprint],
    scanned_ns: int,
) -> Reconciliation:
    omitted = found.omitted
    regular = {path: one for path, one in known.items() if path not in omitted} if omitted else known
    difference = compare(found.files, regular)
    sizes = {path: found.files[path].size for path in difference.suspects}
    suspects = dict(sorted(sizes.items(), key=lambda item: item[1], reverse=True))
    settled: list[FileOmitted | FileRemoved] = [
        FileRemoved(path=path, still_current=partial(is_gone, root, rules, path))
        for path in difference.removed
    ]
    for path, omission in found.omitted.items():
        before = known.get(path)
        if before is None or before.status != omission.status:
            settled.append(_omitted(root, path, omission, scanned_ns))
    differing = sum(
        path not in known or Fingerprint(*known[path][:3]) != found.files[path] for path in suspects
    )
    return Reconciliation(
        suspects,
        settled,
        found.directories,
        difference.unchanged,
        len(found.files),
        differing + len(difference.removed),
        0.0,
        known,
    )


def _omitted(root: Path, path: str, omission: Omission, scanned_ns: int) -> FileOmitted:
    # A name that is not UTF-8 is recorded in printable form, under which nothing can be looked up.
    is_real_path = omission.status != "name_not_utf8"
    return FileOmitted(
        path=path,
        status=omission.status,
        detail=omission.detail,
        scanned_ns=scanned_ns,
        still_current=partial(is_irregular, root, path) if is_real_path else None,
    )
