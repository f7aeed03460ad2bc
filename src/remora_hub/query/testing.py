"""Which tests a symbol has, and what a test exercises: by mentions, then along calls and fixtures."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable

from remora_hub.answers import Test
from remora_hub.errors import StoreError
from remora_hub.query.call_sites import calls_in, calls_of
from remora_hub.query.calling import CALLABLE, Calling
from remora_hub.query.file_facts import Node
from remora_hub.query.fixtures import Fixtures, is_fixture, is_set_up, is_test_function, tests_beside
from remora_hub.query.index import Index
from remora_hub.query.mentions import Mentions, everywhere
from remora_hub.query.outline import item
from remora_hub.query.references import node_entity
from remora_hub.query.resolution.values import ClassValue
from remora_hub.query.source_file import Occurrence, Scope, SourceFile
from remora_hub.syntax.roles import Role

_MOST_BETWEEN = 3
_MOST_FOLLOWED = 200
_MOST_FILES_NAMING = 150
_CONSTRUCTORS = frozenset(("__init__", "__new__", "__post_init__"))
_IMPORTING = frozenset((Role.IMPORTED, Role.IMPORT_PATH))

Found = tuple[SourceFile, Node]


def tests_of(index: Index, key: str) -> list[Test]:
    """The tests that mention a symbol, then those that reach it through at most three others, nearest first.

    In between stand callers outside of tests, and what tests use: helpers, fixtures, set-up methods, shared values.
    Only what is certain counts. At most 200 symbols are followed, and none in between that more than 150 files name.
    """
    return _Search(index).tests(key) if index.split_key(key) else []


def exercised_by(index: Index, key: str) -> list[Test]:
    """The symbols outside of tests that a test calls, itself or through at most three others, nearest first.

    Its fixtures and set-up methods are called by it, too. Only what is certain counts; at most 200 are followed.
    """
    return _Search(index).exercised(key) if index.split_key(key) else []


class _Search:
    """Steps between symbols and tests, for one question."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._calling = Calling(index)
        self._fixtures = Fixtures(index)

    def tests(self, key: str) -> list[Test]:
        """Breadth first, so that the nearest come first."""
        found: list[Test] = []
        seen = {key}
        queue: list[tuple[str, list[str]]] = [(key, [])]
        for symbol, via in queue:
            for file, node in self._users(symbol, is_first=not via):
                user = file.key(node)
                if user in seen:
                    continue
                seen.add(user)
                if is_test_function(node):
                    found.append(Test(item=item(file, node), distance=len(via) + 1, via=via))
                elif len(via) < _MOST_BETWEEN and len(queue) < _MOST_FOLLOWED:
                    queue.append((user, [*via, user]))
        return found

    def exercised(self, key: str) -> list[Test]:
        """The same the other way round."""
        found: list[Test] = []
        seen = {key}
        queue: list[tuple[str, list[str]]] = [(key, [])]
        for symbol, via in queue:
            for file, node in self._used(symbol):
                used = file.key(node)
                if used in seen:
                    continue
                seen.add(used)
                if not file.nodes[0].is_test:
                    found.append(Test(item=item(file, node), distance=len(via) + 1, via=via))
                if len(via) < _MOST_BETWEEN and len(queue) < _MOST_FOLLOWED:
                    queue.append((used, [*via, used]))
        return found

    # From a symbol to what uses it.

    def _users(self, key: str, *, is_first: bool) -> Iterable[Found]:
        file, node = self._find(key)
        if is_fixture(node):
            return self._fixtures.users(file, node)
        if file.nodes[0].is_test and (is_set_up(node) or (node.kind == "class" and node.is_test)):
            return [(file, test) for test in tests_beside(file, node)]
        if node.name in _CONSTRUCTORS and node.kind == "method":
            cls = file.by_suffix.get(node.qualname.rpartition(".")[0])
            return [(file, cls)] if cls is not None else []
        if not is_first and len(self._index.files_naming(node.name)) > _MOST_FILES_NAMING:
            return []
        return self._mentioning(key, node)

    def _mentioning(self, key: str, node: Node) -> Iterable[Found]:
        entity = node_entity(self._calling.resolver, key)
        if entity is None:
            return
        is_called = node.kind in CALLABLE

        def sites(file: SourceFile, name: str) -> Iterable[int]:
            is_enough = file.nodes[0].is_test or not is_called
            return everywhere(file, name) if is_enough else calls_of(file, name)

        for file, occurrence, is_certain in Mentions(self._calling.resolver, entity).all(sites):
            if is_certain and occurrence.role not in _IMPORTING:
                user = self._user_at(file, occurrence)
                if user is not None and file.key(user) != key:
                    yield file, user

    def _user_at(self, file: SourceFile, occurrence: Occurrence) -> Node | None:
        """What a mention belongs to: the outermost function around it; in tests, too, what it decorates or defines."""
        position = occurrence.position
        in_tests = file.nodes[0].is_test
        if in_tests and occurrence.roles.line.texts[0] == b"@":
            following = bisect_right([scope.start for scope in file.scopes], position)
            if following < len(file.scopes):
                return file.scopes[following].node
        scope: Scope | None = file.enclosing(position) if in_tests else file.scope_at(position)
        function = cls = None
        while scope is not None and scope.parent is not None:
            if scope.kind == "function":
                function = scope.node
            elif function is None:
                cls = scope.node
            scope = scope.parent
        if function is not None or not in_tests:
            return function
        if cls is not None:
            return cls
        line, _ = file.code.line_and_column(position)
        return next((node for node in file.nodes[1:] if node.range[0] <= line <= node.range[2]), None)

    # From a test to what it uses.

    def _used(self, key: str) -> Iterable[Found]:
        file, node = self._find(key)
        if is_test_function(node):
            yield from (
                (file, other)
                for other in file.nodes
                if is_set_up(other) and node in tests_beside(file, other)
            )
        if is_test_function(node) or is_fixture(node):
            yield from self._fixtures.requested(file, node)
        if node.kind == "class":
            yield from self._constructors(file, node)
        if not node.is_function:
            return
        own = file.scope_of_node(node)
        for scope in file.scopes:
            if own.start <= scope.start < own.end:
                for occurrence in calls_in(file, scope):
                    called, is_certain = self._calling.called(file, occurrence)
                    yield from called if is_certain else ()

    def _constructors(self, file: SourceFile, node: Node) -> Iterable[Found]:
        for name in sorted(_CONSTRUCTORS):
            entity, _ = self._calling.resolver.classes.member(ClassValue(file, node), name)
            if entity is not None and entity.nodes:
                yield entity.file, entity.nodes[-1]

    def _find(self, key: str) -> Found:
        found = self._index.split_key(key)
        if found is None:
            raise StoreError("find", key, "its file changed meanwhile", "ask again")
        file, suffix = found
        return file, file.by_suffix[suffix]
