"""The pump itself: one loop over the editor's pipes and the hub's socket, until the editor goes."""

from __future__ import annotations

import os
import select
import socket
import time

from remora_hub.errors import HubError
from remora_hub.lsp_proxy.conversation import Conversation
from remora_hub.lsp_proxy.frames import FrameError, Frames, frame
from remora_hub.lsp_proxy.hub_link import Places, connect

TYPE_CHECKING = False  # see ``hub_link``
if TYPE_CHECKING:
    from collections.abc import Callable

    from remora_hub.lsp_proxy.launcher import Launcher

_READ_BYTES = 1 << 16
_MOST_UNSENT_BYTES = 1 << 20
_LONGEST_FAREWELL_S = 1.0
_STEP_S = 0.005  # between two looks for a hub that is being started
_UNWANTED_STEP_S = 0.25  # where none is to be started: it may be days until somebody does
_LONGEST_PATIENCE_S = 30.0  # after failures to start one
_RESTART_GRACE_S = 0.5  # a hub that goes may be one that is being restarted: its successor is waited for
_LONGEST_REFUSAL_S = (
    1.0  # a hub that hangs up within this time will not have this client: it is asked less often
)
_REQUEST_FAILED, _NOT_INITIALIZED, _CONTENT_MODIFIED = -32803, -32002, -32801


class Proxy:
    """Pumps between the descriptors of an editor and a hub.

    ``find`` gives the hub's places for the folder the editor names, ``launcher`` starts a hub, ``say`` is told what
    a person may want to know.
    """

    def __init__(
        self,
        find: Callable[[str | None], Places],
        launcher: Launcher,
        say: Callable[[str], None],
        *,
        editor_in: int = 0,
        editor_out: int = 1,
    ) -> None:
        self._find = find
        self._launcher = launcher
        self._say = say
        self._in, self._out = editor_in, editor_out
        self._conversation = Conversation()
        self._from_editor, self._from_hub = Frames(), Frames()
        self._to_editor, self._to_hub = bytearray(), bytearray()
        self._places: Places | None = None
        self._hub: socket.socket | None = None
        self._is_over = False
        self._patience_s = _RESTART_GRACE_S
        self._next_try = self._launch_from = self._connected_at = 0.0
        self._retry_s = _STEP_S

    def run(self) -> int:
        """Pump until the editor is gone; 0 if it took its leave as the protocol has it, else 1."""
        was_blocking = os.get_blocking(self._out)
        os.set_blocking(self._out, False)
        try:
            while not self._is_over:
                self._turn()
            self._take_leave()
        finally:
            if self._hub is not None:
                self._hub.close()
            os.set_blocking(self._out, was_blocking)
        took_leave = self._conversation.is_shut_down and self._conversation.has_exited
        return 0 if took_leave else 1

    def _turn(self) -> None:
        """Wait for something to do, and do it."""
        if self._hub is None and self._places is not None:
            self._look_for_hub(self._places)
        timeout_ms = None
        if self._hub is None and self._places is not None:
            timeout_ms = 1000 * max(0.0, self._next_try - time.monotonic())
        for descriptor, event in self._poll().poll(timeout_ms):
            if descriptor == self._in:
                self._hear_editor()
            elif descriptor == self._out:
                self._tell_editor(event)
            elif self._hub is not None and descriptor == self._hub.fileno():
                self._exchange_with_hub(event)
        # What has just come goes on at once: most of the time there is room for it, and nothing need be waited for.
        if self._to_hub and self._hub is not None:
            self._exchange_with_hub(select.POLLOUT)
        if self._to_editor:
            self._tell_editor(select.POLLOUT)

    def _poll(self) -> select.poll:
        poll = select.poll()
        # Without events, too, a pipe nobody reads any more is reported.
        poll.register(self._out, select.POLLOUT if self._to_editor else 0)
        if len(self._to_hub) < _MOST_UNSENT_BYTES:
            poll.register(self._in, select.POLLIN)
        if self._hub is not None:
            events = select.POLLIN if len(self._to_editor) < _MOST_UNSENT_BYTES else 0
            poll.register(self._hub, events | (select.POLLOUT if self._to_hub else 0))
        return poll

    # The editor.

    def _hear_editor(self) -> None:
        data = os.read(self._in, _READ_BYTES)
        if not data:
            self._is_over = True
            return
        try:
            for body in self._from_editor.add(data):
                self._pass_on(body)
        except FrameError as error:
            self._say(f"the editor's stream cannot be read: {error}")
            self._is_over = True

    def _pass_on(self, body: bytes) -> None:
        message = self._conversation.from_editor(body)
        if message.get("method") == "initialize" and self._places is None:
            self._find_root()  # the hub is told when it is connected
            return
        is_request = "id" in message and "method" in message
        if self._conversation.is_too_long(body):
            self._say(f"a message of {len(body)} bytes is not passed on")
            if is_request:
                self._to_editor += self._conversation.refuse(message["id"], "too long", _REQUEST_FAILED)
        elif self._hub is not None:
            self._to_hub += frame(body)
        elif is_request:
            code = _NOT_INITIALIZED if self._conversation.initialize is None else _CONTENT_MODIFIED
            reason = "the hub was stopped" if self._waits_for_others() else "the hub is not there yet"
            self._to_editor += self._conversation.refuse(message["id"], reason, code)
        if self._conversation.has_exited:
            self._is_over = True

    def _find_root(self) -> None:
        try:
            self._places = self._find(self._conversation.folder())
        except HubError as error:
            self._fail(str(error))

    def _tell_editor(self, event: int) -> None:
        try:
            if event & select.POLLOUT:
                del self._to_editor[: os.write(self._out, self._to_editor)]
            elif event & (select.POLLERR | select.POLLHUP):
                self._is_over = True
        except BlockingIOError:
            return
        except OSError:  # it reads no more
            self._is_over = True

    def _fail(self, reason: str) -> None:
        """There is no hub to be had: say so, and answer ``initialize`` with it."""
        self._say(reason)
        initialize = self._conversation.initialize
        if initialize is not None and self._conversation.is_beginning:
            self._to_editor += self._conversation.refuse(initialize.get("id"), reason, _REQUEST_FAILED)

    # The hub.

    def _look_for_hub(self, places: Places) -> None:
        now = time.monotonic()
        if now < self._next_try:
            return
        self._hub = connect(places)
        if self._hub is not None:
            self._launcher.answers()
            self._connected_at = now
            self._to_hub += b"".join(self._conversation.begin())
            return
        self._next_try = now + (_UNWANTED_STEP_S if self._waits_for_others() else _STEP_S)
        failure = self._launcher.failure()
        if failure is None and now >= self._launch_from and not self._waits_for_others():
            try:
                self._launcher.launch(places)
            except OSError as error:
                failure = f"cannot start a hub: {error.strerror}"
        if failure is not None:
            self._fail(failure)
            self._next_try = self._launch_from = now + self._patience_s
            self._patience_s = min(2 * self._patience_s, _LONGEST_PATIENCE_S)

    def _waits_for_others(self) -> bool:
        """Whether somebody wanted no hub to run: then it is not for an editor that was open to start another."""
        return self._conversation.is_unwanted and not self._conversation.is_beginning

    def _exchange_with_hub(self, event: int) -> None:
        assert self._hub is not None
        try:
            if event & select.POLLOUT:
                del self._to_hub[: self._hub.send(self._to_hub)]
            if event & (select.POLLIN | select.POLLERR | select.POLLHUP):
                self._hear_hub(self._hub.recv(_READ_BYTES))
        except BlockingIOError:
            return
        except (OSError, FrameError) as error:
            self._lose_hub(str(error))

    def _hear_hub(self, data: bytes) -> None:
        if not data:
            raise ConnectionResetError("it hung up")
        self._patience_s = _RESTART_GRACE_S
        for body in self._from_hub.add(data):
            if self._conversation.from_hub(body):
                self._to_editor += frame(body)

    def _lose_hub(self, reason: str) -> None:
        assert self._hub is not None
        if self._waits_for_others():
            self._say("the hub was stopped: it is used again once there is one (remora-hub start)")
        else:
            self._say(f"the hub is gone ({reason}); looking for another")
        self._hub.close()
        self._hub = None
        self._from_hub = Frames()
        self._to_hub.clear()
        self._to_editor += b"".join(self._conversation.lost())
        now = time.monotonic()
        was_refused = now - self._connected_at < _LONGEST_REFUSAL_S
        self._retry_s = min(2 * self._retry_s, _LONGEST_PATIENCE_S) if was_refused else _STEP_S
        self._next_try, self._launch_from = now + self._retry_s, now + _RESTART_GRACE_S

    def _take_leave(self) -> None:
        """Give both sides a moment to take what was said last."""
        deadline = time.monotonic() + _LONGEST_FAREWELL_S
        while self._to_editor or (self._hub is not None and self._to_hub):
            poll = self._poll()
            if len(self._to_hub) < _MOST_UNSENT_BYTES:
                poll.unregister(self._in)
            left_s = deadline - time.monotonic()
            if left_s <= 0:
                return
            for descriptor, event in poll.poll(1000 * left_s):
                if descriptor == self._out:
                    if not event & select.POLLOUT:
                        return
                    self._tell_editor(event)
                elif self._hub is not None:
                    self._exchange_with_hub(event)
