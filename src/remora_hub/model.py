"""The records a reader of the store sees, as pydantic models.

They follow fsdantic's ``VersionedKVRecord`` (``version``, ``created_at``, ``updated_at``), so that
``TypedKVRepository(prefix="node:", model_type=NodeState)`` reads them. Fields at their default may be absent from
the stored JSON. Paths are relative to the root, with ``/``. Lines are 1-based; columns are 0-based and count bytes of
the UTF-8 form of the line.
"""

from __future__ import annotations

import time
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, computed_field, model_validator

from remora_hub.kinds import FileStatus, NodeKind
from remora_hub.model_names import module_name


class Record(BaseModel):
    """A versioned record: ``version`` counts its saves, times are Unix seconds."""

    model_config = ConfigDict(frozen=True)

    version: int = Field(default=1, ge=1)
    created_at: float = Field(default_factory=time.time)
    updated_at: float

    @model_validator(mode="before")
    @classmethod
    def _updated_at_follows_created_at(cls, data: Any) -> Any:
        if isinstance(data, dict) and "updated_at" not in data:
            data = dict(data)
            data.setdefault("created_at", time.time())
            data["updated_at"] = data["created_at"]
        return data


class NodeState(Record):
    """One definition: what is stored under ``node:{path}:{qualname}``.

    ``range`` is ``(line, column, end_line, end_column)`` of the whole definition, from its ``def``, ``async`` or
    ``class`` keyword to the end of its last statement; ``name_at`` is ``(line, column)`` of its name, None where the
    range begins with it. ``signature`` is what follows the name in the declaration, white space folded: parameters
    and return type, bases, or annotation and value. ``typed`` is ``(annotated, annotatable)`` counts of parameters
    and return. ``uses`` are the names bound by the file's imports that appear in it, sorted; ``calls`` the dotted
    names it calls, in order of first appearance, a leading dot for a receiver that is no name. ``complexity`` is
    McCabe's, of functions.
    ``digest`` is the xxh3-64 of the definition's source, decorators included.
    ``documented_signature`` is the signature the docstring was written for, kept while ``docstring_outdated``.
    """

    path: str
    kind: NodeKind
    qualname: str
    ordinal: int = Field(default=1, ge=1)
    range: tuple[int, int, int, int]
    name_at: tuple[int, int] | None = None
    signature: str = ""
    docstring: str | None = None
    decorators: tuple[str, ...] = ()
    bases: tuple[str, ...] = ()
    calls: tuple[str, ...] = ()
    uses: tuple[str, ...] = ()
    complexity: int = 1
    typed: tuple[int, int] | None = None
    is_async: bool = False
    is_test: bool = False
    is_exported: bool = True
    digest: str
    docstring_outdated: bool = False
    documented_signature: str | None = None

    @computed_field  # type: ignore[prop-decorator]  # mypy issue 14461: decorated properties
    @property
    def key(self) -> str:
        """``node:{path}:{qualname}``, with ``#2``, ``#3`` for a name defined again."""
        return f"node:{self.path}:{self.suffix}"

    @property
    def suffix(self) -> str:
        """The key without ``node:{path}:``."""
        return self.qualname if self.ordinal == 1 else f"{self.qualname}#{self.ordinal}"

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def name(self) -> str:
        """The last part of the qualified name; for a module the name it is imported by."""
        if self.kind is NodeKind.MODULE:
            return module_name(self.path)
        return self.qualname.rpartition(".")[2]

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def line(self) -> int:
        """1-based line of the ``def``, ``async`` or ``class`` keyword, or of the assignment."""
        return self.range[0]

    @computed_field  # type: ignore[prop-decorator]  # as above
    @property
    def end_line(self) -> int:
        """1-based line on which the definition ends."""
        return self.range[2]

    @property
    def line_count(self) -> int:
        """Lines from the first to the last, both included."""
        return self.range[2] - self.range[0] + 1

    @property
    def type_hint_coverage(self) -> float | None:
        """Share of parameters and return that are annotated, 0 to 1; None where nothing can be."""
        if self.typed is None or self.typed[1] == 0:
            return None
        return self.typed[0] / self.typed[1]


class ImportStatement(BaseModel):
    """One import statement. ``import a.b as c`` has no ``module``; ``from ..m import x as y`` has level 2.

    ``names`` hold ``name`` or ``name as alias``, or ``*``; ``line`` is 1-based.
    """

    model_config = ConfigDict(frozen=True)

    line: int
    module: str = ""
    level: int = 0
    names: tuple[str, ...]
    type_checking: bool = False


class Problem(BaseModel):
    """Something in a file that kept a part of it from being understood; line is 1-based, column 0-based in bytes."""

    model_config = ConfigDict(frozen=True)

    kind: Literal["syntax", "encoding", "nul"]
    line: int
    column: int = 0
    message: str


class FileIndex(Record):
    """One file: what is stored under ``file:{path}``. ``detail`` explains a status other than ``indexed``.

    ``digest`` is the xxh3-128 of the bytes on disk; ``newline`` is ``lf``, ``crlf``, ``cr``, ``mixed`` or ``none``;
    ``exports`` is ``__all__`` where it can be read, ``type_checking`` marks imports under ``if TYPE_CHECKING``.
    """

    path: str
    status: FileStatus = FileStatus.INDEXED
    detail: str = ""
    digest: str = ""
    size: int = 0
    line_count: int = 0
    encoding: str = "utf-8"
    newline: Literal["lf", "crlf", "cr", "mixed", "none"] = "lf"
    imports: tuple[ImportStatement, ...] = ()
    exports: tuple[str, ...] | None = None
    problems: tuple[Problem, ...] = ()
    node_count: int = 0

    @property
    def key(self) -> str:
        """``file:{path}``."""
        return f"file:{self.path}"


class HubStatus(Record):
    """The hub's own record under ``hub:status``: who wrote this index last, and how it stood then."""

    root: str
    hub_version: str
    state: Literal["starting", "indexing", "ready", "degraded", "stopped"]
    pid: int | None = None
    sequence: int = 0
    files: int = 0
    nodes: int = 0

    @property
    def key(self) -> str:
        """``hub:status``; there is one."""
        return "hub:status"
