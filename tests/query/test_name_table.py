"""Which files mention a name, however often files came, changed and went."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from remora_hub.query.name_table import NameTable

PATHS = st.sampled_from([f"{letter}.py" for letter in "abcdef"])
NAMES = st.sets(st.sampled_from(["f", "fg", "g", "café", "_", "x1"]))
STEPS = st.lists(st.tuples(PATHS, st.none() | NAMES), max_size=60)


def packed(names: set[str]) -> bytes:
    return "".join(["\n", *(f"{name}\n" for name in sorted(names))]).encode()


@settings(deadline=None)
@given(STEPS)
def test_a_name_is_found_in_the_files_that_mention_it_now(steps: list[tuple[str, set[str] | None]]) -> None:
    table, expected = NameTable(), dict[str, set[str]]()
    for path, names in steps:
        if names is None:
            table.remove(path)
            expected.pop(path, None)
        else:
            table.put(path, packed(names))
            expected[path] = names
    for name in ("f", "fg", "g", "café", "_", "x1", "", "nowhere"):
        assert table.files_naming(name) == sorted(path for path, names in expected.items() if name in names)


def test_a_file_that_changes_for_ever_takes_no_more_room() -> None:
    table = NameTable()
    table.put("other.py", packed({"other"}))
    for number in range(20_000):
        table.put("a.py", packed({"f", f"g{number}"}))
    assert table.files_naming("f") == ["a.py"]
    assert table.files_naming("g19999") == ["a.py"]
    assert table.files_naming("g19998") == []
    assert table.files_naming("other") == ["other.py"]
    assert table.entries < 10_000
