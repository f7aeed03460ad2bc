"""The ``hub/*`` methods that ask what a symbol is, who uses it and how it is related."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Any, Literal, Protocol, TypeVar

import msgspec

from remora_hub.answers import Call, Place
from remora_hub.errors import UsageError
from remora_hub.query.calls import callees, callers
from remora_hub.query.definition import definitions, node_definition
from remora_hub.query.hierarchy import hierarchy
from remora_hub.query.hover import hover, node_hover
from remora_hub.query.importers import importers
from remora_hub.query.index import Index
from remora_hub.query.references import node_references, references
from remora_hub.query.reports import most_called, unused
from remora_hub.query.testing import exercised_by, tests_of
from remora_hub.server.backend import Backend
from remora_hub.server.connection import Connection, Method
from remora_hub.server.named_symbols import (
    SymbolParams,
    item_of,
    key_of,
    known_file,
    known_node,
    place_or_key,
)
from remora_hub.server.param_types import Path
from remora_hub.syntax.roles import Imported

Limit = Annotated[int, msgspec.Meta(ge=1, le=100_000)]

T = TypeVar("T")
Answer = Callable[[Connection, Any], Awaitable[object]]


class _ReferencesParams(SymbolParams):
    include_definition: bool = True
    limit: Limit = 10_000


class _ReportParams(msgspec.Struct):
    name: Literal["unused", "most_called"]
    path: Path | None = None
    limit: Limit = 50
    sync: bool = False


class _ImportersParams(msgspec.Struct):
    path: Path | None = None
    module: Path | None = None
    sync: bool = False


class Ready(Protocol):
    """Waits until the index can be asked; how fresh it is then."""

    async def __call__(self, *, sync: bool) -> dict[str, Any]:
        """``sync`` waits for the disk, too."""


class HubQuestions:
    """Answers for one hub; ``ready`` is asked before each question."""

    def __init__(self, backend: Backend, ready: Ready) -> None:
        self._backend = backend
        self._ready = ready

    def table(self) -> Mapping[str, Method]:
        """Each method's name, the type of its parameters, and the coroutine that answers."""
        return {
            "hub/definition": (SymbolParams, self._answer(self._definition)),
            "hub/references": (_ReferencesParams, self._answer(_references, thorough=True)),
            "hub/hover": (SymbolParams, self._answer(self._hover)),
            "hub/callers": (SymbolParams, self._answer(_callers, thorough=True)),
            "hub/callees": (SymbolParams, self._answer(_callees, thorough=True)),
            "hub/hierarchy": (SymbolParams, self._answer(_hierarchy, thorough=True)),
            "hub/tests": (SymbolParams, self._answer(_tests, thorough=True)),
            "hub/exercised": (SymbolParams, self._answer(_exercised, thorough=True)),
            "hub/report": (_ReportParams, self._answer(_report, thorough=True)),
            "hub/importers": (_ImportersParams, self._answer(_importers, thorough=True)),
        }

    def _hover(self, index: Index, params: SymbolParams) -> dict[str, Any]:
        named = place_or_key(index, params)
        found = hover(index, named) if isinstance(named, Place) else node_hover(index, named)
        if found is not None:
            self._backend.viewed.note(found.definition.path)
        return {"hover": self._backend.summaries.added_to(index, found)}

    def _definition(self, index: Index, params: SymbolParams) -> dict[str, Any]:
        named = place_or_key(index, params)
        if isinstance(named, Place):
            found = definitions(index, named)
        else:
            file, suffix = known_node(index, named)
            found = [node_definition(file, file.by_suffix[suffix])]
        is_certain = bool(found) and all(one.certain for one in found)
        if is_certain:  # of mere candidates nobody looks at all
            for one in found:
                self._backend.viewed.note(one.path)
        return {"definitions": found, "certain": is_certain}

    def _answer(self, question: Callable[[Index, Any], dict[str, Any]], *, thorough: bool = False) -> Answer:
        """The coroutine that answers with what ``question`` finds, and how fresh that is."""

        async def answer(_connection: Connection, params: Any) -> dict[str, Any]:
            freshness = await self._ready(sync=params.sync)
            try:
                found = await self._backend.ask(lambda index: question(index, params), thorough=thorough)
            except UsageError as error:
                if not freshness["pending"]:
                    raise
                self._note_unknown(params)
                hint = f"{freshness['pending']} files are still to be indexed: ask again with sync"
                raise UsageError(error.operation, error.subject, error.reason, hint) from None
            return {**found, **freshness}

        return answer

    def _note_unknown(self, params: Any) -> None:
        """What somebody asks about that is not known yet is to be indexed first."""
        if getattr(params, "path", None):
            self._backend.viewed.note(params.path)
        elif getattr(params, "key", None):
            self._backend.viewed.note_node(params.key)


def _references(index: Index, params: _ReferencesParams) -> dict[str, Any]:
    """By path and position; ``more`` says that ``limit`` left some out."""
    named = place_or_key(index, params)
    find = references if isinstance(named, Place) else node_references
    found = find(index, named, include_definition=params.include_definition)  # type: ignore[arg-type]  # each has its own
    return {"references": found[: params.limit], "more": len(found) > params.limit}


def _callers(index: Index, params: SymbolParams) -> dict[str, Any]:
    return _calls(index, params, callers)


def _callees(index: Index, params: SymbolParams) -> dict[str, Any]:
    return _calls(index, params, callees)


def _calls(index: Index, params: SymbolParams, find: Callable[[Index, str], list[Call]]) -> dict[str, Any]:
    key = key_of(index, params)
    if key is None:
        return {"item": None, "calls": []}
    return {"item": item_of(index, key), "calls": find(index, key)}


def _hierarchy(index: Index, params: SymbolParams) -> dict[str, Any]:
    key = key_of(index, params)
    return {"hierarchy": None if key is None else hierarchy(index, key)}


def _tests(index: Index, params: SymbolParams) -> dict[str, Any]:
    key = key_of(index, params)
    return {"tests": [] if key is None else tests_of(index, key)}


def _exercised(index: Index, params: SymbolParams) -> dict[str, Any]:
    key = key_of(index, params)
    return {"symbols": [] if key is None else exercised_by(index, key)}


def _report(index: Index, params: _ReportParams) -> dict[str, Any]:
    report = unused if params.name == "unused" else most_called
    return {"report": report(index, params.path, params.limit)}


def _importers(index: Index, params: _ImportersParams) -> dict[str, Any]:
    return {"importers": importers(index, _path_of_module(index, params))}


def _path_of_module(index: Index, params: _ImportersParams) -> str:
    if params.path is not None:
        return known_file(index, params.path).path
    if params.module is None:
        raise UsageError("find importers", reason="neither a path nor a module is given")
    found = index.modules.find(Imported(params.module), "")
    if found is None:
        raise UsageError("find", params.module, "no such module in the index")
    return found
