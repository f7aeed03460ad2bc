from __future__ import annotations

from remora_hub.server.viewed_files import ViewedFiles


def test_the_latest_are_kept_and_what_is_shown_again_is_the_latest() -> None:
    viewed = ViewedFiles()
    for number in range(40):
        viewed.note(f"{number}.py")
        viewed.note("own.py")
    assert viewed.paths() == [*(f"{number}.py" for number in range(11, 40)), "own.py"]
