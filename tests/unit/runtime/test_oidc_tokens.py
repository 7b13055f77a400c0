import base64
import hmac
import json
import time
from collections.abc import AsyncIterator
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.support.identity_provider import (
    AUDIENCE,
    IdentityProvider,
    identity_provider,
    keys,
    public,
)

from isocenter.errors import InvalidRequest, Unauthenticated, Unavailable
from isocenter.runtime.oidc.fetching import Fetcher, check_url
from isocenter.runtime.oidc.provider import ATTEMPT_S, FRESH_S, GRACE_S, Provider
from isocenter.runtime.oidc.tokens import LEEWAY_S, name_of, verify


class Time:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
async def signer() -> AsyncIterator[IdentityProvider]:
    async with identity_provider() as made:
        yield made


@pytest.fixture
async def now() -> Time:
    return Time()


@pytest.fixture
async def provider(signer: IdentityProvider, now: Time) -> AsyncIterator[Provider]:
    fetcher = Fetcher()
    yield Provider(signer.issuer, fetcher, now)
    await fetcher.close()


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256", "EdDSA"])
async def test_a_token_of_the_provider_says_who(
    signer: IdentityProvider, provider: Provider, algorithm: str
) -> None:
    claims = await verify(signer.token(algorithm), AUDIENCE, provider)
    assert claims["sub"] == "s-1"


def forged(header: dict[str, Any], claims: dict[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(header).encode(), json.dumps(claims).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)


def confused(claims: dict[str, Any]) -> str:
    """Signed symmetrically, with what everybody knows."""
    known = keys()["RS256"].public_key()
    pem = known.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    text = forged({"alg": "HS256", "kid": "RS256"}, claims).rpartition(".")[0]
    signature = hmac.digest(pem, text.encode(), "sha256")
    return f"{text}.{base64.urlsafe_b64encode(signature).decode().rstrip('=')}"


async def test_what_is_signed_otherwise_is_refused(
    signer: IdentityProvider, provider: Provider
) -> None:
    good = signer.token()
    tokens = {
        "no signature": forged({"alg": "none", "kid": "RS256"}, signer.claims()),
        "none, in other letters": forged({"alg": "nOnE", "kid": "RS256"}, signer.claims()),
        "the public key as a password": confused(signer.claims()),
        "an algorithm not of the list": jwt.encode(
            signer.claims(), keys()["RS256"], "RS512", headers={"kid": "RS256"}
        ),
        "another algorithm than its key's": jwt.encode(
            signer.claims(), keys()["RS256"], "PS256", headers={"kid": "RS256"}
        ),
        "a key the provider does not list": signer.token("unlisted"),
        "a listed key's name on another key": signer.token("unlisted", {"kid": "RS256"}),
        "a key that is too short": signer.token("weak"),
        "its own key inside": signer.token(
            "unlisted", {"jwk": public("unlisted"), "jku": f"{signer.issuer}/keys"}
        ),
        "no key's name": signer.token(header={"kid": ""}),
        "an extension": signer.token(header={"crit": ["b64"], "b64": True}),
        "an unknown extension": signer.token(header={"crit": ["x"], "x": 1}),
        "another type": signer.token(header={"typ": "logout+jwt"}),
        "a changed signature": good[:-8] + "AAAAAAAA",
        "too long": signer.token(more="x" * 9_000),
        "no token": "a.b.c",
    }
    for what, token in tokens.items():
        with pytest.raises(Unauthenticated):
            await verify(token, AUDIENCE, provider)
            pytest.fail(what)


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another"},
        {"aud": None},
        {"aud": []},
        {"sub": None},
        {"exp": None},
        {"iat": None},
        {"exp": int(time.time()) - LEEWAY_S - 5},
        {"iat": int(time.time()) + 86_400},
        {"nbf": int(time.time()) + 86_400},
    ],
    ids=str,
)
async def test_what_says_something_else_or_less_is_refused(
    signer: IdentityProvider, provider: Provider, changed: dict[str, Any]
) -> None:
    with pytest.raises(Unauthenticated):
        await verify(signer.token(**changed), AUDIENCE, provider)


async def test_clocks_may_differ_a_little(signer: IdentityProvider, provider: Provider) -> None:
    await verify(signer.token(exp=int(time.time()) - 5), AUDIENCE, provider)


async def test_a_new_key_is_found_and_made_up_names_do_not_make_us_ask(
    signer: IdentityProvider, provider: Provider, now: Time
) -> None:
    await verify(signer.token(), AUDIENCE, provider)
    for number in range(20):
        with pytest.raises(Unauthenticated):
            await verify(signer.token(header={"kid": f"k{number}"}), AUDIENCE, provider)
    assert signer.asked == 1
    signer.listed.append("unlisted")
    now.now_s += ATTEMPT_S
    await verify(signer.token("unlisted"), AUDIENCE, provider)
    assert signer.asked == 2


async def test_a_key_that_was_taken_back_is_refused_within_an_hour(
    signer: IdentityProvider, provider: Provider, now: Time
) -> None:
    await verify(signer.token(), AUDIENCE, provider)
    signer.listed.remove("RS256")
    now.now_s += FRESH_S + 1
    with pytest.raises(Unauthenticated):
        await verify(signer.token(), AUDIENCE, provider)


async def test_with_the_line_down_known_keys_serve_a_day_and_no_longer(now: Time) -> None:
    fetcher = Fetcher()
    async with identity_provider() as signer:
        provider = Provider(signer.issuer, fetcher, now)
        await verify(signer.token(), AUDIENCE, provider)
    now.now_s += FRESH_S + 1
    await verify(signer.token(), AUDIENCE, provider)
    now.now_s += GRACE_S
    with pytest.raises(Unavailable):
        await verify(signer.token(), AUDIENCE, provider)
    await fetcher.close()


async def test_a_provider_of_another_name_is_not_believed(
    signer: IdentityProvider, provider: Provider
) -> None:
    signer.name = "https://other.example"
    with pytest.raises(Unavailable):
        await verify(signer.token(), AUDIENCE, provider)


@pytest.mark.parametrize(
    "url",
    ["http://idp.example", "https://", "ftp://idp.example", "https://u:p@idp.example", "", "file:///etc"],
)  # fmt: skip
def test_only_https_is_asked_beyond_this_machine(url: str) -> None:
    with pytest.raises(InvalidRequest):
        check_url(url)
    assert check_url("https://idp.example/realms/x")
    assert check_url("http://127.0.0.1:8080/realms/x")


def test_a_name_is_what_never_changes_and_what_can_be_read() -> None:
    assert name_of({"sub": "s-1"}) == "s-1"
    assert name_of({"sub": "s-1", "preferred_username": "ada"}) == "ada (s-1)"
    assert name_of({"sub": "s-1", "preferred_username": "a\nb"}) == "s-1"
