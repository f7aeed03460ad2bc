"""What each name in a logical line is there: bound, read, an attribute, a keyword argument.

Follows the language reference's "Naming and binding" (section 4.2.1) and its grammar of statements (sections 7 and 8),
as far as tokens and brackets tell. Code that is no valid Python gets the roles it would have where it is.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from remora_hub.syntax.line import Line

TokenSpan = tuple[int, int]
"""Tokens of a line, from the first to before the second."""


class Role(Enum):
    """What a name does where it stands. Those behind ``KEYWORD`` bind it."""

    READ = auto()
    ATTRIBUTE = auto()
    KEYWORD = auto()
    IMPORT_PATH = auto()  # a part of a module's name, or a name that an alias replaces
    GLOBAL = auto()
    NONLOCAL = auto()
    DELETED = auto()
    ASSIGNED = auto()
    ANNOTATED = auto()
    AUGMENTED = auto()
    LOOPED = auto()
    MANAGED = auto()  # with ... as
    CAUGHT = auto()  # except ... as
    WALRUS = auto()
    CAPTURED = auto()  # by a pattern
    COMPREHENDED = auto()
    PARAMETER = auto()
    LAMBDA_PARAMETER = auto()
    TYPE_PARAMETER = auto()
    TYPE_ALIAS = auto()
    IMPORTED = auto()
    FUNCTION = auto()
    CLASS = auto()


NOT_BINDING = frozenset(
    (Role.READ, Role.ATTRIBUTE, Role.KEYWORD, Role.IMPORT_PATH, Role.GLOBAL, Role.NONLOCAL, Role.DELETED)
)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a bound name's value comes from: the expression it is assigned, iterated or entered; its annotation.

    ``unpacked`` leads into the value of a tuple target: ``a`` of ``(x, (a, b)) = value`` has ``(1, 0)``.
    """

    value: TokenSpan | None = None
    annotation: TokenSpan | None = None
    unpacked: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Imported:
    """What a name in an import statement stands for: a module, or ``name`` in it. ``level`` counts leading dots."""

    module: str
    level: int = 0
    name: str | None = None


@dataclass(frozen=True, slots=True)
class InnerScope:
    """A lambda or comprehension: its tokens less those of ``hole``, which run outside of it; what it binds."""

    role: Role
    span: TokenSpan
    hole: TokenSpan = (0, 0)
    names: set[bytes] = field(default_factory=set)

    def holds(self, index: int) -> bool:
        """Whether the token at ``index`` is evaluated in this scope."""
        return self.span[0] <= index < self.span[1] and not self.hole[0] <= index < self.hole[1]


@dataclass(slots=True)
class Roles:
    """The roles of a line's names by token, and what goes with them.

    ``stores`` are attributes that are assigned to. For a definition ``header_end`` is the index of its colon,
    ``returns`` its return annotation, ``parameters`` the tokens of its parameters in order.
    """

    line: Line
    by_token: dict[int, Role] = field(default_factory=dict)
    origins: dict[int, Origin] = field(default_factory=dict)
    imports: dict[int, Imported] = field(default_factory=dict)
    stores: set[int] = field(default_factory=set)
    inner: list[InnerScope] = field(default_factory=list)
    header_end: int | None = None
    returns: TokenSpan | None = None
    parameters: list[int] = field(default_factory=list)
    bases: TokenSpan | None = None

    def inner_scopes_of(self, index: int) -> list[InnerScope]:
        """The lambdas and comprehensions that a token is evaluated in, innermost first."""
        around = [scope for scope in self.inner if scope.holds(index)]
        return sorted(around, key=lambda scope: scope.span[1] - scope.span[0])


def read_roles(line: Line) -> Roles:
    """The roles of all names in a line."""
    reader = _RoleReader(line)
    reader.statements(0, len(line))
    return reader.roles


_AUGMENTING = frozenset(
    (b"+=", b"-=", b"*=", b"/=", b"//=", b"%=", b"@=", b"&=", b"|=", b"^=", b">>=", b"<<=", b"**=")
)
_AFTER_READ_TARGET = frozenset((b".", b"(", b"["))


class _RoleReader:
    """Goes through one line. Every method takes the tokens from ``first`` to before ``last``."""

    def __init__(self, line: Line) -> None:
        self.roles = Roles(line)
        self._line = line
        self._texts = line.texts
        self._by_token = self.roles.by_token

    def statements(self, first: int, last: int) -> None:
        """Simple statements between semicolons, or one compound statement with what follows its colon."""
        for begin, end in self._split(first, last, b";"):
            if begin < end:
                self._statement(begin, end)

    def _statement(self, first: int, last: int) -> None:
        head = self._texts[first]
        if head == b"async" and first + 1 < last:
            first += 1
            head = self._texts[first]
        method = _BY_KEYWORD.get(head)
        if method is not None:
            method(self, first, last)
        elif head == b"@":
            self._expression(first + 1, last)
        elif head in _BY_SOFT_KEYWORD and self._is_soft_keyword(head, first, last):
            _BY_SOFT_KEYWORD[head](self, first, last)
        else:
            self._simple(first, last)

    def _is_soft_keyword(self, head: bytes, first: int, last: int) -> bool:
        following = self._texts[first + 1] if first + 1 < last else b""
        if head == b"type":
            return (
                first + 2 < last and self._line.is_name(first + 1) and self._texts[first + 2] in (b"=", b"[")
            )
        if following in (b"", b":", b"=", b".", b",", b")"):
            return False
        colon = self._find(b":", first, last)
        return colon < last and (head == b"case" or colon == last - 1)

    # Compound statements.

    def _function(self, first: int, last: int) -> None:
        self._definition(first, last, Role.FUNCTION)

    def _class(self, first: int, last: int) -> None:
        self._definition(first, last, Role.CLASS)

    def _definition(self, first: int, last: int, role: Role) -> None:
        name = first + 1
        if name >= last or not self._line.is_name(name):
            return
        self._by_token[name] = role
        position = name + 1
        if position < last and self._texts[position] == b"[":
            closing = min(self._line.closing(position), last)
            self._parameters(position + 1, closing, Role.TYPE_PARAMETER)
            position = closing + 1
        if position < last and self._texts[position] == b"(":
            closing = min(self._line.closing(position), last)
            if role is Role.FUNCTION:
                self._parameters(position + 1, closing, Role.PARAMETER)
            else:
                self.roles.bases = (position + 1, closing)
                self._expression(position + 1, closing, is_call=True)
            position = closing + 1
        colon = self._find(b":", position, last)
        if position < colon and self._texts[position] == b"->":
            self.roles.returns = (position + 1, colon)
            self._expression(position + 1, colon)
        self.roles.header_end = colon
        self.statements(colon + 1, last)

    def _parameters(self, first: int, last: int, role: Role) -> None:
        for begin, end in self._split(first, last, b","):
            name = begin
            while name < end and self._texts[name] in (b"*", b"**"):
                name += 1
            if name >= end or not self._line.is_name(name):
                continue
            equals = self._find(b"=", name, end)
            colon = self._find(b":", name, equals)
            self._by_token[name] = role
            self.roles.origins[name] = Origin(
                (equals + 1, end) if equals < end else None,
                (colon + 1, equals) if colon < equals else None,
            )
            if role is Role.PARAMETER:
                self.roles.parameters.append(name)
            self._expression(name + 1, end)

    def _if(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        self._expression(first + 1, colon)
        self.statements(colon + 1, last)

    def _for(self, first: int, last: int) -> None:
        within = self._find(b"in", first, last)
        colon = self._find(b":", within, last)
        self._targets(first + 1, within, Role.LOOPED, Origin((within + 1, colon)))
        self._expression(within + 1, colon)
        self.statements(colon + 1, last)

    def _with(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        items = (first + 1, colon)
        opening = first + 1
        if opening < colon and self._texts[opening] == b"(" and self._line.closing(opening) == colon - 1:
            items = (opening + 1, colon - 1)
        for begin, end in self._split(*items, b","):
            target = self._find(b"as", begin, end)
            self._expression(begin, target)
            self._targets(target + 1, end, Role.MANAGED, Origin((begin, target)))
        self.statements(colon + 1, last)

    def _except(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        target = self._find(b"as", first, colon)
        begin = first + 2 if first + 1 < last and self._texts[first + 1] == b"*" else first + 1
        self._expression(begin, target)
        self._targets(target + 1, colon, Role.CAUGHT, Origin((begin, target)))
        self.statements(colon + 1, last)

    def _match(self, first: int, last: int) -> None:
        self._expression(first + 1, last - 1)

    def _case(self, first: int, last: int) -> None:
        colon = self._find(b":", first, last)
        guard = self._find(b"if", first, colon)
        for index in range(first + 1, guard):
            if not self._line.is_name(index):
                continue
            following = self._texts[index + 1]
            if self._texts[index - 1] == b".":
                role = Role.ATTRIBUTE
            elif following == b"=":
                role = Role.KEYWORD
            elif following in (b".", b"(") or self._texts[index] == b"_":
                role = Role.READ
            else:
                role = Role.CAPTURED
            self._by_token[index] = role
        self._expression(guard + 1, colon)
        self.statements(colon + 1, last)

    # Simple statements.

    def _simple(self, first: int, last: int) -> None:
        level = self._line.at_level(first, last)
        texts = self._texts
        equals = [index for index in level if texts[index] == b"="]
        before_value = equals[0] if equals else last
        colon = next((index for index in level if texts[index] == b":" and index < before_value), last)
        if colon < last and not any(texts[index] == b"lambda" for index in level if index < colon):
            value = (before_value + 1, last) if equals else None
            self._targets(first, colon, Role.ANNOTATED, Origin(value, (colon + 1, before_value)))
            self._expression(colon + 1, last)
        elif equals:
            begin = first
            for end in equals:
                self._targets(begin, end, Role.ASSIGNED, Origin((equals[-1] + 1, last)))
                begin = end + 1
            self._expression(begin, last)
        else:
            operator = next((index for index in level if texts[index] in _AUGMENTING), first)
            if operator > first:
                self._targets(first, operator, Role.AUGMENTED, Origin((operator + 1, last)))
            self._expression(operator, last)

    def _names(self, first: int, last: int) -> None:
        role = Role.GLOBAL if self._texts[first] == b"global" else Role.NONLOCAL
        for index in range(first + 1, last):
            if self._line.is_name(index):
                self._by_token[index] = role

    def _del(self, first: int, last: int) -> None:
        self._targets(first + 1, last, Role.DELETED, Origin())

    def _type(self, first: int, last: int) -> None:
        self._by_token[first + 1] = Role.TYPE_ALIAS
        equals = self._find(b"=", first, last)
        self.roles.origins[first + 1] = Origin((equals + 1, last))
        if self._texts[first + 2] == b"[":
            self._parameters(first + 3, min(self._line.closing(first + 2), equals), Role.TYPE_PARAMETER)
        self._expression(equals + 1, last)

    def _import(self, first: int, last: int) -> None:
        for begin, end in self._split(first + 1, last, b","):
            alias = self._find(b"as", begin, end)
            module = ""
            for index in range(begin, alias):
                if self._line.is_name(index):
                    module = f"{module}.{self._text(index)}" if module else self._text(index)
                    self._by_token[index] = Role.IMPORT_PATH
                    self.roles.imports[index] = Imported(module)
            bound = alias + 1 if alias + 1 < end else begin
            if bound < end and self._line.is_name(bound):
                self._by_token[bound] = Role.IMPORTED
                self.roles.imports.setdefault(bound, Imported(module))

    def _from(self, first: int, last: int) -> None:
        importing = self._find(b"import", first, last)
        level, module = 0, ""
        for index in range(first + 1, importing):
            text = self._texts[index]
            if self._line.is_name(index):
                module = f"{module}.{self._text(index)}" if module else self._text(index)
                self._by_token[index] = Role.IMPORT_PATH
                self.roles.imports[index] = Imported(module, level)
            elif not module:
                level += text.count(b".")
        names = (importing + 1, last)
        if importing + 1 < last and self._texts[importing + 1] == b"(":
            names = (importing + 2, min(self._line.closing(importing + 1), last))
        for begin, end in self._split(*names, b","):
            if begin >= end or not self._line.is_name(begin):
                continue
            imported = Imported(module, level, self._text(begin))
            bound = begin + 2 if begin + 2 < end and self._texts[begin + 1] == b"as" else begin
            for index in (begin, bound):
                self._by_token[index] = Role.IMPORT_PATH
                self.roles.imports[index] = imported
            self._by_token[bound] = Role.IMPORTED

    # Targets and expressions.

    def _targets(self, first: int, last: int, role: Role, origin: Origin) -> None:
        """Names in what is assigned to; a tuple's or list's ones are unpacked."""
        pieces = list(self._split(first, last, b","))
        for number, (begin, end) in enumerate(pieces):
            if begin >= end:
                continue
            deeper = origin
            if len(pieces) > 1:
                deeper = Origin(origin.value, origin.annotation, (*origin.unpacked, number))
            self._target(begin, end, role, deeper)

    def _target(self, first: int, last: int, role: Role, origin: Origin) -> None:
        if self._texts[first] == b"*":
            first += 1
        if first >= last:
            return
        if self._texts[first] in (b"(", b"[") and self._line.closing(first) >= last - 1:
            inside = (first + 1, min(self._line.closing(first), last))
            if self._texts[first] == b"[" and self._find(b",", *inside) == inside[1]:
                origin = Origin(origin.value, origin.annotation, (*origin.unpacked, 0))
            self._targets(*inside, role, origin)
            return
        if first + 1 == last and self._line.is_name(first):
            self._by_token[first] = role
            self.roles.origins[first] = origin
            return
        self._expression(first, last)
        if self._by_token.get(last - 1) is Role.ATTRIBUTE and role is not Role.DELETED:
            self.roles.stores.add(last - 1)
            self.roles.origins[last - 1] = origin

    def _expression(self, first: int, last: int, *, is_call: bool = False) -> None:
        texts, by_token, partner = self._texts, self._by_token, self._line.partner
        index = first
        while index < last:
            text = texts[index]
            if partner[index] > index:
                self._bracket(index, min(partner[index], last))
                index = partner[index]
            elif text == b"lambda":
                index = self._lambda(index, last)
                continue
            elif self._line.is_name(index):
                before = texts[index - 1] if index else b""
                following = texts[index + 1] if index + 1 < last else b""
                if before == b".":
                    by_token[index] = Role.ATTRIBUTE
                elif following == b"=" and is_call and before in (b"(", b","):
                    by_token[index] = Role.KEYWORD
                elif following == b":=":
                    by_token[index] = Role.WALRUS
                    end = self._find(b",", index, last)
                    self.roles.origins[index] = Origin((index + 2, end))
                else:
                    by_token[index] = Role.READ
            index += 1

    def _bracket(self, opening: int, closing: int) -> None:
        looping = self._find(b"for", opening + 1, closing)
        if looping < closing and self._texts[opening] != b'"':
            self._comprehension(opening, looping, closing)
        else:
            is_call = self._texts[opening] == b"(" and self._line.ends_operand(opening - 1)
            self._expression(opening + 1, closing, is_call=is_call)

    def _comprehension(self, opening: int, looping: int, closing: int) -> None:
        clauses = [
            index
            for index in self._line.at_level(looping, closing)
            if self._texts[index] in (b"for", b"if", b"async")
        ]
        scope: InnerScope | None = None
        for clause, end in zip(clauses, [*clauses[1:], closing], strict=True):
            if self._texts[clause] == b"for":
                within = self._find(b"in", clause, end)
                if scope is None:
                    scope = InnerScope(Role.COMPREHENDED, (opening + 1, closing), (within + 1, end))
                    self.roles.inner.append(scope)
                self._targets(clause + 1, within, Role.COMPREHENDED, Origin((within + 1, end)))
                scope.names.update(
                    self._texts[index]
                    for index in range(clause + 1, within)
                    if self._by_token.get(index) is Role.COMPREHENDED
                )
                self._expression(within + 1, end)
            else:
                self._expression(clause + 1, end)
        self._expression(opening + 1, looping)

    def _lambda(self, first: int, last: int) -> int:
        """One lambda expression; the token behind it."""
        colon = self._find(b":", first + 1, last)
        self._parameters(first + 1, colon, Role.LAMBDA_PARAMETER)
        end = self._find(b",", colon + 1, last)
        names = {
            self._texts[index]
            for index in range(first + 1, colon)
            if self._by_token.get(index) is Role.LAMBDA_PARAMETER
        }
        self.roles.inner.append(InnerScope(Role.LAMBDA_PARAMETER, (colon + 1, end), names=names))
        self._expression(colon + 1, end)
        return end

    def _find(self, text: bytes, first: int, last: int) -> int:
        """The first token ``text`` in no bracket or lambda's head behind ``first``; ``last`` if there is none."""
        texts, partner = self._texts, self._line.partner
        index = first
        while index < last:
            if texts[index] == text:
                return index
            if texts[index] == b"lambda":
                index = self._find(b":", index + 1, last)
            index = max(partner[index], index) + 1 if index < last else last
        return last

    def _split(self, first: int, last: int, separator: bytes) -> list[TokenSpan]:
        pieces = []
        while (end := self._find(separator, first, last)) < last:
            pieces.append((first, end))
            first = end + 1
        if first < last or not pieces:
            pieces.append((first, last))
        return pieces

    def _text(self, index: int) -> str:
        return self._texts[index].decode("utf-8", "replace")


_BY_KEYWORD = {
    b"def": _RoleReader._function,
    b"class": _RoleReader._class,
    b"if": _RoleReader._if,
    b"elif": _RoleReader._if,
    b"while": _RoleReader._if,
    b"else": _RoleReader._if,
    b"try": _RoleReader._if,
    b"finally": _RoleReader._if,
    b"for": _RoleReader._for,
    b"with": _RoleReader._with,
    b"except": _RoleReader._except,
    b"global": _RoleReader._names,
    b"nonlocal": _RoleReader._names,
    b"del": _RoleReader._del,
    b"import": _RoleReader._import,
    b"from": _RoleReader._from,
}
_BY_SOFT_KEYWORD = {
    b"match": _RoleReader._match,
    b"case": _RoleReader._case,
    b"type": _RoleReader._type,
}
