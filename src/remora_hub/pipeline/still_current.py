"""Asked right before a change is written: does the disk still bear it out? Each blocks for some microseconds.

Where it cannot be told, for want of descriptors or memory, the answer is no: the change is discarded and made again.
"""

from __future__ import annotations

import os
from pathlib import Path

from remora_hub.discovery.fingerprint import Fingerprint
from remora_hub.discovery.omission import OWN_SHORTAGE
from remora_hub.discovery.read import Omitted, Vanished, fingerprint, read_source
from remora_hub.discovery.rules import SourceRules


def is_unchanged(root: Path, rules: SourceRules, path: str, before: Fingerprint) -> bool:
    """Whether the source still has this fingerprint."""
    try:
        return fingerprint(root, path) == before and rules.is_source(path)
    except OSError:
        return False


def is_there(root: Path, rules: SourceRules, path: str) -> bool:
    """Whether there is such a source, whatever it holds."""
    try:
        return fingerprint(root, path) is not None and rules.is_source(path)
    except OSError:
        return False


def is_irregular(root: Path, path: str) -> bool:
    """Whether there is something that is no regular file, or that is out of reach as the walk has it.

    Out of reach is what lies in a directory that may not be searched, or has too long a path (path_resolution(7)).
    """
    try:
        os.lstat(root / path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        return error.errno not in OWN_SHORTAGE
    try:
        return fingerprint(root, path) is None
    except OSError:
        return False


def is_gone(root: Path, rules: SourceRules, path: str) -> bool:
    """Whether there is no such source: no regular file, or one that the rules leave out."""
    try:
        return fingerprint(root, path) is None or not rules.is_source(path)
    except OSError:
        return False


def is_still_omitted(root: Path, path: str, status: str, max_file_bytes: int) -> bool:
    """Whether the file cannot be read for the same reason as before; reads it if it can."""
    try:
        read_source(root, path, max_file_bytes)
    except Omitted as omitted:
        return omitted.omission.status == status
    except (Vanished, OSError):
        pass
    return False
