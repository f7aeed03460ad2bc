"""``$/setTrace`` and ``$/logTrace``: off unless the client wishes it."""

from __future__ import annotations

from typing import Literal

import msgspec

from remora_hub.server.lsp.editor import Editor, Notifications


class _SetTraceParams(msgspec.Struct):
    value: Literal["off", "messages", "verbose"]


def _set_trace(editor: Editor, params: _SetTraceParams) -> None:
    editor.trace = params.value


async def log_answer(editor: Editor, name: str, params: msgspec.Struct, seconds: float) -> None:
    """Tell the client what was answered, and with ``verbose`` to which parameters."""
    message = {"message": f"{name} was answered in {seconds * 1000:.1f} ms"}
    if editor.trace == "verbose":
        message["verbose"] = msgspec.json.encode(params).decode()
    await editor.connection.notify("$/logTrace", message)


NOTIFICATIONS: Notifications = {"$/setTrace": (_SetTraceParams, _set_trace)}
