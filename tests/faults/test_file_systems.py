"""A project on a file system that others change without a word of it to inotify: here a real FUSE mount."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

StartHub = Callable[..., Any]  # of conftest.RunningHub, which cannot be imported from here
WriteFiles = Callable[..., None]


class Mounted:
    """``root`` shows what is in ``real``, by bindfs; who changes ``real`` causes no event below ``root``."""

    def __init__(self, real: Path, root: Path) -> None:
        self.real = real
        self._root = root

    def mount(self) -> None:
        made = subprocess.run(["bindfs", str(self.real), str(self._root)], capture_output=True, check=False)
        if made.returncode:  # a sandbox without /dev/fuse: no test can bring it
            pytest.skip(f"mounting is not permitted here: {made.stderr.decode()}")

    def unmount(self) -> None:
        subprocess.run(["umount", "--lazy", str(self._root)], check=True)


@pytest.fixture
def mounted(root: Path, tmp_path: Path) -> Iterator[Mounted]:
    if not shutil.which("bindfs"):
        # It cannot be had without root; .ci/run installs it where it may.
        pytest.skip("bindfs is not installed (Debian: apt install bindfs)")
    real = tmp_path / "real"
    real.mkdir()
    made = Mounted(real, root)
    made.mount()
    yield made
    subprocess.run(["umount", "--lazy", str(root)], capture_output=True, check=False)


@pytest.mark.fault(case="W8")
def test_what_others_change_on_a_fuse_mount_is_found_by_polling(
    mounted: Mounted, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(mounted.real / "before", 20)
    hub = start_hub()
    hub.wait_until_ready()
    watch = hub.status()["watch"]
    assert watch["state"] == "polling"
    assert "fuse" in watch["detail"]
    hub.converges()
    write_files(mounted.real / "behind", 20)
    (mounted.real / "before" / "m0.py").unlink()
    (mounted.real / "late.py").write_text("def late(): ...\n")
    hub.wait_until(lambda: hub.call("hub/symbols", query="late")["symbols"])
    hub.wait_until(lambda: len(hub.served()[0]) == 40)  # without a word by anybody
    (hub.root / "through.py").write_text("def through(): ...\n")
    hub.converges()


@pytest.mark.fault(case="W7")
def test_a_mount_that_goes_and_comes_back_loses_nothing(
    mounted: Mounted, start_hub: StartHub, write_files: WriteFiles
) -> None:
    write_files(mounted.real / "before", 20)
    hub = start_hub()
    hub.wait_until_ready()
    mounted.unmount()
    (mounted.real / "meanwhile.py").write_text("def meanwhile(): ...\n")
    mounted.mount()
    hub.wait_until(lambda: hub.call("hub/symbols", query="meanwhile")["symbols"])
    hub.converges()
