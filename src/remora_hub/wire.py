"""The messages on the wire: JSON-RPC 2.0 with Content-Length framing (LSP 3.17, "Base Protocol").

Shared by server and client, so it imports nothing of either.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from remora_hub.errors import HubError

PARSE_ERROR: Final = -32700
INVALID_REQUEST: Final = -32600
METHOD_NOT_FOUND: Final = -32601
INVALID_PARAMS: Final = -32602
INTERNAL_ERROR: Final = -32603
SERVER_NOT_INITIALIZED: Final = -32002
REQUEST_CANCELLED: Final = -32800
CONTENT_MODIFIED: Final = -32801
"""LSP 3.17: what the answer would be about has changed; editors pass over it in silence."""
REQUEST_FAILED: Final = -32803
"""LSP 3.17: the request was valid, and could not be carried out; ``data`` is a ``FailureData``."""

MAX_HEADER_BYTES: Final = 4096
_MOST_CHARACTERS = 10_000  # of an error: twice the longest path


class Incoming(msgspec.Struct, omit_defaults=True):
    """A request (it has an ``id``), a notification, or the answer to a request of ours.

    ``params`` and ``result`` are kept as JSON until their type is known; absent ones are empty.
    """

    jsonrpc: str
    method: str | None = None
    id: int | str | msgspec.UnsetType | None = msgspec.UNSET
    params: msgspec.Raw = msgspec.Raw()
    result: msgspec.Raw = msgspec.Raw()
    error: WireError | msgspec.UnsetType = msgspec.UNSET


class ProtocolError(Exception):
    """A request that the protocol does not allow now, or that was refused; ``code`` is JSON-RPC's or LSP's."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        self.message = message
        super().__init__(code, message)


class WireError(msgspec.Struct, omit_defaults=True):
    """The ``error`` member of an answer."""

    code: int
    message: str
    data: Any = None


class FailureData(msgspec.Struct):
    """What an error of the hub says of itself: the parts of its sentence, the exit code of the command line.

    ``degraded`` is what keeps the hub from knowing better, as in answers.
    """

    type: str
    operation: str
    subject: str
    reason: str
    hint: str
    exit_code: int
    recoverable: bool
    degraded: str | None = None


class Answer(msgspec.Struct):
    """A successful answer."""

    id: int | str | None
    result: Any
    jsonrpc: str = "2.0"


class Failure(msgspec.Struct):
    """A failed answer."""

    id: int | str | None
    error: WireError
    jsonrpc: str = "2.0"


class Call(msgspec.Struct, omit_defaults=True):
    """A request, or without an ``id`` a notification."""

    method: str
    params: Any
    id: int | str | None = None
    jsonrpc: str = msgspec.field(default_factory=lambda: "2.0")


def refusal_of(error: HubError) -> WireError:
    """An error on the wire: its sentence, and its parts. Cut where they repeat what a client has sent so much of."""
    return WireError(REQUEST_FAILED, _cut(str(error)), failure_data(error))


def failure_data(error: HubError) -> FailureData:
    """The parts of an error, for a client to rebuild it from."""
    return FailureData(
        type(error).__name__,
        error.operation,
        _cut(error.subject),
        _cut(error.reason),
        error.hint,
        error.exit_code,
        error.recoverable,
        error.degraded,
    )


def _cut(text: str) -> str:
    return text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}..."


_encode = msgspec.json.Encoder().encode


def encode_frame(message: Answer | Failure | Call) -> bytes:
    """One message as it goes over the wire."""
    body = encode_json(message)
    return b"Content-Length: %d\r\n\r\n%b" % (len(body), body)


def encode_json(value: object) -> bytes:
    """A message, or a part of one, as JSON.

    Text from the file system or from source may hold lone surrogates, which no UTF-8 can carry (RFC 3629, section 3)
    and JSON parsers refuse as escapes, too: they go over the wire as U+FFFD.
    """
    try:
        return _encode(value)
    except UnicodeEncodeError:
        # What is encoded already is all that is no value of msgspec's own.
        return _encode(_without_surrogates(msgspec.to_builtins(value, enc_hook=msgspec.json.decode)))


def _without_surrogates(value: Any) -> Any:
    if isinstance(value, str):
        return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    if isinstance(value, list):
        return [_without_surrogates(one) for one in value]
    if isinstance(value, dict):
        return {_without_surrogates(key): _without_surrogates(one) for key, one in value.items()}
    return value


def content_length(header: bytes) -> int:
    """The length a header part (without its closing blank line) announces. Raises ValueError if it announces none."""
    for line in header.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            digits = value.strip()
            if not digits.isdigit():
                break
            return int(digits)
    raise ValueError("the header has no Content-Length")
