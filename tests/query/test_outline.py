from __future__ import annotations

from collections.abc import Awaitable, Callable

from remora_hub.answers import Item
from remora_hub.extract.extract import Extractor
from remora_hub.query.catalogue import Catalogue
from remora_hub.query.index import FileCache, Index, overlay_file
from remora_hub.query.outline import outline
from remora_hub.store import FileOmitted, NodeStateStore

Save = Callable[..., Awaitable[int]]

SOURCE = '''"""Of a module."""

class Café(dict):
    async def serve(self, guest: str) -> None:
        """Serve."""

def f(): ...
def f(): ...
'''


def index(store: NodeStateStore, **unsaved: str) -> Index:
    overlays = {
        f"{name}.py": overlay_file(f"{name}.py", Extractor().extract(f"{name}.py", text.encode()))
        for name, text in unsaved.items()
    }
    return Index(store.reader, FileCache(), Catalogue(), overlays)


async def test_an_outline_lists_a_files_nodes_in_source_order(store: NodeStateStore, save: Save) -> None:
    await save({"p/m.py": SOURCE, "p/n.py": "x = 1\n"})
    found = outline(index(store), "p/m.py")
    assert [item.key for item in found] == [
        "node:p/m.py:<module>",
        "node:p/m.py:Café",
        "node:p/m.py:Café.serve",
        "node:p/m.py:f",
        "node:p/m.py:f#2",
    ]
    assert found[0].name == "m"
    assert found[1].name_range == (3, 6, 3, 11)  # bytes of UTF-8
    assert found[2] == Item(
        key="node:p/m.py:Café.serve",
        name="serve",
        kind="method",
        qualname="Café.serve",
        path="p/m.py",
        range=(4, 4, 5, 20),
        name_range=(4, 14, 4, 19),
        signature="(self, guest: str) -> None",
        docstring="Serve.",
        is_async=True,
    )


async def test_an_outline_follows_unsaved_text(store: NodeStateStore, save: Save) -> None:
    await save({"m.py": SOURCE})
    found = outline(index(store, m="def g(): ...\n", new="h = 1\n"), "m.py")
    assert [item.qualname for item in found] == ["<module>", "g"]
    assert [item.qualname for item in outline(index(store, new="h = 1\n"), "new.py")] == ["<module>", "h"]


async def test_a_file_that_is_unknown_or_omitted_has_no_outline(store: NodeStateStore) -> None:
    await store.apply([FileOmitted(path="big.py", status="too_large")])
    assert outline(index(store), "none.py") == []
    assert outline(index(store), "big.py") == []
