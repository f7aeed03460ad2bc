"""What a node can be, and what can become of a file; apart from ``model`` for who must not wait for pydantic."""

from __future__ import annotations

from enum import StrEnum


class NodeKind(StrEnum):
    """What a node is; the names are the field's."""

    MODULE = "module"
    CLASS = "class"
    FUNCTION = "function"
    METHOD = "method"
    PROPERTY = "property"
    VARIABLE = "variable"
    CLASS_VARIABLE = "class_variable"
    CONSTANT = "constant"
    TYPE_ALIAS = "type_alias"
    ATTRIBUTE = "attribute"


class FileStatus(StrEnum):
    """Whether a file is indexed, and if not, why: every omission has a name."""

    INDEXED = "indexed"
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    NOT_REGULAR = "not_regular"
    NAME_NOT_UTF8 = "name_not_utf8"
    TIMED_OUT = "timed_out"
    QUARANTINED = "quarantined"
