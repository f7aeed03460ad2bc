"""Types in quoted annotations are code: kept in the mask, and counted as names."""

from __future__ import annotations

from typing import Any

import pytest

from remora_hub.syntax.code_text import CodeText

SHOWN = [
    'def f(x: "Model") -> None: ...',
    'def f() -> "Model": ...',
    "def f(x: Optional['Model'] = None): ...",
    'def f(a=1, *args: "dict[str, Model]", **kw): ...',
    'x: "Model" = make()',
    'class C:\n    x: "Model | None" = None',
    'class C:\n    def m(self):\n        self.x: "list[Model]" = []',
]
HIDDEN = [
    'def f(x="Model"): ...',
    'def f(x: str = "Model"): ...',
    'def f(x: Literal["Model"]): ...',
    'x = {"a": "Model"}',
    'x: str = "Model"',
    'def f(x: Annotated[int, "a Model of it"]): ...',
    'def f(x=lambda y: "Model"): ...',
]


@pytest.mark.parametrize("source", SHOWN)
def test_a_type_in_quotes_is_code(extract: Any, source: str) -> None:
    found = extract(source)
    assert CodeText(found.code).occurrences("Model") == [source.index("Model")]
    assert "Model" in found.names


@pytest.mark.parametrize("source", HIDDEN)
def test_any_other_string_is_not(extract: Any, source: str) -> None:
    found = extract(source)
    assert CodeText(found.code).occurrences("Model") == []
    assert "Model" not in found.names
