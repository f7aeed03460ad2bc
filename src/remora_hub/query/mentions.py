"""Where an entity is mentioned: the files that may mention it, and in each the mentions that are bound to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from remora_hub.query.file_facts import ImportStatement
from remora_hub.query.other_members import OtherMembers
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax.line import NAME_BYTES
from remora_hub.syntax.roles import Imported, Role

_CONSTRUCTORS = frozenset(("__init__", "__new__"))
_SELF = b"self."
_FEW_FILES = 50  # are looked into sooner than told apart
_MOST_EXPORTING = (
    20  # modules that pass a name on; with more of them, every file that names it is looked into
)
_INIT = ("__init__.py", "__init__.pyi")


Sites = Callable[[SourceFile, str], Iterable[int]]
"""The positions in a file at which a name stands and is to be looked at."""


def everywhere(file: SourceFile, name: str) -> Iterable[int]:
    """Every mention."""
    return file.code.occurrences(name)


class Mentions:
    """The mentions of one entity, under its own name and under what imports call it."""

    def __init__(self, resolver: Resolver, entity: Entity) -> None:
        self._resolver = resolver
        self._entity = entity
        name = entity.name
        if entity.is_module:
            name = resolver.index.modules.name_of(entity.file.path).rpartition(".")[2]
        self._names = [name]
        self._is_global = entity.scope == -1 and not entity.is_module
        self._is_member = _is_member(entity)
        self._passing_on: set[str] | None = {
            entity.file.path
        }  # modules that have it under some name; None: any may

    def all(self, sites: Sites = everywhere) -> Iterator[tuple[SourceFile, Occurrence, bool]]:
        """File, occurrence, and whether it is certain that it means the entity; file by file, sorted by path."""
        others = OtherMembers(self._resolver.index, self._entity) if self._is_member else None
        for path in self._files():
            if others is not None and others.are_all_in(path):
                continue
            file = self._resolver.index.file(path)
            if file is not None:
                for occurrence, is_certain in self.in_file(file, sites):
                    yield file, occurrence, is_certain

    def in_file(self, file: SourceFile, sites: Sites = everywhere) -> Iterator[tuple[Occurrence, bool]]:
        """The occurrences in a file that mean the entity, and whether that is certain.

        Not certain is a member asked of an object of unknown class, where no other class has a member of that name.
        """
        own = file.path == self._entity.file.path
        mask = file.code.mask
        local = {self._names[0]} if own or not self._is_global else self._imported_as(file)
        if local:
            local.update(self._names)  # a statement that brings it in under another name says its own, too
        for name in dict.fromkeys([*self._names, *sorted(local)]):
            for position in sites(file, name):
                if name not in local and self._is_global and mask[position - 1 : position] != b".":
                    continue  # nothing here brings the name in: only a module can be asked for it
                if self._is_member and self._is_anothers(file, position):
                    continue
                occurrence = file.occurrence_at(position)
                is_certain = self._meaning(file, occurrence) if occurrence is not None else None
                if occurrence is not None and is_certain is not None:
                    yield occurrence, is_certain

    def _meaning(self, file: SourceFile, occurrence: Occurrence) -> bool | None:
        """Whether a mention certainly means the entity; None if it does not mean it."""
        resolution = self._resolver.resolve(file, occurrence, guess=False)
        if any(one.key == self._entity.key for one in resolution.entities):
            return True
        if resolution.entities or resolution.is_external or occurrence.role is not Role.ATTRIBUTE:
            return None
        candidates = self._resolver.candidates.all_members(self._entity.name) if self._is_member else []
        return False if [one.key for one in candidates] == [self._entity.key] else None

    def _is_anothers(self, file: SourceFile, position: int) -> bool:
        """Whether a mention is ``self.name`` of a class that has its own; found without reading the line."""
        mask = file.code.mask
        start = position - len(_SELF)
        if not mask.startswith(_SELF, start) or (start and mask[start - 1] in NAME_BYTES):
            return False
        receiver = self._resolver.types.plain_self(file, start)
        if receiver is None:
            return False
        found, _ = self._resolver.classes.member(receiver.cls, self._entity.name)
        return found is not None and found.key != self._entity.key

    # Files.

    def _files(self) -> list[str]:
        """The files that may mention the entity, sorted."""
        entity, index = self._entity, self._resolver.index
        name = self._names[0]
        if self._is_global:
            return sorted(self._reached_by_imports())
        if self._is_member or entity.is_module:
            return index.files_naming(name)
        parameter = next((b for b in entity.bindings if b.role is Role.PARAMETER), None)
        if parameter is None:
            return [entity.file.path]
        function = parameter.scope.node
        called = function.name
        if called in _CONSTRUCTORS and "." in function.qualname:
            called = function.qualname.split(".")[-2]
        calling = set(index.files_naming(called))
        return sorted({entity.file.path, *(path for path in index.files_naming(name) if path in calling)})

    def _reached_by_imports(self) -> set[str]:
        """The files that name the entity and its module, or a module that imports it from there, and so on.

        A module in a relative import may go unnamed (``from . import name``): then its package is around the file. A
        module may pass the entity on under another name, which joins ``_names``.
        """
        found = {self._entity.file.path}
        exporting = [(self._entity.file.path, self._entity.name)]
        for module, name in exporting:
            naming = set(self._resolver.index.files_naming(name))
            if naming <= found:
                continue
            if len(exporting) > _MOST_EXPORTING:
                found |= naming
                self._passing_on = None
                continue
            if self._passing_on is not None:
                self._passing_on.add(module)
            exporting += [
                (path, name) for path in self._star_importers(module) if (path, name) not in exporting
            ]
            for path in self._near(module, naming) - found:
                found.add(path)
                file = self._resolver.index.file(path)
                for local in sorted(self._imported_as(file)) if file is not None else ():
                    exporting.append((path, local))
                    if local not in self._names:
                        self._names.append(local)
        return found

    def _near(self, module: str, naming: set[str]) -> set[str]:
        """Those of ``naming`` that may import from a module: they name it, or its package is around them."""
        index = self._resolver.index
        name = index.modules.name_of(module).rpartition(".")[2]
        near = naming.intersection(index.files_naming(name))
        directory, _, file_name = module.rpartition("/")
        within = {path for path in naming if path.startswith(directory + "/") or not directory}
        if file_name in _INIT:
            return near | within
        if len(near) <= _FEW_FILES or index.modules.is_search_path(directory):
            return near
        # From elsewhere the module is imported by a name that has its package's in it, or taken from who has done so.
        found = near & (within | set(index.files_naming(directory.rpartition("/")[2])))
        return found | {path for path in near - found if self._takes(path, name)}

    def _takes(self, path: str, module: str) -> bool:
        """Whether a file may have a module under its own name: it stands somewhere in it without a dot before it."""
        mask = self._resolver.index.mask(path) or b""
        name = module.encode()
        position = mask.find(name)
        while position >= 0:
            if mask[max(0, position - 1) : position] != b".":
                return True
            position = mask.find(name, position + 1)
        return False

    def _star_importers(self, module: str) -> list[str]:
        """The files that import all names of a module."""
        index = self._resolver.index
        return [
            path
            for path in index.star_importers()
            if (file := index.file(path)) is not None
            and any(
                statement.names == ("*",)
                and index.modules.find(Imported(statement.module, statement.level), path) == module
                for statement in file.imports
            )
        ]

    def _imported_as(self, file: SourceFile) -> set[str]:
        """The names under which import statements of the file bring in the entity."""
        found: set[str] = set()
        for statement in file.imports:
            for listed in statement.names:
                name, _, alias = listed.partition(" as ")
                if name == "*":
                    found.update(one for one in self._names if self._brings(file, statement, one))
                elif name in self._names and self._brings(file, statement, name):
                    found.add(alias or name)
        return found

    def _brings(self, file: SourceFile, statement: ImportStatement, name: str) -> bool:
        """Whether ``name`` in the module that a statement imports from is the entity."""
        modules, names = self._resolver.index.modules, self._resolver.names
        module = modules.find(Imported(statement.module, statement.level), file.path)
        if self._passing_on is not None and module not in self._passing_on:
            return False
        found = names.module_member(module, name) if module is not None else ()
        return any(one.key == self._entity.key for one in found)


def _is_member(entity: Entity) -> bool:
    """Whether an entity belongs to a class."""
    if entity.scope == -1 or not entity.bindings:
        return entity.scope != -1
    binding = entity.bindings[0]
    return not binding.is_inner and binding.scope.kind == "class"
