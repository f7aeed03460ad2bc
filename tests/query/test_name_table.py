"""Which files mention a name, however often files came, changed and went."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from remora_hub.query.name_table import NameTable

PATHS = st.sampled_from([f"{letter}.py" for letter in "abcdef"])
FEW = ["f", "fg", "g", "café", "_", "x1"]
NAMES = st.sets(st.sampled_from(FEW + [f"many{number}" for number in range(40)]))
STEPS = st.lists(st.tuples(PATHS, st.none() | NAMES, st.booleans()), max_size=60)


def packed(names: set[str]) -> bytes:
    return "".join(["\n", *(f"{name}\n" for name in sorted(names))]).encode()


@settings(deadline=None)
@given(STEPS)
def test_a_name_is_found_in_the_files_that_mention_it_now(
    steps: list[tuple[str, set[str] | None, bool]],
) -> None:
    table, expected = NameTable(), dict[str, set[str]]()
    for path, names, tells_former in steps:
        if names is None:
            table.remove(path)
            expected.pop(path, None)
        else:
            former = packed(expected[path]) if tells_former and path in expected else None
            table.put(path, packed(names), former)
            expected[path] = names
    for name in (*FEW, "many0", "many39", "", "nowhere"):
        assert table.files_naming(name) == sorted(path for path, names in expected.items() if name in names)


@pytest.mark.parametrize("tells_former", [False, True])
def test_a_file_that_changes_for_ever_takes_no_more_room(tells_former: bool) -> None:
    table = NameTable()
    table.put("other.py", packed({"other"}))
    former = None
    for number in range(20_000):
        names = packed({"f", f"g{number}"})
        table.put("a.py", names, former)
        former = names if tells_former else None
    assert table.files_naming("f") == ["a.py"]
    assert table.files_naming("g19999") == ["a.py"]
    assert table.files_naming("g19998") == []
    assert table.files_naming("other") == ["other.py"]
    assert table.entries < 10_000
