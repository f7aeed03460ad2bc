"""The optional HTTP listener for monitoring: loopback only, off by default, imported only when it is on."""

from typing import Final

TOKEN_FILE: Final = "http.token"  # noqa: S105 - where in the state directory the token is
