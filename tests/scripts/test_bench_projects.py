"""The code that is measured: symbols with one answer, and trees that grow out of real files."""

from __future__ import annotations

from pathlib import Path

from bench_growth import grow
from bench_projects import Project, only_classes


def project(tmp_path: Path, sources: dict[str, str]) -> Project:
    for path, source in sources.items():
        target = tmp_path / "origin" / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(source)
    return Project.copied("made", tmp_path / "origin", tmp_path / "copy")


def test_a_copy_has_the_sources_and_neither_caches_nor_an_index(tmp_path: Path) -> None:
    sources = {
        "p/a.py": "x = 1\n",
        "p/__pycache__/a.py": "",
        ".remora/hub.py": "",
        "p/notes.txt": "no source",
    }
    copied = project(tmp_path, sources)
    assert copied.files == ("p/a.py",)
    assert copied.source_bytes == 6
    assert sorted(path.name for path in copied.root.rglob("*") if path.is_file()) == ["a.py", "notes.txt"]


def test_only_classes_that_one_file_alone_defines_are_asked_for(tmp_path: Path) -> None:
    copied = project(
        tmp_path,
        {
            "a.py": "\nclass Single: ...\nclass Double: ...\n",
            "b.py": "class Double: ...\n    class Inner: ...\n",
        },
    )
    (found,) = only_classes(copied, 10, seed=1)
    assert (found.path, found.line, found.column, found.name) == ("a.py", 2, 6, "Single")


def test_a_grown_tree_has_the_size_and_no_bytes_twice(tmp_path: Path) -> None:
    origin = project(tmp_path, {f"p/m{number}.py": f"def made_{number}(): ...\n" for number in range(4)})
    grow(origin, tmp_path / "grown", 10, seed=1)
    contents = [path.read_bytes() for path in (tmp_path / "grown").rglob("*.py")]
    assert len(contents) == len(set(contents)) == 10


def test_a_copy_in_a_grown_tree_is_a_package_with_names_of_its_own(tmp_path: Path) -> None:
    uses = "import os\nfrom p.lib import Thing, made\n\nmade(Thing, os)\n"
    origin = project(tmp_path, {"p/lib.py": "class Thing: ...\ndef made(): ...\n", "p/use.py": uses})
    grow(origin, tmp_path / "grown", 4, seed=1)
    copied = (tmp_path / "grown" / "copy_0001" / "p" / "use.py").read_text()
    assert "import os\n" in copied
    assert "from copy_0001.p.lib import Thing_0001, made_0001" in copied
    assert "made_0001(Thing_0001, os)" in copied
