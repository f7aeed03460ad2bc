"""What a name in a logical line can be there: bound, read, an attribute, a keyword argument."""

from __future__ import annotations

from enum import Enum, auto

import msgspec

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


class Origin(msgspec.Struct, frozen=True):
    """Where a bound name's value comes from: the expression it is assigned, iterated or entered; its annotation.

    ``unpacked`` leads into the value of a tuple target: ``a`` of ``(x, (a, b)) = value`` has ``(1, 0)``.
    """

    value: TokenSpan | None = None
    annotation: TokenSpan | None = None
    unpacked: tuple[int, ...] = ()


class Imported(msgspec.Struct, frozen=True):
    """What a name in an import statement stands for: a module, or ``name`` in it. ``level`` counts leading dots."""

    module: str
    level: int = 0
    name: str | None = None


class InnerScope(msgspec.Struct, frozen=True):
    """A lambda or comprehension: its tokens less those of ``hole``, which run outside of it; what it binds."""

    role: Role
    span: TokenSpan
    hole: TokenSpan = (0, 0)
    names: set[bytes] = msgspec.field(default_factory=set)

    def holds(self, index: int) -> bool:
        """Whether the token at ``index`` is evaluated in this scope."""
        return self.span[0] <= index < self.span[1] and not self.hole[0] <= index < self.hole[1]


class Roles(msgspec.Struct):
    """The roles of a line's names by token, and what goes with them.

    ``stores`` are attributes that are assigned to. For a definition ``header_end`` is the index of its colon,
    ``returns`` its return annotation, ``parameters`` the tokens of its parameters in order.
    """

    line: Line
    by_token: dict[int, Role] = msgspec.field(default_factory=dict)
    origins: dict[int, Origin] = msgspec.field(default_factory=dict)
    imports: dict[int, Imported] = msgspec.field(default_factory=dict)
    stores: set[int] = msgspec.field(default_factory=set)
    inner: list[InnerScope] = msgspec.field(default_factory=list)
    header_end: int | None = None
    returns: TokenSpan | None = None
    parameters: list[int] = msgspec.field(default_factory=list)
    bases: TokenSpan | None = None

    def inner_scopes_of(self, index: int) -> list[InnerScope]:
        """The lambdas and comprehensions that a token is evaluated in, innermost first."""
        around = [scope for scope in self.inner if scope.holds(index)]
        return sorted(around, key=lambda scope: scope.span[1] - scope.span[0])
