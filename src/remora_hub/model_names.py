"""Names that are derived from paths, for whoever must not wait for pydantic to be imported."""

from __future__ import annotations


def module_name(path: str) -> str:
    """The last part of the name a module is imported by: ``a/b/__init__.py`` is ``b``, ``a/c.pyi`` is ``c``."""
    stem = path.rpartition("/")[2].rpartition(".")[0]
    if stem == "__init__" and "/" in path:
        return path.split("/")[-2]
    return stem
