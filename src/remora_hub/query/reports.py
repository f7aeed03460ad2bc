"""Reports about all of the code: what nobody seems to use, and what is called most."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from heapq import nlargest, nsmallest
from zlib import crc32

from remora_hub.answers import Reported
from remora_hub.query.call_sites import calls_of
from remora_hub.query.calling import CALLABLE, Calling
from remora_hub.query.index import Index
from remora_hub.query.outline import item
from remora_hub.query.tally import Defined, tally
from remora_hub.query.unused import Unused

_MOST_FILES_A_NAME = 16
_MOST_FILES_A_RESOLVER = 300
_MOST_NAMES = 150

NodeKey = tuple[str, str]
"""Path and suffix."""


def unused(index: Index, under: str | None, limit: int) -> list[Reported]:
    """Functions, methods and classes that nothing in the code seems to use, the longest first.

    ``under`` is a directory or file. They are candidates: what is used from strings, templates, other languages or
    programs that are not in the index is not seen. Left out is what may be used that way by design: see ``Unused``.
    """
    counts = tally(index, under)
    judge = Unused(index, counts)
    found: list[Reported] = []
    for one in sorted(counts.defined, key=lambda one: (-one.line_count, one.path, one.suffix)):
        reason = judge.reason(one)
        file = index.file(one.path) if reason else None
        if reason and file is not None and one.suffix in file.by_suffix:
            found.append(Reported(item=item(file, file.by_suffix[one.suffix]), count=0, reason=reason))
            if len(found) >= limit:
                break
    return found


def most_called(index: Index, under: str | None, limit: int) -> list[Reported]:
    """The functions, methods and classes that are called most, by the number of calls that certainly mean them.

    Names are looked at in the order of how often they stand before an argument list, at most 150 of them. Where more
    than 16 files have a name, the calls in 16 of them are resolved, and the count is an estimate: the reason says so.
    Special methods are left out: what calls them is seldom spelled.
    """
    counts = tally(index, under)
    wanted = {(one.path, one.suffix): one for one in counts.defined if one.kind in CALLABLE}
    names = {one.name: counts.calls_of(one.name) for one in wanted.values() if not one.name.startswith("__")}
    calls = _Calls(index)
    found: dict[NodeKey, tuple[int, str]] = {}
    for name in nlargest(_MOST_NAMES, names, key=lambda name: (names[name], name)):
        best = nlargest(limit, (count for count, _ in found.values()))
        if len(best) >= limit and best[-1] >= names[name]:
            break
        counted, reason = calls.of_name(name, names[name])
        found.update((key, (count, reason)) for key, count in counted.items() if key in wanted)
    ranked = sorted(found, key=lambda key: (-found[key][0], key))[:limit]
    return list(_reported(index, ((wanted[key], *found[key]) for key in ranked)))


def _reported(index: Index, rows: Iterator[tuple[Defined, int, str]]) -> Iterator[Reported]:
    for one, count, reason in rows:
        file = index.file(one.path)
        if file is not None and one.suffix in file.by_suffix and count:
            yield Reported(item=item(file, file.by_suffix[one.suffix]), count=count, reason=reason)


class _Calls:
    """Counts the calls of definitions by what they certainly mean."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._calling = Calling(index)
        self._files = 0

    def of_name(self, name: str, spelled: int) -> tuple[Counter[NodeKey], str]:
        """The calls of each definition called ``name``, and how they were counted.

        ``spelled`` is how many calls have that spelling. The files that define the name are no sample of the others:
        what they call is added as it is.
        """
        paths = self._index.files_naming(name)
        defining = {path for path, _ in self._index.nodes_named(name)}
        others = [path for path in paths if path not in defining]
        # By a hash of their paths: no order in the code base can bias it, and other names' samples share its files.
        sample = nsmallest(_MOST_FILES_A_NAME, others, key=lambda path: crc32(path.encode()))
        own, own_sites = self._resolve(name, sorted(defining)[:_MOST_FILES_A_NAME])
        sampled, sites = self._resolve(name, sample)
        if len(sample) == len(others):
            return own + sampled, f"counted in every file that names it: {len(paths)}"
        factor = max(0, spelled - own_sites) / sites if sites else 0
        estimated = Counter({key: round(count * factor) for key, count in sampled.items()})
        return own + estimated, f"an estimate from {len(sample)} of the {len(paths)} files that name it"

    def _resolve(self, name: str, paths: list[str]) -> tuple[Counter[NodeKey], int]:
        """The calls in some files by what they mean, and how many have that spelling."""
        counted: Counter[NodeKey] = Counter()
        sites = 0
        for path in paths:
            file = self._index.file(path)
            if file is None:
                continue
            self._files += 1
            if self._files % _MOST_FILES_A_RESOLVER == 0:  # what it found out keeps files in memory
                self._calling = Calling(self._index)
            for position in calls_of(file, name):
                occurrence = file.occurrence_at(position)
                sites += 1
                if occurrence is None:
                    continue
                called, is_certain = self._calling.called(file, occurrence)
                if is_certain:
                    counted.update((other.path, node.suffix) for other, node in called)
        return counted, sites
