"""What an expression may evaluate to, as far as it matters for finding members."""

from __future__ import annotations

import msgspec

from remora_hub.query.file_facts import Node
from remora_hub.query.source_file import SourceFile


class ModuleValue(msgspec.Struct, frozen=True, eq=False):
    """A module: the path of its file, or of a namespace package's directory with ``/`` behind it."""

    path: str


class ClassValue(msgspec.Struct, frozen=True, eq=False):
    """A class itself."""

    file: SourceFile
    node: Node

    @property
    def key(self) -> tuple[str, str]:
        """What tells it from any other class."""
        return self.file.path, self.node.suffix


class InstanceValue(msgspec.Struct, frozen=True, eq=False):
    """An object of a class; ``arguments`` are the values its type parameters stand for."""

    cls: ClassValue
    arguments: tuple[Values, ...] = ()


class FunctionValue(msgspec.Struct, frozen=True, eq=False):
    """A function; ``receiver`` is what it is bound to, if it is a method."""

    file: SourceFile
    node: Node
    receiver: ClassValue | InstanceValue | None = None


class ExternalValue(msgspec.Struct, frozen=True, eq=False):
    """Something from outside the index: a class (``is_class``), or an object of it. ``name`` is the class's own.

    ``arguments`` are what its type parameters stand for, such as the elements of a list.
    """

    name: str
    is_class: bool = False
    arguments: tuple[Values, ...] = ()


class SuperValue(msgspec.Struct, frozen=True, eq=False):
    """``super()`` in a method of ``cls``."""

    cls: ClassValue
    receiver: ClassValue | InstanceValue


Value = ModuleValue | ClassValue | InstanceValue | FunctionValue | ExternalValue | SuperValue
Values = tuple[Value, ...]
"""Alternatives; empty where nothing is known."""


def instances(values: Values) -> Values:
    """Objects of the classes among ``values``: what an annotation or a call says."""
    found: list[Value] = []
    for value in values:
        if isinstance(value, ClassValue):
            found.append(InstanceValue(value))
        elif isinstance(value, ExternalValue) and value.is_class:
            found.append(ExternalValue(value.name, False, value.arguments))
    return tuple(found)


def joined(*alternatives: Values) -> Values:
    """All alternatives, each once, at most a dozen."""
    found: dict[object, Value] = {}
    for values in alternatives:
        for value in values:
            found.setdefault(_identity(value), value)
    return tuple(found.values())[:12]


def _identity(value: Value) -> object:
    match value:
        case ClassValue():
            return "class", value.key
        case InstanceValue():
            return "instance", value.cls.key, tuple(tuple(map(_identity, one)) for one in value.arguments)
        case FunctionValue():
            return "function", value.file.path, value.node.suffix
        case ModuleValue():
            return "module", value.path
        case ExternalValue():
            return (
                "external",
                value.name,
                value.is_class,
                tuple(tuple(map(_identity, one)) for one in value.arguments),
            )
        case SuperValue():
            return "super", value.cls.key
