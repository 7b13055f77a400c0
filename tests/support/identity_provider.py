"""An identity provider whose keys the tests hold, on a real server: it signs what no honest one would."""

import base64
import hashlib
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm
from tests.support.web import serving

from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route

AUDIENCE = "the-archive"


@cache
def keys() -> dict[str, Any]:
    """Private keys by name; made once, it takes a moment."""
    return {
        "RS256": rsa.generate_private_key(65_537, 2_048),
        "PS256": rsa.generate_private_key(65_537, 2_048),
        "ES256": ec.generate_private_key(ec.SECP256R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate(),
        "weak": rsa.generate_private_key(65_537, 1_024),  # noqa: S505  (to be refused)
        "unlisted": rsa.generate_private_key(65_537, 2_048),
    }


def public(name: str) -> dict[str, Any]:
    key = keys()[name].public_key()
    kinds: dict[str, Any] = {"ES256": ECAlgorithm, "EdDSA": OKPAlgorithm}
    kind = kinds.get(name, RSAAlgorithm)
    algorithm = name if name in ("RS256", "PS256", "ES256", "EdDSA") else "RS256"
    return {**json.loads(kind.to_jwk(key)), "kid": name, "use": "sig", "alg": algorithm}


class IdentityProvider:
    """`listed` is what its key page holds now; `asked` counts how often that was fetched."""

    def __init__(self) -> None:
        self.issuer = ""
        self.listed = ["RS256", "PS256", "ES256", "EdDSA", "weak"]
        self.asked = 0
        self.name = ""  # it gives itself; empty: its own
        self.forms: list[dict[str, str]] = []  # that came for a code
        self._granted: dict[str, Any] = {}

    def routes(self) -> list[Route]:
        return [
            Route("GET", "/.well-known/openid-configuration", Action.VERIFY, self._about),
            Route("GET", "/keys", Action.VERIFY, self._keys),
            Route("POST", "/token", Action.VERIFY, self._tokens),
        ]

    async def _about(self, request: Request) -> None:
        pages = {
            f"{name.replace('-', '_')}_endpoint": f"{self.issuer}/{name}"
            for name in ("authorization", "token", "end-session")
        }
        told = {"issuer": self.name or self.issuer, "jwks_uri": f"{self.issuer}/keys", **pages}
        await request.respond(200, json.dumps(told).encode())

    async def _keys(self, request: Request) -> None:
        self.asked += 1
        listed = [public(name) for name in self.listed]
        await request.respond(200, json.dumps({"keys": listed}).encode())

    def grant(self, **claims: Any) -> None:
        """What the ID token says that the next code is good for."""
        self._granted = claims

    @staticmethod
    def challenge_of(verifier: str) -> str:
        """RFC 7636 4.2."""
        digest = hashlib.sha256(verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).decode().rstrip("=")

    async def _tokens(self, request: Request) -> None:
        self.forms.append(dict(parse_qsl((await request.body(10_000)).decode())))
        await request.respond(200, json.dumps({"id_token": self.token(**self._granted)}).encode())

    def claims(self, **changed: Any) -> dict[str, Any]:
        now_s = int(time.time())
        known = {"iss": self.issuer, "aud": AUDIENCE, "sub": "s-1", "iat": now_s}
        made = {**known, "exp": now_s + 300, **changed}
        return {name: value for name, value in made.items() if value is not None}

    def token(
        self, key: str = "RS256", header: dict[str, Any] | None = None, **changed: Any
    ) -> str:
        algorithm = key if key in ("RS256", "PS256", "ES256", "EdDSA") else "RS256"
        headers = {"kid": key, **(header or {})}
        return jwt.encode(self.claims(**changed), keys()[key], algorithm, headers=headers)


@asynccontextmanager
async def identity_provider() -> AsyncIterator[IdentityProvider]:
    made = IdentityProvider()
    async with serving(made.routes()) as server:
        made.issuer = f"http://127.0.0.1:{server.port}"
        yield made
