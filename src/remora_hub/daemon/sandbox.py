"""What a service manager's sandbox does to a root that is replaced."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path

from remora_hub.daemon.service_manager import ServiceManager
from remora_hub.errors import StoreError
from remora_hub.paths import StatePaths

_LOOK_EVERY_S = 1.0


async def end_when_cut_off(paths: StatePaths, manager: ServiceManager) -> None:
    """Raise StoreError when the root was replaced by another one that only a new process can write to.

    ``ReadWritePaths=`` makes a directory writable, not a path: where it is deleted or moved and made anew, the one
    in its place is read-only in this process's mount namespace. The manager starts the service again, in a new one. A
    disk that became read-only is another matter: its root is the same. Returns at once where there is no manager.
    """
    if not manager.listens:
        return
    known = _identity(paths.root)
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        found = _identity(paths.root)
        if known is None or found in (known, None):
            known = known or found
            continue
        if _is_read_only(paths.state_dir if paths.state_dir.exists() else paths.root):
            raise StoreError("write to", str(paths.root), "it was replaced, outside of the service's sandbox")
        known = found


def _identity(directory: Path) -> tuple[int, int] | None:
    try:
        found = directory.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _is_read_only(directory: Path) -> bool:
    try:
        return bool(os.statvfs(directory).f_flag & os.ST_RDONLY)
    except OSError:
        return False  # gone again
