"""The same record is described three times, for different readers; the descriptions must not drift apart."""

from __future__ import annotations

import msgspec

from remora_hub.answers import NodeRecord
from remora_hub.extract.nodes import NodeFacts
from remora_hub.model import NodeState

HISTORY = {"version", "created_at", "updated_at", "docstring_outdated", "documented_signature"}


def names(struct: type[msgspec.Struct]) -> set[str]:
    return {field.name for field in msgspec.structs.fields(struct)}


def test_what_extraction_stores_is_what_the_model_reads() -> None:
    assert names(NodeFacts) == set(NodeState.model_fields) - HISTORY


def test_what_clients_are_shown_is_the_model_with_what_is_derived_from_it() -> None:
    assert names(NodeRecord) >= set(NodeState.model_fields) - HISTORY
    assert names(NodeRecord) >= set(NodeState.model_computed_fields)


def test_defaults_that_are_not_written_are_those_that_are_read() -> None:
    written = {
        field.name: field.default
        for field in msgspec.structs.fields(NodeFacts)
        if field.default is not msgspec.NODEFAULT
    }
    read = {name: field.default for name, field in NodeState.model_fields.items() if name in written}
    assert written == read
