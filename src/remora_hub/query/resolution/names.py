"""Bare names: scopes (language reference, section 4.2; PEP 227) and imports (sections 5 and 7.11)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from remora_hub.query.resolution.entities import Entity, distinct, module_entity
from remora_hub.query.source_file import Binding, Occurrence, Scope, SourceFile
from remora_hub.syntax.roles import Imported, InnerScope, Role

if TYPE_CHECKING:
    from remora_hub.query.index import Index

_DEEPEST = 24  # re-exports in a row


class Names:
    """Finds what bare names and import statements mean."""

    def __init__(self, index: Index) -> None:
        self._index = index
        self._members: dict[tuple[str, str], tuple[Entity, ...]] = {}
        self._following: set[tuple[str, str]] = set()

    def bound(self, file: SourceFile, occurrence: Occurrence) -> Entity | None:
        """The entity that a binding mention belongs to, imports not followed."""
        name = occurrence.roles.line.texts[occurrence.index].decode("utf-8", "replace")
        for binding in file.inner_bindings(name, occurrence.roles):
            if binding.position == occurrence.position:
                return self._inner_entity(file, binding)
        found = file.bound_at(name, occurrence)
        return self.entity(file, found[0], name, found[1]) if found else None

    def visible(self, file: SourceFile, occurrence: Occurrence) -> Entity | None:
        """The entity that a name read at ``occurrence`` stands for, imports not followed; None for a builtin."""
        roles, index = occurrence.roles, occurrence.index
        text = roles.line.texts[index]
        name = text.decode("utf-8", "replace")
        around = roles.inner_scopes_of(index)
        for inner in around:
            if text in inner.names and (binding := self._inner_binding(file, name, occurrence, inner)):
                return self._inner_entity(file, binding)
        scope = file.scope_at(occurrence.position)
        definition = file.enclosing(occurrence.position)
        if definition is not scope:  # in its header, which sees its type parameters (PEP 695)
            bindings = [b for b in file.bindings(name, definition) if b.role is Role.TYPE_PARAMETER]
            if bindings:
                return self.entity(file, definition, name, bindings)
        return self.visible_from(file, scope, name, is_inner=bool(around))

    def visible_from(
        self, file: SourceFile, start: Scope, name: str, *, is_inner: bool = False
    ) -> Entity | None:
        """The same for a name read by code that runs in the scope ``start``, or in a lambda or comprehension there.

        The names of a class are not seen from what is nested in it.
        """
        scope: Scope | None = start
        while scope is not None:
            declared = file.declaration(name, scope)
            if declared is Role.GLOBAL:
                scope = file.scopes[0]
            if scope.kind != "class" or (scope is start and not is_inner):
                bindings = file.bindings(name, scope)
                if bindings:
                    return self.entity(file, scope, name, bindings)
            scope = scope.parent
        return None

    def entity(self, file: SourceFile, scope: Scope, name: str, bindings: list[Binding]) -> Entity:
        """The entity of a scope's name."""
        prefix = "" if scope.parent is None else f"{scope.node.qualname}."
        nodes = file.redefined.get(prefix + name, ())
        if scope.parent is not None:
            nodes = [node for node in nodes if scope.start <= file.name_position(node) < scope.end]
        return Entity(file, -1 if scope.parent is None else scope.start, name, tuple(nodes), tuple(bindings))

    def follow(self, entity: Entity) -> tuple[Entity, ...]:
        """Where an entity comes from: the other ends of its imports; itself if it is no import."""
        if not any(binding.role is Role.IMPORTED for binding in entity.bindings):
            return (entity,)
        found: list[Entity] = []
        own = tuple(binding for binding in entity.bindings if binding.role is not Role.IMPORTED)
        for binding in entity.bindings:
            if binding.role is Role.IMPORTED:
                found += self.imported(entity.file, binding.roles.imports[binding.index])
        if own:
            found.append(Entity(entity.file, entity.scope, entity.name, entity.nodes, own))
        if not found:
            found.append(Entity(entity.file, entity.scope, entity.name, (), entity.bindings, is_import=True))
        return distinct(found)

    def imported(self, file: SourceFile, imported: Imported) -> tuple[Entity, ...]:
        """What an import brings in; empty if it is outside the index."""
        module = self._index.modules.find(imported, file.path)
        if module is None:
            return ()
        if imported.name is None:
            return self._module(module)
        return self.module_member(module, imported.name)

    def module_member(self, module: str, name: str) -> tuple[Entity, ...]:
        """What ``name`` in a module (a path, or a namespace package's directory and ``/``) stands for."""
        key = module, name
        if key not in self._members:
            if key in self._following or len(self._following) > _DEEPEST:
                return ()
            self._following.add(key)
            try:
                found = self._module_member(module, name)
            finally:
                self._following.discard(key)
            self._members[key] = found
        return self._members[key]

    def _module_member(self, module: str, name: str) -> tuple[Entity, ...]:
        file = None if module.endswith("/") else self._index.file(module)
        if file is not None:
            scope = file.scopes[0]
            bindings = file.bindings(name, scope)
            if bindings:
                found = self.follow(self.entity(file, scope, name, bindings))
                if not all(entity.is_import for entity in found):
                    return found
                submodule = self._index.modules.submodule(module, name)
                return (self._module(submodule) if submodule else ()) or found
        submodule = self._index.modules.submodule(module, name)
        if submodule is not None and (found := self._module(submodule)):
            return found
        return self.through_star(file, name) if file is not None else ()

    def through_star(self, file: SourceFile, name: str) -> tuple[Entity, ...]:
        """What a star import of the module ``file`` makes of a name that nothing in it binds."""
        for statement in reversed(file.imports):
            if statement.names != ("*",):
                continue
            module = self._index.modules.find(Imported(statement.module, statement.level), file.path)
            other = self._index.file(module) if module is not None and not module.endswith("/") else None
            if module is None or other is None:
                continue
            if name in other.exports if other.exports is not None else not name.startswith("_"):
                found = self.module_member(module, name)
                if found:
                    return found
        return ()

    def _module(self, path: str) -> tuple[Entity, ...]:
        file = None if path.endswith("/") else self._index.file(path)
        return (module_entity(file),) if file is not None else ()

    def _inner_binding(
        self, file: SourceFile, name: str, occurrence: Occurrence, inner: InnerScope
    ) -> Binding | None:
        in_line = [b for b in file.inner_bindings(name, occurrence.roles) if b.role is inner.role]
        within = [b for b in in_line if inner.span[0] <= b.index < inner.span[1]]
        before = [b for b in in_line if b.index < inner.span[0]]
        return within[0] if within else before[-1] if before else None

    def _inner_entity(self, file: SourceFile, binding: Binding) -> Entity:
        return Entity(file, binding.position, binding.name, (), (binding,))
