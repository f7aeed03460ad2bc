"""One file as questions see it: its scopes, and what each name in it is there and binds."""

from __future__ import annotations

import re
from bisect import bisect_right
from functools import cached_property
from operator import itemgetter

import msgspec

from remora_hub.query.file_facts import FileFacts, Node
from remora_hub.syntax.line import Line
from remora_hub.syntax.logical_line import logical_line_end, logical_lines
from remora_hub.syntax.roles import NOT_BINDING, Role, Roles
from remora_hub.syntax.statement_roles import read_roles

_BEHIND = re.compile(rb"[ \t]*+[.(\[]")
# The words before a name that is bound although more follows it; a type parameter list may begin with one, too.
_DEFINING = re.compile(rb"\b(?:def|class|import|type)\b")
_INNER = frozenset((Role.COMPREHENDED, Role.LAMBDA_PARAMETER))
_TOKEN = itemgetter(0)
_SCOPES = {"class": "class", "function": "function", "method": "function", "property": "function"}


class Scope(msgspec.Struct, eq=False):
    """The module, a class or a function; bytes from its definition's first to behind its last."""

    kind: str
    start: int
    end: int
    node: Node
    parent: Scope | None = None


class Binding(msgspec.Struct, frozen=True, eq=False):
    """One place where a name is bound: token ``index`` of the line of ``roles``.

    ``scope`` is where it can be seen; ``is_inner`` says that only a lambda or comprehension in that line sees it.
    """

    name: str
    role: Role
    scope: Scope
    position: int
    roles: Roles
    index: int
    is_inner: bool = False


class Occurrence(msgspec.Struct, frozen=True):
    """One mention of a name in code."""

    position: int
    roles: Roles
    index: int

    @property
    def role(self) -> Role | None:
        """What the name does there; None for what is no name there, such as a soft keyword."""
        return self.roles.by_token.get(self.index)


def _balance(mask: bytes, start: int, end: int) -> int:
    """How many more brackets are opened than closed between two positions."""
    count = mask.count
    opened = count(b"(", start, end) + count(b"[", start, end) + count(b"{", start, end)
    return opened - count(b")", start, end) - count(b"]", start, end) - count(b"}", start, end)


def _is_continued(mask: bytes, line_start: int) -> bool:
    """Whether a backslash joins the line to the one above."""
    return mask.startswith(b"\\\n", line_start - 2) or mask.startswith(b"\\\r\n", line_start - 3)


class SourceFile(FileFacts):
    """The facts of one file at one moment, with its scopes and names. What is derived is kept with it."""

    def __init__(self, path: str, nodes: bytes, code: bytes, record: str) -> None:
        super().__init__(path, nodes, code, record)
        self._lines: dict[int, Roles] = {}
        self._bindings: dict[tuple[str, int], list[Binding]] = {}

    # Scopes.

    @cached_property
    def scopes(self) -> list[Scope]:
        """In source order; the module is the first, whatever encloses a scope comes before it."""
        offset = self.code.offset
        innermost = Scope("module", 0, len(self.code.mask) + 1, self.nodes[0])
        scopes = [innermost]
        for node in self.nodes:
            kind = _SCOPES.get(node.kind)
            if kind is None:
                continue
            line, column, end_line, end_column = node.range
            start = offset(line, column)
            while innermost.parent is not None and start >= innermost.end:
                innermost = innermost.parent
            innermost = Scope(kind, start, offset(end_line, end_column), node, innermost)
            scopes.append(innermost)
        return scopes

    @cached_property
    def _scope_starts(self) -> list[int]:
        return [scope.start for scope in self.scopes]

    @cached_property
    def _scope_by_suffix(self) -> dict[str, Scope]:
        return {scope.node.suffix: scope for scope in self.scopes}

    def scope_of_node(self, node: Node) -> Scope:
        """The scope a class, function or module makes."""
        return self._scope_by_suffix[node.suffix]

    def enclosing(self, position: int) -> Scope:
        """The innermost definition around a position, its header included."""
        scope = self.scopes[max(0, bisect_right(self._scope_starts, position) - 1)]
        while position >= scope.end and scope.parent is not None:
            scope = scope.parent
        return scope

    def scope_at(self, position: int) -> Scope:
        """The scope that code at a position runs in: that of a header is around the definition."""
        scope = self.enclosing(position)
        while scope.parent is not None and position <= self._body_start(scope):
            scope = scope.parent
        return scope

    def _body_start(self, scope: Scope) -> int:
        roles = self.roles_at(scope.start)
        colon = roles.header_end
        if colon is None or colon >= len(roles.line):
            return roles.line.end
        return roles.line.starts[colon]

    # Lines and names.

    @cached_property
    def lines(self) -> tuple[list[int], list[int]]:
        """Where its logical lines begin and end."""
        return logical_lines(self.code.mask)

    def line_number(self, position: int) -> int:
        """The index of the logical line around (or before) a position; -1 if there is none."""
        return bisect_right(self.lines[0], position) - 1

    def roles_at(self, position: int) -> Roles:
        """The roles in the logical line around a position."""
        mask = self.code.mask
        start = self._line_start(position)
        roles = self._lines.get(start)
        if roles is None or roles.line.end < position:
            end = logical_line_end(mask, start)[0]
            if end < position:  # brackets that nothing closes: only a pass from the beginning tells
                starts, ends = self.lines
                number = max(0, self.line_number(position))
                start, end = (starts[number], ends[number]) if starts else (0, 0)
            roles = self._lines[start] = read_roles(Line(mask, start, end))
        return roles

    def _line_start(self, position: int) -> int:
        """Where the logical line around a position begins.

        Found backwards, physical line by physical line: one begins a logical line if all brackets opened since some
        statement before it began are closed, and no backslash joins it to the one above.
        """
        mask = self.code.mask
        first = self._statement_before(position)
        start = mask.rfind(b"\n", first, position) + 1
        if start > first:
            depth = _balance(mask, first, start)
            while start > first and (depth > 0 or _is_continued(mask, start)):
                previous = max(mask.rfind(b"\n", first, start - 1) + 1, first)
                depth -= _balance(mask, previous, start)
                start = previous
        start = max(start, first)
        ahead = mask[start : position + 1]
        return start + len(ahead) - len(ahead.lstrip())

    def _statement_before(self, position: int) -> int:
        """Where a statement begins or ends at or before a position: near it, as far as definitions tell."""
        number = max(0, bisect_right(self._scope_starts, position) - 1)
        scope = self.scopes[number]
        anchor = scope.start
        while position >= scope.end and scope.parent is not None:
            anchor = scope.end
            scope = scope.parent
        return anchor

    def occurrence_at(self, position: int) -> Occurrence | None:
        """The name that touches a position; None if none does."""
        start, end = self.code.word_at(position)
        if start == end:
            return None
        found = self._occurrence(start)
        return found if found is not None and found.role is not None else None

    def occurrences(self, name: str) -> list[Occurrence]:
        """Every mention of a name in code, in order."""
        found = (self._occurrence(position) for position in self.code.occurrences(name))
        return [occurrence for occurrence in found if occurrence is not None and occurrence.role is not None]

    def _occurrence(self, position: int) -> Occurrence | None:
        roles = self.roles_at(position)
        index = roles.line.index_at(position)
        if index < 0 or roles.line.starts[index] != position:
            return None
        return Occurrence(position, roles, index)

    def bindings(self, name: str, scope: Scope) -> list[Binding]:
        """Where ``name`` is bound in ``scope``, in order."""
        key = name, scope.start if scope.parent else -1
        found = self._bindings.get(key)
        if found is None:
            found = self._bindings[key] = self._read_bindings(name, scope)
        return found

    def inner_bindings(self, name: str, roles: Roles) -> list[Binding]:
        """Where lambdas and comprehensions in a line bind ``name``, in order."""
        text = name.encode()
        texts, starts = roles.line.texts, roles.line.starts
        return [
            self._binding(name, role, Occurrence(starts[index], roles, index))
            for index, role in sorted(roles.by_token.items(), key=_TOKEN)
            if role in _INNER and texts[index] == text
        ]

    def bound_at(self, name: str, occurrence: Occurrence) -> tuple[Scope, list[Binding]] | None:
        """The scope in which a mention binds ``name``, and all bindings there; None if it binds nothing there."""
        role = occurrence.role
        if role is None or role in NOT_BINDING or role in _INNER:
            return None
        scope = self._seen_from(self._binding(name, role, occurrence))
        return scope, self.bindings(name, scope)

    def declaration(self, name: str, scope: Scope) -> Role | None:
        """``GLOBAL`` or ``NONLOCAL`` where ``scope`` declares ``name`` so."""
        mask = self.code.mask
        if scope.parent is None or (
            mask.find(b"global ", scope.start, scope.end) < 0
            and mask.find(b"nonlocal ", scope.start, scope.end) < 0
        ):
            return None
        for position in self.code.occurrences_within(name.encode(), scope.start, scope.end):
            occurrence = self._occurrence(position)
            role = occurrence.role if occurrence is not None else None
            if role in (Role.GLOBAL, Role.NONLOCAL) and self.scope_at(position) is scope:
                return role
        return None

    def _read_bindings(self, name: str, scope: Scope) -> list[Binding]:
        found = []
        text = name.encode()
        for position in self.code.occurrences_within(text, scope.start, scope.end):
            if not self._may_bind(position, len(text)):
                continue
            around = self.enclosing(position)
            is_near = around is scope or around.parent is scope  # the name of a definition stands within it
            if not is_near and self.declaration(name, around) is None:
                continue
            occurrence = self._occurrence(position)
            role = occurrence.role if occurrence is not None else None
            if occurrence is None or role is None or role in NOT_BINDING or role in _INNER:
                continue
            binding = self._binding(name, role, occurrence)
            if self._seen_from(binding) is scope:
                found.append(binding)
        return found

    def _seen_from(self, binding: Binding) -> Scope:
        """The scope whose name a binding binds: another than its own where that declares it global or nonlocal."""
        declared = self.declaration(binding.name, binding.scope)
        if declared is Role.GLOBAL:
            return self.scopes[0]
        if declared is Role.NONLOCAL and binding.scope.parent is not None:
            return binding.scope.parent
        return binding.scope

    def _may_bind(self, position: int, length: int) -> bool:
        """Whether a mention can bind the name, by what stands around it: most mentions of ``self`` cannot.

        A name with a dot, an argument or an index behind it is read, unless it is being defined or imported.
        """
        mask = self.code.mask
        if mask[position - 1 : position] == b".":
            return False
        behind = _BEHIND.match(mask, position + length)
        if behind is None:
            return True
        start = mask.rfind(b"\n", 0, position) + 1
        return _DEFINING.search(mask, start, position) is not None

    def _binding(self, name: str, role: Role, occurrence: Occurrence) -> Binding:
        position = occurrence.position
        is_inner = role in _INNER
        is_own = role in (Role.PARAMETER, Role.TYPE_PARAMETER)
        scope = self.enclosing(position) if is_own else self.scope_at(position)
        return Binding(name, role, scope, position, occurrence.roles, occurrence.index, is_inner)
