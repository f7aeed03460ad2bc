"""What a run will do: the subjects in their order, and what they will cost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from textwrap import dedent

from remora_hub.enrich.summarize.call_graph import below
from remora_hub.enrich.summarize.order import needed_first
from remora_hub.enrich.summarize.own_text import KINDS, digest_of, holds_others, outline_of
from remora_hub.enrich.summarize.prices import Prices
from remora_hub.enrich.summarize.prompt import Below, Subject, estimated_input_tokens
from remora_hub.enrich.summarize.selection import Selection, selected
from remora_hub.enrich.task_store import TaskStore
from remora_hub.errors import UsageError
from remora_hub.model_names import module_name
from remora_hub.query.calling import Calling
from remora_hub.query.definition import declaration_of
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile
from remora_hub.source_text import SourceLines, read_lines, source_of
from remora_hub.store.keys import split_node_key

ANSWER_TOKENS = 60
"""What models write for one or two sentences, about; for estimates."""


@dataclass(frozen=True, slots=True)
class Extent:
    """How much of what is selected is done: ``redo`` makes anew what is there.

    ``skip`` leaves out the first of what is to be made, in the order in which it would be; ``limit`` is the most that
    is.
    """

    redo: bool = False
    skip: int = 0
    limit: int | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """``subjects`` in their order. ``summaries`` are those below them that are there already, by digest.

    ``known``: digests by key of nodes whose text had its summary before, under another key: they get it without a call.
    ``done_before`` and ``left_out`` (by the ``Extent``) are numbers of nodes; ``changed`` that of those whose source is
    another by now than the index has seen. ``redo`` is the ``Extent``'s.
    """

    subjects: Sequence[Subject]
    known: Mapping[str, str]
    summaries: Mapping[str, str]
    done_before: int
    left_out: int
    changed: int
    redo: bool


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a plan will take, about. ``cost`` is in US dollars, None where prices are not known."""

    calls: int
    input_tokens: int
    output_tokens: int
    cost: float | None


def plan(index: Index, root: Path, store: TaskStore[str], selection: Selection, extent: Extent) -> Plan:
    """Find out what there is to do. For a thread: it resolves the calls in all of it. Raises StoreError."""
    digests = {file.key(node): digest_of(file, node) for file, node in selected(index, selection)}
    done = {} if extent.redo else store.stored(digests)
    missing = {key: digest for key, digest in digests.items() if key not in done}
    cached = {} if extent.redo else store.get(set(missing.values()))
    survey = _Survey(index, [key for key, digest in missing.items() if digest not in cached])
    kept = survey.order[extent.skip : None if extent.limit is None else extent.skip + extent.limit]
    subjects = _in_place(kept, _read(index, survey, kept, root, missing))
    below_them = {one.digest for subject in subjects for one in subject.below}
    return Plan(
        subjects=subjects,
        known={key: digest for key, digest in missing.items() if digest in cached},
        summaries=store.get(below_them),
        done_before=len(done),
        left_out=len(survey.order) - len(kept),
        changed=len(kept) - len(subjects),
        redo=extent.redo,
    )


def estimate(subjects: Iterable[Subject], prices: Prices | None) -> Estimate:
    """What asking about them will take."""
    inputs = [estimated_input_tokens(subject) for subject in subjects]
    outputs = ANSWER_TOKENS * len(inputs)
    cost = None if prices is None else prices.cost(sum(inputs), outputs)
    return Estimate(len(inputs), sum(inputs), outputs, cost)


class _Survey:
    """What is below each node to ask about, and the ``order`` of their keys.

    It goes file by file and keeps no file: of a large project those are more than memory should hold.
    """

    def __init__(self, index: Index, keys: Iterable[str]) -> None:
        self.below: dict[str, dict[str, Below]] = {}
        self._ranks: dict[str, tuple[object, ...]] = {}
        for path, of_file in _by_path(keys):
            calling = Calling(index)  # it remembers whatever it has met
            for key in of_file:
                if (found := _node(index, key)) is not None:
                    self._ranks[key] = KINDS.index(found[1].kind), path, found[1].range
                    self.below[key] = _below(calling, *found)
        self.order = needed_first(
            {key: list(found) for key, found in self.below.items()}, self._ranks.__getitem__
        )


def _below(calling: Calling, file: SourceFile, node: Node) -> dict[str, Below]:
    return {
        other.key(one): Below(one.qualname, one.docstring or "", digest_of(other, one))
        for other, one in below(calling, file, node)
    }


def _read(
    index: Index, survey: _Survey, keys: Iterable[str], root: Path, digests: Mapping[str, str]
) -> dict[str, Subject]:
    """The subjects by key, without those whose source is not what the index has seen; each file is read once."""
    subjects: dict[str, Subject] = {}
    for path, of_file in _by_path(keys):
        lines = _lines(root, path)
        for key in of_file:
            found = _node(index, key)
            text = None if found is None else _text(*found, lines)
            if found is not None and text is not None:
                node = found[1]
                subjects[key] = Subject(
                    key=key,
                    kind=node.kind,
                    name=module_name(path) if node.kind == "module" else node.qualname,
                    path=path,
                    declaration=declaration_of(node),
                    docstring=node.docstring or "",
                    text=text,
                    digest=digests[key],
                    below=tuple(survey.below[key].values()),
                )
    return subjects


def _in_place(keys: Iterable[str], subjects: Mapping[str, Subject]) -> list[Subject]:
    """The subjects in the order of ``keys``, each with those that come before it and are below it.

    What is the same text under the same name, as copies of a file have it, is asked about once: the first counts.
    """
    places: dict[str, int] = {}
    ordered: list[Subject] = []
    for key in keys:
        if (subject := subjects.get(key)) is not None:
            after = {places[one.digest] for one in subject.below if one.digest in places}
            places.setdefault(subject.digest, len(ordered))
            ordered.append(replace(subject, after=tuple(sorted(after))))
    return ordered


def _by_path(keys: Iterable[str]) -> Iterator[tuple[str, Iterator[str]]]:
    def path_of(key: str) -> str:
        return (split_node_key(key) or ("",))[0]

    return groupby(sorted(keys, key=path_of), path_of)


def _node(index: Index, key: str) -> tuple[SourceFile, Node] | None:
    """None if it has gone since it was selected."""
    found = index.split_key(key)
    return None if found is None else (found[0], found[0].by_suffix[found[1]])


def _lines(root: Path, path: str) -> SourceLines | None:
    try:
        return read_lines(root, path)
    except UsageError:  # it has gone since it was indexed, as each of its nodes will say
        return None


def _text(file: SourceFile, node: Node, lines: SourceLines | None) -> str | None:
    """The outline, or the source; None where that is another than the index has seen."""
    if holds_others(node):
        return outline_of(file, node)
    source = None if lines is None else source_of(node, lines)
    if source is None or source.is_stale:
        return None
    return dedent(" " * node.range[1] + source.text)  # it begins behind its indentation
