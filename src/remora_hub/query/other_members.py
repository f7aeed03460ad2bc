"""Files whose mentions of a member's name are all of other classes' members, told by their code alone.

In a file where no class has the member or inherits it, ``self.name`` is another's. Most files that mention a common
name mention it only so: they need not be taken apart, which takes twenty times as long as to look at their code.
"""

from __future__ import annotations

from remora_hub.query.index import Index
from remora_hub.query.resolution.entities import Entity
from remora_hub.query.subclasses import ClassKey, Subclasses
from remora_hub.syntax.line import NAME_BYTES

_FEW_FILES = 30  # are looked into one by one
_FEW_NAMESAKES = 5  # may all belong to one class, and then an object of unknown class has that one's
_MOST_FILES_OF_HEIRS = 300  # where more files name the class or its heirs, to find them all takes too long
_FAR = 80  # bytes; what stands further from the name is looked at by who takes the file apart
_OWN_RECEIVERS = (b"self", b"cls", b"super()")
# Where one of these may be something else: a parameter with a type, an assignment.
_OTHER_RECEIVERS = tuple(name + sign for name in (b"self", b"cls") for sign in (b":", b" :", b"=", b" ="))


class OtherMembers:
    """For the mentions of one member of a class."""

    def __init__(self, index: Index, entity: Entity) -> None:
        self._index = index
        self._heirs = _files_of_heirs(index, entity)
        self._name = entity.name.encode()
        self._is_field = any(
            node.kind == "class_variable" for node in entity.nodes
        )  # perhaps; a call may name one

    def are_all_in(self, path: str) -> bool:
        """Whether a file that mentions the name says nothing of this member."""
        if self._heirs is None or path in self._heirs:
            return False
        mask = self._index.mask(path)
        if mask is None or any(receiver in mask for receiver in _OTHER_RECEIVERS):
            return False
        name, length = self._name, len(self._name)
        position = mask.find(name)
        while position >= 0:
            behind = position + length
            is_whole = not (
                _ends_in_name(mask[max(0, position - 1) : position])
                or _ends_in_name(mask[behind : behind + 1])
            )
            if is_whole and self._may_be_meant(mask, position):
                return False
            position = mask.find(name, behind)
        return True

    def _may_be_meant(self, mask: bytes, position: int) -> bool:
        """Whether the mention at a position may be of the member, in a file without any heir."""
        before = mask[max(0, position - _FAR) : position].rstrip()
        if not before.endswith(b"."):
            behind = position + len(self._name)
            return self._is_field and mask[behind : behind + _FAR].lstrip().startswith(b"=")
        for receiver in _OWN_RECEIVERS:
            if before.endswith(receiver, 0, -1):
                ahead = before[: -len(receiver) - 1]
                return ahead.endswith(b".") or _ends_in_name(ahead)
        return True


def _ends_in_name(text: bytes) -> bool:
    return bool(text) and text[-1] in NAME_BYTES


def _files_of_heirs(index: Index, entity: Entity) -> set[str] | None:
    """The files with the class of the member, or one that derives from it; None where nothing can be told by them."""
    if (
        len(index.files_naming(entity.name)) <= _FEW_FILES
        or len(index.nodes_named(entity.name)) <= _FEW_NAMESAKES
    ):
        return None
    subclasses = Subclasses(index)
    first: ClassKey = entity.file.path, entity.file.enclosing(entity.scope).node.suffix
    found = {first: None}
    files = 0
    for key in (queue := [first]):
        files += len(index.files_naming(key[1].partition("#")[0].rpartition(".")[2]))
        if files > _MOST_FILES_OF_HEIRS:
            return None
        new = [heir for heir in subclasses.direct(key) if heir not in found]
        found |= dict.fromkeys(new)
        queue += new
    return {path for path, _ in found}
