"""One pass over the tree: the source files with their fingerprints, the directories, and what had to be left out."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from remora_hub.discovery.directory_rules import DirectoryRules
from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.omission import OWN_SHORTAGE, Omission, is_utf8, not_regular, printable, unreadable
from remora_hub.discovery.rules import ENVIRONMENT_MARKER, IGNORE_FILE, SOURCE_SUFFIXES, SourceRules
from remora_hub.errors import RootError


class Walk:
    """What a walk met; every path is relative to the root, with ``/``.

    ``files`` are the regular source files, ``directories`` every directory that is not ignored and could be listed,
    with its inode number (``""`` is the root), ``omitted`` what is named like a source (or is a directory that may
    hold some) but cannot be indexed; a name that is not UTF-8 appears there with ``\\xNN`` escapes.
    """

    def __init__(self) -> None:
        self.files: dict[str, Fingerprint] = {}
        self.directories: dict[str, int] = {}
        self.omitted: dict[str, Omission] = {}


class _Listing(NamedTuple):
    """One directory: its entries that are named like sources, and the rules to judge them by."""

    path: str
    sources: list[os.DirEntry[str]]
    rules: DirectoryRules


def walk(root: Path, rules: SourceRules, under: str = "") -> Walk:
    """Walk the tree below ``under`` (default: all of it); if ``under`` is a file, that file is what is found.

    Symbolic links are never followed, ignored directories never listed, mounted file systems walked like any
    directory. What vanishes meanwhile is no error; a missing ``under`` gives an empty walk. Raises ``RootError`` if
    the root is missing, or if this process is out of descriptors or memory: there is no tree with holes.
    """
    result = Walk()
    status = _status_below(root, under)
    if status is None:
        return result
    if not stat.S_ISDIR(status.st_mode):
        if rules.is_source(under):
            _take(f"{root}/{under}", under, status, result)
        return result
    for listing in _listings(root, rules, under, status.st_ino, result):
        prefix = listing.path + "/" if listing.path else ""
        for entry in listing.sources:
            path = prefix + entry.name
            if rules.takes(listing.rules, path, entry.name):
                _take_entry(entry, path, result)
    if under == "":
        rules.forget_all_but(result.directories)
    return result


def walk_directories(root: Path, rules: SourceRules, under: str = "") -> dict[str, int]:
    """The ``directories`` of ``walk``, without looking at the files."""
    result = Walk()
    status = _status_below(root, under)
    if status is not None and stat.S_ISDIR(status.st_mode):
        for _ in _listings(root, rules, under, status.st_ino, result):
            pass
    return result.directories


def source_paths(root: Path, rules: SourceRules) -> list[str]:
    """The paths of what is named like a source, without looking at it: some may be no regular files."""
    result = Walk()
    status = _status_below(root, "")
    assert status is not None  # a root that is missing has been told of
    paths: list[str] = []
    for listing in _listings(root, rules, "", status.st_ino, result):
        prefix = listing.path + "/" if listing.path else ""
        paths += (
            prefix + entry.name
            for entry in listing.sources
            if rules.takes(listing.rules, prefix + entry.name, entry.name) and is_utf8(entry.name)
        )
    return paths


def _take_entry(entry: os.DirEntry[str], path: str, result: Walk) -> None:
    if not is_utf8(entry.name):
        result.omitted[printable(path)] = Omission("name_not_utf8", "file name is not UTF-8")
        return
    try:
        status = entry.stat(follow_symlinks=False)
    except FileNotFoundError:
        return
    except OSError as error:
        if error.errno in OWN_SHORTAGE:
            raise RootError("walk", path, error.strerror or str(error)) from error
        result.omitted[path] = unreadable(error)
        return
    _take(entry.path, path, status, result)


def _take(location: str, path: str, status: os.stat_result, result: Walk) -> None:
    if stat.S_ISREG(status.st_mode):
        result.files[path] = Fingerprint.of(status)
    elif not stat.S_ISDIR(status.st_mode):
        result.omitted[path] = not_regular(location, status.st_mode)


def _listings(root: Path, rules: SourceRules, under: str, inode: int, result: Walk) -> Iterator[_Listing]:
    """List ``under`` and the directories below it, parents first; fills ``directories`` and ``omitted``."""
    if under == "":
        rules.refresh_outer()
    parent = rules.of_directory(under.rpartition("/")[0]) if under else rules.outer_rules()
    location = str(root)
    pending = [(under, inode, parent)]
    while pending:
        path, inode, parent = pending.pop()
        name = path.rpartition("/")[2]
        if path and (parent.ignored or rules.ignores_directory(parent, path, name)):
            continue
        if not is_utf8(name):
            result.omitted[printable(path)] = Omission("name_not_utf8", "directory name is not UTF-8")
            continue
        entries = _entries(location, path, result)
        if entries is None:
            continue
        listing, children = _sort_entries(rules, parent, path, name, entries)
        if not listing.rules.ignored:
            result.directories[path] = inode
            pending.extend((child, child_inode, listing.rules) for child, child_inode in children)
            yield listing


def _sort_entries(
    rules: SourceRules, parent: DirectoryRules, path: str, name: str, entries: list[os.DirEntry[str]]
) -> tuple[_Listing, list[tuple[str, int]]]:
    prefix = path + "/" if path else ""
    sources: list[os.DirEntry[str]] = []
    children: list[tuple[str, int]] = []
    ignore_file: os.DirEntry[str] | None = None
    marked = False
    for entry in entries:
        entry_name = entry.name
        if entry.is_dir(follow_symlinks=False):
            children.append((prefix + entry_name, entry.inode()))
        elif entry_name.endswith(SOURCE_SUFFIXES):
            sources.append(entry)
        elif entry_name == IGNORE_FILE:
            ignore_file = entry
        elif entry_name == ENVIRONMENT_MARKER:
            marked = True
    inside = rules.enter(parent, path, name, ignore_file, marked)
    return _Listing(path, sources, inside), children


def _entries(root: str, path: str, result: Walk) -> list[os.DirEntry[str]] | None:
    try:
        with os.scandir(f"{root}/{path}" if path else root) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        if path == "":
            raise RootError("walk", root, "no such directory") from None
    except OSError as error:
        if error.errno in OWN_SHORTAGE:
            raise RootError("walk", f"{root}/{path}", error.strerror or str(error)) from error
        if path == "":
            raise RootError("walk", root, error.strerror or str(error), "let its owner list it") from error
        result.omitted[path] = unreadable(error)
    return None


def _status_below(root: Path, under: str) -> os.stat_result | None:
    """``lstat`` of ``under``, reached without following a link below the root; None if it cannot be."""
    try:
        status = os.stat(root)
    except OSError as error:
        raise RootError("walk", str(root), error.strerror or str(error)) from error
    location = str(root)
    for name in under.split("/") if under else []:
        location += "/" + name
        if not stat.S_ISDIR(status.st_mode):
            return None
        try:
            status = os.lstat(location)
        except OSError:
            return None
    if under == "" and not stat.S_ISDIR(status.st_mode):
        raise RootError("walk", str(root), "not a directory")
    return status
