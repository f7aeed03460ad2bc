"""The layout of files that come and go is that of the files that are there."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from remora_hub.query.modules import Modules
from remora_hub.syntax.roles import Imported

PLACES = ["", "a/", "a/b/", "src/", "src/p/", "lib/p/", "lib/p/q/"]
FILES = st.builds(
    str.__add__, st.sampled_from(PLACES), st.sampled_from(["__init__.py", "__init__.pyi", "m.py", "n.py"])
)
IMPORTS = [Imported(name) for name in ("a", "a.b", "a.b.m", "m", "p", "p.q.n", "q.m", "p.m")]


def layout(modules: Modules) -> list[object]:
    found = [
        modules.find(imported, importer) for imported in IMPORTS for importer in ("a/m.py", "lib/p/q/m.py")
    ]
    return [modules.paths(), found, [modules.name_of(path) for path in modules.paths()]]


@given(st.lists(st.tuples(FILES, st.booleans()), max_size=30), st.sets(FILES))
def test_files_that_come_and_go_leave_the_layout_of_those_that_stay(
    steps: list[tuple[str, bool]], more: set[str]
) -> None:
    modules, expected = Modules(), set[str]()
    for path, comes in steps:
        layout(modules)  # what is derived must not outlive the next step
        if comes:
            modules.add(path)
            expected.add(path)
        else:
            modules.discard(path)
            expected.discard(path)
    assert layout(modules) == layout(Modules(expected))
    assert layout(modules.with_files(more)) == layout(Modules(expected | more))
    assert layout(modules) == layout(Modules(expected))
