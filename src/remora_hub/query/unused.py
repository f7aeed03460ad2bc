"""Whether a definition seems to be used by nothing."""

from __future__ import annotations

import re

from remora_hub.query.calling import CALLABLE
from remora_hub.query.file_facts import Node
from remora_hub.query.index import Index
from remora_hub.query.references import node_entity
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.resolution.resolver import Resolver
from remora_hub.query.resolution.values import ClassValue, ExternalValue
from remora_hub.query.source_file import Occurrence, SourceFile
from remora_hub.query.tally import Defined, Tally
from remora_hub.syntax.roles import Role

_MOST_MENTIONS_RESOLVED = 6
_MOST_RESOLVED = 60
_MOST_JUDGED_A_RESOLVER = 400
_KEYWORD = re.compile(r"[(,]\s*\w+\s*=(?!=)")
# ``getattr`` with a name that is no plain string (the mask has only its quotes), or the names of a scope as a mapping.
_LOOKING_UP = re.compile(
    rb"\bgetattr\s*\([^,()]*(?:\([^()]*\)[^,()]*)*,(?!\s*\"\s*\")|\b(?:globals|locals|vars)\s*\("
)
_HARMLESS = frozenset(
    (
        "abstractmethod", "asynccontextmanager", "cache", "classmethod", "contextmanager", "coroutine", "dataclass",
        "final", "lru_cache", "runtime_checkable", "staticmethod", "total_ordering", "wraps",
    )
)  # fmt: skip


class Unused:
    """Judges definitions, for one question: first by spelling, which is cheap, then by binding.

    Kept out is what may be used unseen by design: tests and stubs; special methods; ``main``; what a decorator that is
    not known as harmless may register; what ``__all__`` or a package's ``__init__`` exports, with the public members of
    such a class, and what a star imports; members that a base has, or may have where it is outside the index;
    classes whose bases take keywords, hear of them (``__init_subclass__``) or are outside the index; what shares a
    file, or a class with its bases, with code that makes up names at run time (``getattr``).
    """

    def __init__(self, index: Index, counts: Tally) -> None:
        self._index = index
        self._counts = counts
        self._resolver = Resolver(index)
        self._looking_up: dict[str, bool] = {}
        self._judged = 0
        self._resolved = 0

    def reason(self, one: Defined) -> str | None:
        """Why a definition seems to be unused, in words; None if it does not."""
        mentions = self._counts.mentions_of(one.name)
        if one.kind not in CALLABLE or mentions > _MOST_MENTIONS_RESOLVED:
            return None
        if (
            not mentions and self._counts.definitions[one.name] > 2
        ):  # a convention: something looks them up by name
            return None
        if mentions and self._resolved >= _MOST_RESOLVED:
            return None
        if one.name == "main" or (one.name.startswith("__") and one.name.endswith("__")):
            return None
        file = self._index.file(one.path)
        node = file.by_suffix.get(one.suffix) if file is not None else None
        if file is None or node is None or not self._is_judged(file, node):
            return None
        if mentions > 0:
            return self._reason_by_binding(file, node)
        if self._counts.definitions[one.name] == 1:
            return "its name stands nowhere else in the code"
        return "its name stands nowhere but where two things of that name are defined"

    def _is_judged(self, file: SourceFile, node: Node) -> bool:
        """Whether its uses can be seen."""
        self._judged += 1
        if self._judged % _MOST_JUDGED_A_RESOLVER == 0:  # what it found out keeps files in memory
            self._resolver = Resolver(self._index)
        harmless = (re.split(r"[^\w.]", decorator)[0].rpartition(".")[2] for decorator in node.decorators)
        if not _HARMLESS.issuperset(harmless) or self._is_exported(file, node):
            return False
        if node.kind == "class" and (_KEYWORD.search(node.signature) or self._is_heard_of(file, node)):
            return False
        parent = file.scope_of_node(node).parent
        if parent is None or parent.kind != "class":
            return not self._looks_up(file)
        classes = self._resolver.classes
        cls = ClassValue(file, parent.node)
        entity, may_be_external = classes.member(cls, node.name, behind=cls)
        files = [base.file for base in classes.order(cls) if isinstance(base, ClassValue)]
        return entity is None and not may_be_external and not any(map(self._looks_up, files))

    def _looks_up(self, file: SourceFile) -> bool:
        """Whether code in a file asks for names that it makes up at run time."""
        if file.path not in self._looking_up:
            self._looking_up[file.path] = _LOOKING_UP.search(file.code.mask) is not None
        return self._looking_up[file.path]

    def _is_exported(self, file: SourceFile, node: Node) -> bool:
        outermost, _, member = node.qualname.partition(".")
        if any(part.startswith("_") for part in member.split(".")):
            return False
        if file.exports is not None:
            return outermost in file.exports
        return outermost in self._counts.taken or (file.path in self._counts.starred and outermost[0] != "_")

    def _is_heard_of(self, file: SourceFile, node: Node) -> bool:
        """Whether a base registers the classes that derive from it."""
        cls = ClassValue(file, node)
        entity, _ = self._resolver.classes.member(cls, "__init_subclass__", behind=cls)
        return entity is not None or any(
            isinstance(base, ExternalValue) for base in self._resolver.classes.order(cls)
        )

    def _reason_by_binding(self, file: SourceFile, node: Node) -> str | None:
        """The same where its name stands elsewhere, too; what cannot be decided counts as a use."""
        if self._resolved >= _MOST_RESOLVED:
            return None
        self._resolved += 1
        entity = node_entity(self._resolver, file.key(node))
        if entity is None:
            return None
        own = file.scope_of_node(node)
        for path in self._index.files_naming(node.name):
            other = self._index.file(path)
            for occurrence in other.occurrences(node.name) if other is not None else ():
                is_inside = path == file.path and own.start <= occurrence.position < own.end
                if not is_inside and other is not None and self._may_mean(entity.key, other, occurrence):
                    return None
        return "every other mention of its name means something else, or stands inside of it"

    def _may_mean(self, key: tuple[str, int, str], file: SourceFile, occurrence: Occurrence) -> bool:
        if any(
            file.name_position(node) == occurrence.position for node in file.nodes if node.kind in CALLABLE
        ):
            return False
        resolution = self._resolver.resolve(file, occurrence, guess=False)
        if not resolution.entities:
            return not resolution.is_external or occurrence.role is Role.ATTRIBUTE
        return any(entity.key == key or self._is_of_protocol(entity) for entity in resolution.entities)

    def _is_of_protocol(self, entity: Entity) -> bool:
        """Whether it stands for whatever has such a member (PEP 544)."""
        node = entity.nodes[0] if entity.nodes else None
        cls = (
            self._resolver.classes.enclosing_class(entity.file, entity.file.name_position(node))
            if node
            else None
        )
        order = self._resolver.classes.order(cls) if cls is not None else []
        return any(isinstance(base, ExternalValue) and base.name == "Protocol" for base in order)
