"""A person's session: the ID token that the sign-in brought, sealed in a cookie, so that any replica knows it."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jwt

from isocenter.errors import InvalidRequest
from isocenter.runtime.oidc.sealed import MAX_SEALED, Seal

PURPOSE = "session"


class Sessions:
    """Reads and writes the cookie `name`; nobody else has the key, so what is inside is not verified again.

    `secure` where browsers come by https. Lax, not Strict: the page that follows the sign-in is one that another site
    led to. It leaves at the sign-out and ends after `lasts_s`, the provider's own session notwithstanding.
    """

    def __init__(
        self, secret: str, lasts_s: float, *, secure: bool, now_s: Callable[[], float] = time.time
    ) -> None:
        self.cookies = Cookies(secure=secure)
        self._seal = Seal(secret, PURPOSE)
        self._lasts_s = lasts_s
        self._now_s = now_s

    def begin(self, id_token: str) -> str:
        """The Set-Cookie value. Raises InvalidRequest for a token that does not fit into a cookie."""
        until_s = int(self._now_s() + self._lasts_s)
        sealed = self._seal.seal(f"{until_s} {id_token}".encode())
        if len(sealed) > MAX_SEALED:
            raise InvalidRequest("the ID token is too large for a session: map fewer claims to it")
        return self.cookies.keep(PURPOSE, sealed, int(self._lasts_s))

    def token(self, headers: Mapping[str, str]) -> str:
        """The ID token of a session that lasts; else empty."""
        sealed = self.cookies.find(headers, PURPOSE)
        opened = self._seal.open(sealed) if sealed else None
        if opened is None:
            return ""
        until_s, _, id_token = opened.decode().partition(" ")
        return id_token if self._now_s() < int(until_s) else ""

    def end(self) -> str:
        """The Set-Cookie value that takes it away."""
        return self.cookies.keep(PURPOSE, "", 0)


def claims_in(id_token: str) -> dict[str, Any]:
    """What a token that was verified when it was sealed says."""
    claims: dict[str, Any] = jwt.decode(id_token, options={"verify_signature": False})
    return claims


class Cookies:
    """Cookies of this origin that scripts cannot read."""

    def __init__(self, *, secure: bool) -> None:
        # __Host-: no other name of the domain, and nobody without https, can set it (RFC 6265bis)
        self._prefix = "__Host-isocenter-" if secure else "isocenter-"
        self._attributes = "; Path=/; HttpOnly; SameSite=Lax" + ("; Secure" if secure else "")

    def keep(self, name: str, value: str, lasts_s: int) -> str:
        """The Set-Cookie value."""
        return f"{self._prefix}{name}={value}; Max-Age={lasts_s}{self._attributes}"

    def find(self, headers: Mapping[str, str], name: str) -> str:
        """What the browser sent under this name; empty when nothing."""
        for part in headers.get("cookie", "").replace(",", ";").split(";"):
            key, _, value = part.strip().partition("=")
            if key == self._prefix + name:
                return value
        return ""
