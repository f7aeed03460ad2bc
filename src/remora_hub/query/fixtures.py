"""What tests get without calling it: pytest's fixtures, requested by parameters' names, and set-up methods.

Follows pytest's documentation ("Fixtures reference"): one of the test's class comes first, then one of its module, then
those of each ``conftest.py`` from its directory upwards. Fixtures that plugins bring are not known, nor whom those
of a ``conftest.py`` that nobody has to request (``autouse``) reach.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.source_file import SourceFile

FixtureNode = tuple[SourceFile, Node]

_FIXTURE = re.compile(r"(?:\w+\.)*(?:fixture|yield_fixture)(?:\(|\Z)")
_NAMED = re.compile(r"\bname\s*=\s*[\"'](\w+)[\"']")
_AUTOUSE = re.compile(r"\bautouse\s*=\s*True\b")
_USEFIXTURES = re.compile(r"(?:\w+\.)*usefixtures\(([^)]*)\)")
_QUOTED = re.compile(r"[\"'](\w+)[\"']")
_SET_UP = frozenset(
    ("setUp", "setUpClass", "asyncSetUp", "tearDown", "tearDownClass", "asyncTearDown", "setup", "teardown")
) | frozenset(("setup_method", "setup_class", "teardown_method", "teardown_class", "setUpTestData"))


def is_fixture(node: Node) -> bool:
    """Whether a function is a fixture."""
    return node.is_function and any(_FIXTURE.match(decorator) for decorator in node.decorators)


def is_test_function(node: Node) -> bool:
    """Whether it is a test that is run, not a class of tests."""
    return node.is_test and node.is_function


def is_set_up(node: Node) -> bool:
    """Whether a method runs around each test of its class (``unittest``, pytest's "xunit-style")."""
    return node.kind == "method" and node.name in _SET_UP


def tests_beside(file: SourceFile, node: Node) -> list[Node]:
    """The tests in a class, in the class of a method, or in the module of a function."""
    container = f"{node.qualname}." if node.kind == "class" else node.qualname[: -len(node.name)]
    return [
        other
        for other in file.nodes
        if is_test_function(other) and other.qualname.startswith(container) and other is not node
    ]


class Fixtures:
    """Who requests which fixture."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._known: dict[str, dict[str, list[Node]]] = {}

    def requested(self, file: SourceFile, node: Node) -> list[FixtureNode]:
        """The fixtures that a test or fixture requests, or gets from its own module without asking."""
        names = [*self._parameters(file, node), *self._marked(file, node)]
        found = [fixture for name in names if (fixture := self.find(file, node, name)) is not None]
        if not is_fixture(node):
            found += [
                (file, other)
                for others in self._of_file(file).values()
                for other in others
                if _is_automatic(other) and _encloses(other, node)
            ]
        return list({one.key(other): (one, other) for one, other in found}.values())

    def find(self, file: SourceFile, node: Node, name: str) -> FixtureNode | None:
        """The fixture that a parameter ``name`` of a test or fixture gets; never that itself."""
        for visible in self._visible_files(file):
            candidates = [
                other
                for other in self._of_file(visible).get(name, ())
                if other is not node and (visible is not file or _encloses(other, node))
            ]
            if candidates:
                return visible, max(candidates, key=lambda other: (other.qualname.count("."), other.range))
        return None

    def users(self, file: SourceFile, fixture: Node) -> list[FixtureNode]:
        """The tests and fixtures that get a fixture."""
        found: list[FixtureNode] = []
        for path in self._reached_paths(file, _name_of(fixture)):
            other = self._index.file(path)
            for node in other.nodes if other is not None else ():
                if other is None or not (is_test_function(node) or is_fixture(node)) or node is fixture:
                    continue
                if any(
                    one.path == file.path and got.suffix == fixture.suffix
                    for one, got in self.requested(other, node)
                ):
                    found.append((other, node))
        return found

    def _reached_paths(self, file: SourceFile, name: str) -> list[str]:
        directory, _, file_name = file.path.rpartition("/")
        if file_name != "conftest.py":
            return [file.path]
        naming = {*self._index.files_naming(name), *self._index.files_naming("usefixtures")}
        return sorted(path for path in naming if not directory or path.startswith(f"{directory}/"))

    def _visible_files(self, file: SourceFile) -> Iterator[SourceFile]:
        yield file
        directory = file.path.rpartition("/")[0]
        while True:
            path = f"{directory}/conftest.py" if directory else "conftest.py"
            found = self._index.file(path) if path != file.path else None
            if found is not None:
                yield found
            if not directory:
                return
            directory = directory.rpartition("/")[0]

    def _of_file(self, file: SourceFile) -> dict[str, list[Node]]:
        if file.path not in self._known:
            found: dict[str, list[Node]] = {}
            for node in file.nodes:
                if is_fixture(node):
                    found.setdefault(_name_of(node), []).append(node)
            self._known[file.path] = found
        return self._known[file.path]

    def _parameters(self, file: SourceFile, node: Node) -> list[str]:
        roles = file.roles_at(file.scope_of_node(node).start)
        return [roles.line.texts[index].decode("utf-8", "replace") for index in roles.parameters]

    def _marked(self, file: SourceFile, node: Node) -> list[str]:
        """What ``usefixtures`` names on the test or its classes."""
        around = [
            other
            for other in file.nodes
            if other.kind == "class" and node.qualname.startswith(f"{other.qualname}.")
        ]
        marks = [
            match[1]
            for one in [node, *around]
            for text in one.decorators
            if (match := _USEFIXTURES.match(text))
        ]
        return [name for mark in marks for name in _QUOTED.findall(mark)]


def _encloses(fixture: Node, node: Node) -> bool:
    """Whether what a fixture is defined in holds ``node``, too."""
    return node.qualname.startswith(fixture.qualname[: -len(fixture.name)])


def _name_of(fixture: Node) -> str:
    named = (_NAMED.search(decorator) for decorator in fixture.decorators if _FIXTURE.match(decorator))
    return next((match[1] for match in named if match), fixture.name)


def _is_automatic(fixture: Node) -> bool:
    return any(_AUTOUSE.search(decorator) for decorator in fixture.decorators if _FIXTURE.match(decorator))
