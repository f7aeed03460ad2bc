"""Where an entity is mentioned: the files that may mention it, and in each the mentions that are bound to it."""

from __future__ import annotations

from collections.abc import Iterator

from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.syntax.line import NAME_BYTES
from remora_hub.syntax.roles import Imported, Role

_CONSTRUCTORS = frozenset(("__init__", "__new__"))
_SELF = b"self."
_MOST_EXPORTING = (
    20  # modules that pass a name on; with more of them, every file that names it is looked into
)
_INIT = ("__init__.py", "__init__.pyi")


class Mentions:
    """The mentions of one entity under its own name."""

    def __init__(self, resolver: Resolver, entity: Entity) -> None:
        self._resolver = resolver
        self._entity = entity
        self.name = entity.name
        if entity.is_module:
            self.name = resolver.index.modules.name_of(entity.file.path).rpartition(".")[2]
        self._text = self.name.encode()
        self._is_global = entity.scope == -1 and not entity.is_module
        self._is_member = _is_member(entity)

    def files(self) -> list[str]:
        """The files that may mention the entity, sorted."""
        entity, index = self._entity, self._resolver.index
        if self._is_global:
            return sorted(self._reached_by_imports())
        if self._is_member or entity.is_module:
            return index.files_naming(self.name)
        parameter = next((b for b in entity.bindings if b.role is Role.PARAMETER), None)
        if parameter is None:
            return [entity.file.path]
        function = parameter.scope.node
        called = function.name
        if called in _CONSTRUCTORS and "." in function.qualname:
            called = function.qualname.split(".")[-2]
        calling = set(index.files_naming(called))
        return sorted(
            {entity.file.path, *(path for path in index.files_naming(self.name) if path in calling)}
        )

    def in_file(self, file: SourceFile) -> Iterator[tuple[Occurrence, bool]]:
        """The occurrences that mean the entity, and whether that is certain.

        Not certain is a member asked of an object of unknown class, where no other class has a member of that name.
        """
        only_attributes = (
            self._is_global and file.path != self._entity.file.path and not self._imports_name(file)
        )
        mask = file.code.mask
        for position in file.code.occurrences(self.name):
            if only_attributes and mask[position - 1 : position] != b".":
                continue
            if self._is_member and self._is_anothers(file, position):
                continue
            occurrence = file.occurrence_at(position)
            if occurrence is not None:
                is_certain = self._meaning(file, occurrence)
                if is_certain is not None:
                    yield occurrence, is_certain

    def _meaning(self, file: SourceFile, occurrence: Occurrence) -> bool | None:
        """Whether a mention certainly means the entity; None if it does not mean it."""
        resolution = self._resolver.resolve(file, occurrence, guess=False)
        if any(one.key == self._entity.key for one in resolution.entities):
            return True
        if resolution.entities or resolution.is_external or occurrence.role is not Role.ATTRIBUTE:
            return None
        candidates = self._resolver.candidates.all_members(self.name) if self._is_member else []
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
        found, _ = self._resolver.classes.member(receiver.cls, self.name)
        return found is not None and found.key != self._entity.key

    # Files.

    def _reached_by_imports(self) -> set[str]:
        """The files that name the entity and its module, or a module that imports it from there, and so on.

        A module in a relative import may go unnamed (``from . import name``): then its package is around the file.
        """
        index = self._resolver.index
        naming = set(index.files_naming(self.name))
        found = {self._entity.file.path}
        exporting = [self._entity.file.path]
        for module in exporting:
            if len(found) > len(naming) or len(exporting) > _MOST_EXPORTING:
                return naming | found
            exporting += [path for path in self._star_importers(module) if path not in exporting]
            stem = index.modules.name_of(module).rpartition(".")[2]
            near = naming.intersection(index.files_naming(stem))
            directory, _, file_name = module.rpartition("/")
            if file_name in _INIT:
                near.update(path for path in naming if path.startswith(directory + "/") or not directory)
            for path in near - found:
                found.add(path)
                file = index.file(path)
                if file is not None and self._re_exports(file):
                    exporting.append(path)
        return found

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

    def _re_exports(self, file: SourceFile) -> bool:
        return self._imports_name(file) and any(
            one.key == self._entity.key for one in self._resolver.names.module_member(file.path, self.name)
        )

    def _imports_name(self, file: SourceFile) -> bool:
        """Whether an import statement of the file brings in the entity, perhaps under another name."""
        for statement in file.imports:
            for listed in statement.names:
                if listed == "*" or listed.partition(" ")[0] == self.name:
                    break
            else:
                continue
            module = self._resolver.index.modules.find(Imported(statement.module, statement.level), file.path)
            if module is None:
                continue
            found = self._resolver.names.module_member(module, self.name)
            if any(one.key == self._entity.key for one in found):
                return True
        return False


def _is_member(entity: Entity) -> bool:
    """Whether an entity belongs to a class."""
    if entity.scope == -1 or not entity.bindings:
        return entity.scope != -1
    binding = entity.bindings[0]
    return not binding.is_inner and binding.scope.kind == "class"
