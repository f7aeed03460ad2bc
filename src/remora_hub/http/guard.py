"""Who is answered: programs of this machine that show the token, and anybody on it who asks for health.

A listener on loopback can be reached by every user of the machine and by every page a browser on it shows, directly or
under a name of the page's own that leads here (DNS rebinding). So a request must name this host as its Host, come from
no page, and show the token for all but health. What is refused gets 403 and nothing else.
"""

from __future__ import annotations

from typing import Any

from starlette.types import ASGIApp, Receive, Scope, Send

from remora_hub.http.token import Token

HEALTH = ("/healthz", "/readyz")
TRUSTED = "remora_hub.trusted"  # in an ASGI scope: whether the token was shown

_HOSTS = ("127.0.0.1", "localhost")
# A browser says where a page comes from in these; a program has no reason to send them.
_FOREIGN_SITES = (b"cross-site", b"same-site")


class Guard:
    """ASGI middleware in front of ``application``, which listens on ``port``."""

    def __init__(self, application: ASGIApp, port: int, token: Token) -> None:
        self._application = application
        self._token = token
        self._hosts = {name.encode() for host in _HOSTS for name in (host, f"{host}:{port}")}
        self._origins = {b"http://" + host for host in self._hosts}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass an allowed request on; refuse another."""
        if scope["type"] != "http":
            return
        headers: list[tuple[bytes, bytes]] = scope["headers"]
        is_trusted = self._token.matches(_bearer(headers)) if _bearer(headers) else False
        if not self._comes_from_here(headers) or not (is_trusted or scope["path"] in HEALTH):
            start: dict[str, Any] = {"type": "http.response.start", "status": 403}
            await send({**start, "headers": [(b"content-length", b"0")]})
            await send({"type": "http.response.body", "body": b""})
            return
        await self._application({**scope, TRUSTED: is_trusted}, receive, send)

    def _comes_from_here(self, headers: list[tuple[bytes, bytes]]) -> bool:
        hosts, origins = _values(headers, b"host"), _values(headers, b"origin")
        return (
            len(hosts) == 1
            and hosts[0].lower() in self._hosts
            and all(origin in self._origins for origin in origins)
            and not any(site in _FOREIGN_SITES for site in _values(headers, b"sec-fetch-site"))
        )


def _bearer(headers: list[tuple[bytes, bytes]]) -> str:
    """What follows ``Bearer`` (RFC 6750, section 2.1); "" if there is no such header, or more than one."""
    shown = _values(headers, b"authorization")
    scheme, _, token = shown[0].partition(b" ") if len(shown) == 1 else (b"", b"", b"")
    return token.strip().decode("latin-1") if scheme.lower() == b"bearer" else ""


def _values(headers: list[tuple[bytes, bytes]], name: bytes) -> list[bytes]:
    """ASGI gives names in lower case."""
    return [value for key, value in headers if key == name]
