"""What the name at a place means: one resolver for one question."""

from __future__ import annotations

from functools import cached_property

import msgspec

from remora_hub.query.index import Index
from remora_hub.query.resolution.annotations import Annotations
from remora_hub.query.resolution.candidates import Candidates
from remora_hub.query.resolution.classes import Classes
from remora_hub.query.resolution.entities import Entity, Resolution, distinct, module_entity
from remora_hub.query.resolution.expressions import Expressions
from remora_hub.query.resolution.functions import Functions
from remora_hub.query.resolution.names import Names
from remora_hub.query.resolution.narrowing import Narrowing
from remora_hub.query.resolution.types import Types
from remora_hub.query.resolution.values import ClassValue, FunctionValue, Value, Values
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax.roles import NOT_BINDING, Role

_UNKNOWN = Resolution(is_certain=False)


class Resolver:
    """Keeps what it found out, so it is for one question only: files may change behind it."""

    def __init__(self, index: Index) -> None:
        self.index = index
        self.names = Names(index)
        self.classes = Classes(self)
        self.expressions = Expressions(self)
        self.annotations = Annotations(self)
        self.functions = Functions(self)
        self.narrowing = Narrowing(self)
        self.types = Types(self)

    @cached_property
    def candidates(self) -> Candidates:
        """Who else has members of a name."""
        return Candidates(self)

    def resolve(self, file: SourceFile, occurrence: Occurrence, *, guess: bool = True) -> Resolution:
        """What the name at ``occurrence`` means, imports followed.

        With ``guess`` a name that cannot be decided gets candidates that are marked as such, else nothing.
        """
        role = occurrence.role
        if role is Role.ATTRIBUTE:
            return self._attribute(file, occurrence, guess=guess)
        if role is Role.KEYWORD:
            return self._keyword(file, occurrence)
        if role is Role.IMPORT_PATH:
            return self._import_path(file, occurrence)
        if role is None or role in NOT_BINDING or role is Role.AUGMENTED:
            return self._read(file, occurrence)
        entity = self.names.bound(file, occurrence)
        if entity is None:
            return _UNKNOWN
        return self._followed(entity) if role is Role.IMPORTED else Resolution((entity,))

    def _read(self, file: SourceFile, occurrence: Occurrence) -> Resolution:
        entity = self.names.visible(file, occurrence)
        if entity is not None:
            reaching = self.narrowing.reaching(file, entity, occurrence.position)
            return self._followed(msgspec.structs.replace(entity, bindings=tuple(reaching)))
        name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
        found = self.names.through_star(file, name)
        return Resolution(found) if found else Resolution(is_external=True)

    def _followed(self, entity: Entity) -> Resolution:
        found = self.names.follow(entity)
        if found and all(one.is_import for one in found):
            return Resolution(
                (msgspec.structs.replace(entity, is_import=True),), is_certain=False, is_external=True
            )
        own = entity.key
        return Resolution(
            tuple(one if one.key == own else self.narrowing.final(one) for one in found if not one.is_import)
        )

    def _import_path(self, file: SourceFile, occurrence: Occurrence) -> Resolution:
        imported = occurrence.roles.imports.get(occurrence.index)
        found = self.names.imported(file, imported) if imported is not None else ()
        if not found:
            return Resolution(is_external=True)
        return Resolution(tuple(map(self.narrowing.final, found)))

    def _attribute(self, file: SourceFile, occurrence: Occurrence, *, guess: bool) -> Resolution:
        name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
        values = self.expressions.receiver(file, occurrence.roles, occurrence.index - 1)
        found: list[Entity] = []
        may_be_external = False
        for value in values:
            entities, is_external = self.types.member(value, name)
            may_be_external = may_be_external or is_external
            for entity in entities:
                found += map(self.narrowing.final, self.names.follow(entity))
        entities = tuple(entity for entity in distinct(found) if not entity.is_import)
        if entities:
            return Resolution(entities)
        if may_be_external:
            return Resolution(is_external=True)
        return self.candidates.members(file, occurrence, name) if guess else _UNKNOWN

    def _keyword(self, file: SourceFile, occurrence: Occurrence) -> Resolution:
        """A keyword argument means the parameter of what is called."""
        line = occurrence.roles.line
        opening = line.outer[occurrence.index]
        if opening < 0:
            return _UNKNOWN
        first = self.expressions.primary_start(occurrence.roles, opening)
        callees = self.expressions.evaluate(file, occurrence.roles, first, opening)
        name = line.texts[occurrence.index].decode("utf-8", "replace")
        found = [entity for entity in (self._parameter(one, name) for one in callees) if entity]
        is_certain = not any(isinstance(one, FunctionValue) and one.node.decorators for one in callees)
        return Resolution(tuple(found), is_certain=is_certain, is_external=not found)

    def _parameter(self, callee: Value, name: str) -> Entity | None:
        """The parameter of a function or constructor that takes the keyword ``name``, be it by ``**``."""
        if isinstance(callee, ClassValue):
            for constructor in ("__init__", "__new__"):
                entity, _ = self.classes.member(callee, constructor)
                if entity is not None and entity.nodes:
                    return self._parameter(FunctionValue(entity.file, entity.nodes[-1]), name)
            field, _ = self.classes.member(callee, name)  # of a dataclass or model
            return field
        if not isinstance(callee, FunctionValue):
            return None
        file = callee.file
        scope = file.scope_of_node(callee.node)
        roles = file.roles_at(scope.start)
        texts = roles.line.texts
        named = [index for index in roles.parameters if texts[index] == name.encode()]
        gathering = [index for index in roles.parameters if texts[index - 1] == b"**"]
        for index in named or gathering:
            parameter = texts[index].decode("utf-8", "replace")
            bindings = [b for b in file.bindings(parameter, scope) if b.role is Role.PARAMETER]
            return self.names.entity(file, scope, parameter, bindings)
        return None

    def value(self, file: SourceFile, occurrence: Occurrence) -> Values:
        """What the name at ``occurrence`` evaluates to."""
        if occurrence.role is Role.ATTRIBUTE:
            receiver = self.expressions.receiver(file, occurrence.roles, occurrence.index - 1)
            name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
            return self.types.attribute(receiver, name)
        return self.types.name(file, occurrence)

    def module(self, path: str) -> Entity | None:
        """The entity of a whole file."""
        file = self.index.file(path)
        return module_entity(file) if file is not None else None
