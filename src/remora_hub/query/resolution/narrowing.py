"""Which bindings of a name can hold where it is read, by indentation; ``isinstance`` in the conditions around it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import msgspec

from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.values import ExternalValue, Values, instances, joined
from remora_hub.query.source_file import Binding, Occurrence, SourceFile
from remora_hub.syntax.roles import Role

if TYPE_CHECKING:
    from remora_hub.query.resolution.resolver import Resolver

_CONDITION = re.compile(rb"(?:if|elif|while|assert|and)\b")
_ISINSTANCE = re.compile(rb"\bisinstance[ \t]*+\([ \t\r\n]*+([A-Za-z_]\w*+)[ \t\r\n]*+,")
_NEGATED = re.compile(rb"not[ \t(]*+\Z")
_FARTHEST_LINES = 60


class Narrowing:
    """Narrows a name's bindings without following control flow."""

    def __init__(self, resolver: Resolver) -> None:
        self._resolver = resolver

    def reaching(self, file: SourceFile, entity: Entity, position: int) -> list[Binding]:
        """The bindings that may hold at ``position``: from the nearest before it back to one that always runs."""
        bindings = entity.bindings
        if entity.file is not file or len(bindings) < 2:
            return list(bindings)
        before = [binding for binding in bindings if binding.position < position]
        scope = file.scope_at(position)
        if scope is not bindings[0].scope and not bindings[0].is_inner:
            return list(self.final(entity).bindings)
        if not before or bindings[0].is_inner:
            return list(bindings)
        line = file.line_number(position)
        if (
            file.line_number(before[-1].position) == line
            and before[-1].role is Role.ASSIGNED
            and len(before) > 1
        ):
            before.pop()  # ``x = x.y``: what is read is the one before
        found: list[Binding] = []
        for binding in reversed(before):
            if binding.role is Role.AUGMENTED:
                continue
            found.append(binding)
            if self._always_runs(file, binding.position, position):
                break
        return found[::-1] or list(bindings)

    def final(self, entity: Entity) -> Entity:
        """An entity with the bindings that may hold behind its scope's end, as others see it."""
        if len(entity.bindings) < 2 or entity.bindings[0].is_inner:
            return entity
        if any(node.kind == "property" for node in entity.nodes):
            return entity  # getter, setter and deleter are one; the getter comes first
        found: list[Binding] = []
        end = entity.bindings[0].scope.end - 1
        for binding in reversed(entity.bindings):
            if binding.role is Role.AUGMENTED:
                continue
            found.append(binding)
            if self._always_runs(entity.file, binding.position, end):
                break
        return msgspec.structs.replace(entity, bindings=tuple(self._implementations(entity, found[::-1])))

    def _implementations(self, entity: Entity, bindings: list[Binding]) -> list[Binding]:
        """``bindings`` less those that ``typing.overload`` declares, if there are others."""
        overloads = {
            entity.file.name_position(node)
            for node in entity.nodes
            if any(decorator.rpartition(".")[2] == "overload" for decorator in node.decorators)
        }
        return [binding for binding in bindings if binding.position not in overloads] or bindings

    def _always_runs(self, file: SourceFile, earlier: int, later: int) -> bool:
        """Whether nothing between two positions is indented less than the earlier: its block holds the later, too."""
        starts = file.lines[0]
        first, last = file.line_number(earlier), file.line_number(later)
        indentation = self._indentation(file, starts[first])
        return all(
            self._indentation(file, starts[number]) >= indentation for number in range(first + 1, last + 1)
        )

    def _indentation(self, file: SourceFile, start: int) -> int:
        return start - file.code.mask.rfind(b"\n", 0, start) - 1

    def narrowed(self, file: SourceFile, occurrence: Occurrence, name: str) -> Values:
        """What a condition around (or an assertion before) ``occurrence`` says ``name`` is; empty if none does."""
        scope = file.scope_at(occurrence.position)
        if scope.parent is None:
            return ()
        mask = file.code.mask
        if mask.find(b"isinstance", scope.start, occurrence.position) < 0:
            return ()
        starts, ends = file.lines
        number = file.line_number(occurrence.position)
        found = self._in_line(file, starts[number], occurrence.position, name)
        if found:
            return found
        indentation = self._indentation(file, starts[number])
        for previous in range(number - 1, max(-1, number - _FARTHEST_LINES), -1):
            start = starts[previous]
            if start <= scope.start:
                break
            own = self._indentation(file, start)
            if own > indentation:
                continue
            is_around = own < indentation
            indentation = own
            is_assertion = mask.startswith(b"assert", start)
            if (is_around and _CONDITION.match(mask, start)) or (is_assertion and not is_around):
                found = self._in_line(file, start, ends[previous], name)
                if found:
                    return found
        return ()

    def _in_line(self, file: SourceFile, start: int, end: int, name: str) -> Values:
        mask = file.code.mask
        if mask.find(b"isinstance", start, end) < 0:
            return ()
        for match in _ISINSTANCE.finditer(mask, start, end):
            if match[1] != name.encode() or _NEGATED.search(mask, start, match.start()):
                continue
            roles = file.roles_at(match.start())
            opening = roles.line.index_at(match.start()) + 1
            comma = roles.line.index_at(match.end() - 1)
            values = self._resolver.expressions.evaluate(file, roles, comma + 1, roles.line.closing(opening))
            flat = [
                one
                for value in values
                for one in (
                    joined(*value.arguments)
                    if isinstance(value, ExternalValue) and value.name == "tuple" and not value.is_class
                    else (value,)
                )
            ]
            return instances(tuple(flat))
        return ()
