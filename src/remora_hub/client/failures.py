"""What goes wrong on a connection, as errors of the hub: its own ones are raised again as they were."""

from __future__ import annotations

import msgspec

from remora_hub import errors
from remora_hub.errors import HubError, NotRunningError
from remora_hub.wire import FailureData, Incoming


def result_of(method: str, message: Incoming) -> msgspec.Raw:
    """The result in an answer to ``method``, still JSON. Raises the hub's error if that is the answer."""
    if message.error is not msgspec.UNSET:
        raise _rebuilt(method, message.error.message, message.error.data)
    return message.result or msgspec.Raw(b"null")


def timed_out(root: str, method: str, timeout_s: float) -> HubError:
    """The hub answers to ``method`` too late."""
    reason = f"no answer to {method} within {timeout_s:g} s"
    return HubError("talk to the hub of", root, reason, "see its log, or restart it")


def gone(root: str, error: OSError) -> NotRunningError:
    """The connection broke."""
    return NotRunningError("talk to the hub of", root, error.strerror or str(error))


def closed(root: str) -> HubError:
    """Something is asked of a client that was closed."""
    return HubError("talk to the hub of", root, "this client is closed")


def not_understood(root: str, error: Exception) -> HubError:
    """What came is not the hub's protocol, or not the version of it that this client speaks."""
    return HubError("understand the hub of", root, str(error), "are client and hub of one version?")


def _rebuilt(method: str, message: str, data: object) -> HubError:
    """The hub's own error again, from what it said of it on the wire."""
    try:
        failure = msgspec.convert(data, FailureData)
    except msgspec.ValidationError:
        return HubError(f"call {method}", reason=message)
    kind = getattr(errors, failure.type, HubError)
    if not (isinstance(kind, type) and issubclass(kind, HubError)):
        kind = HubError
    error = kind.__new__(kind)
    HubError.__init__(error, failure.operation, failure.subject, failure.reason, failure.hint)
    error.exit_code = failure.exit_code
    error.recoverable = failure.recoverable
    error.degraded = failure.degraded
    return error
