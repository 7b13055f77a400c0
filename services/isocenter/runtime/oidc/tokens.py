"""Verify a token of the identity provider (RFC 8725, RFC 9068): what is not asked for by name is not believed."""

from typing import Any

import jwt
from jwt.exceptions import PyJWTError

from isocenter.errors import Unauthenticated
from isocenter.runtime.oidc.provider import ALGORITHMS, Provider

MAX_TOKEN = 8_192  # characters
MAX_KEY_ID = 256
LEEWAY_S = 30
REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
TYPES = frozenset({"jwt", "at+jwt", "application/at+jwt"})
MAX_NAME = 64  # characters of each part


async def verify(token: str, audience: str, provider: Provider) -> dict[str, Any]:
    """Give the claims; raises Unauthenticated, and Unavailable when the provider's keys cannot be had.

    The header names one of our own algorithms and a key of the provider's own list. Keys and addresses inside a token
    (`jwk`, `jku`, `x5u`) are not looked at; extensions (`crit`) are refused, whatever they are.
    """
    if len(token) > MAX_TOKEN:
        raise Unauthenticated("the token is too long")
    try:
        header = jwt.get_unverified_header(token)
    except PyJWTError:
        raise Unauthenticated("the token cannot be read") from None
    algorithm, key_id = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS or "crit" in header:
        raise Unauthenticated("the token is signed in a way that is not taken here")
    if str(header.get("typ", "JWT")).lower() not in TYPES:
        raise Unauthenticated("the token is of another type")
    if not isinstance(key_id, str) or len(key_id) > MAX_KEY_ID:
        raise Unauthenticated("the token names no key")
    key = await provider.key(key_id)
    if key is None or key.algorithm_name != algorithm:
        raise Unauthenticated("the token is signed with an unknown key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=[algorithm],
            audience=audience,
            issuer=provider.issuer,
            leeway=LEEWAY_S,
            options={"require": REQUIRED},
        )
    except PyJWTError:
        raise Unauthenticated("the token is not valid") from None
    return claims


def name_of(claims: dict[str, Any]) -> str:
    """What the audit calls them: a readable name, which may change, and the subject, which never does."""
    subject = str(claims["sub"])[:MAX_NAME]
    readable = claims.get("preferred_username")
    if not isinstance(readable, str) or not readable.isprintable():
        return subject
    return f"{readable[:MAX_NAME]} ({subject})"
