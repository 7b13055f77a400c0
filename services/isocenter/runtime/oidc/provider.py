"""What the identity provider says of itself: where its pages are, and the keys it signs with."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from isocenter.errors import InvalidRequest, Unavailable
from isocenter.runtime.log import logger
from isocenter.runtime.oidc.fetching import Fetcher, check_url

FRESH_S = 3_600.0
GRACE_S = (
    24 * 3_600.0
)  # keys are used so long when the provider does not answer: a site whose line is down works on
ATTEMPT_S = 30.0  # between two fetches, whatever unknown keys tokens name
MAX_KEYS = 64
MIN_RSA_BITS = 2_048
ALGORITHMS = ("RS256", "PS256", "ES256", "EdDSA")

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Known:
    """One answer of the provider; `end_session` is empty where it has no such page."""

    authorization: str
    token: str
    end_session: str
    keys: dict[str, PyJWK]


class Provider:
    """Asked when something is needed, and then at most every 30 s; one task asks, the others wait for it."""

    def __init__(
        self, issuer: str, fetcher: Fetcher, now_s: Callable[[], float] = time.monotonic
    ) -> None:
        self.issuer = issuer
        self._fetcher = fetcher
        self._now_s = now_s
        self._known: Known | None = None
        self._known_at_s = float("-inf")
        self._asked_at_s = float("-inf")
        self._lock = asyncio.Lock()

    async def known(self) -> Known:
        """What is known, not older than the grace. Raises Unavailable."""
        if self._known is None or self._age_s() > FRESH_S:
            await self._ask()
        if self._known is None or self._age_s() > GRACE_S:
            raise Unavailable("the identity provider does not answer", retry_after_s=ATTEMPT_S)
        return self._known

    async def key(self, key_id: str) -> PyJWK | None:
        """The key of this name; None is a name that the provider does not have. Raises Unavailable."""
        known = await self.known()
        if key_id not in known.keys:
            await self._ask()
            known = await self.known()
        return known.keys.get(key_id)

    def _age_s(self) -> float:
        return self._now_s() - self._known_at_s

    async def _ask(self) -> None:
        """Ask again unless that was just done; what is known stays when it fails."""
        async with self._lock:
            if self._now_s() - self._asked_at_s < ATTEMPT_S:
                return
            self._asked_at_s = self._now_s()
            try:
                self._known = await self._fetch()
            except (Unavailable, InvalidRequest) as error:
                log.warning("identity_provider_unusable", error=error.message)
            else:
                self._known_at_s = self._now_s()

    async def _fetch(self) -> Known:
        about = await self._fetcher.get(
            f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        )
        if about.get("issuer") != self.issuer:  # OpenID Connect Discovery 4.3
            raise InvalidRequest("the identity provider has another name than was set")
        content = await self._fetcher.get(_url(about, "jwks_uri"))
        return Known(
            authorization=_url(about, "authorization_endpoint"),
            token=_url(about, "token_endpoint"),
            end_session=_url(about, "end_session_endpoint")
            if "end_session_endpoint" in about
            else "",
            keys=_keys(content),
        )


def _url(about: dict[str, Any], name: str) -> str:
    return check_url(str(about.get(name, "")))


def _keys(content: dict[str, Any]) -> dict[str, PyJWK]:
    """Those that may be used, by name."""
    found = content.get("keys")
    if not isinstance(found, list) or len(found) > MAX_KEYS:
        raise InvalidRequest("the identity provider's keys cannot be read")
    keys = {}
    for entry in found:
        key = _key(entry) if isinstance(entry, dict) else None
        if key is not None:
            keys[str(entry["kid"])] = key
    return keys


def _key(entry: dict[str, Any]) -> PyJWK | None:
    if entry.get("use", "sig") != "sig" or not isinstance(entry.get("kid"), str):
        return None
    try:
        key = PyJWK(entry)
    except PyJWTError:
        return None  # of a kind that is not taken here
    weak = isinstance(key.key, RSAPublicKey) and key.key.key_size < MIN_RSA_BITS
    return key if key.algorithm_name in ALGORITHMS and not weak else None
