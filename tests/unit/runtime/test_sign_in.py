"""The sign-in's routes and sessions on a real server, before a provider that the tests lead."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import SecretStr
from tests.support.identity_provider import AUDIENCE, IdentityProvider, identity_provider
from tests.support.wait import until
from tests.support.web import problem

from isocenter.errors import InvalidRequest
from isocenter.runtime.access_policy import FILE
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.caller import Action
from isocenter.runtime.oidc.opening import open_oidc
from isocenter.runtime.oidc.sealed import MAX_SEALED, Seal
from isocenter.runtime.oidc.session import Sessions
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.web import Request, Route
from isocenter.runtime.web_app import WebApp

PAGE, SECRET = "page", "a-secret-of-the-tests"
ORIGIN = "https://archive.example"
SESSION = "__Host-isocenter-session"
GRANTS = """
[[grant]]
claim = "groups"
value = "doctors"
sites = ["local"]
roles = ["reader"]
"""
BROWSER = {"accept": "text/html,*/*", "sec-fetch-mode": "navigate", "sec-fetch-dest": "document"}


@dataclass
class Site:
    signer: IdentityProvider
    http: httpx.AsyncClient
    folder: Path

    async def begin(self, next_: str = "/list?q=1") -> dict[str, str]:
        """Start; what the provider is asked."""
        answer = await self.http.get("/sign-in", params={"next": next_})
        assert answer.status_code == 303
        asked = parse_qs(urlsplit(answer.headers["location"]).query)
        return {name: values[0] for name, values in asked.items()}

    async def end(self, state: str, **more: str) -> httpx.Response:
        query = {"code": "c-1", "state": state, **more}
        return await self.http.get("/sign-in/callback", params=query)


def settings(issuer: str, folder: Path) -> ServiceSettings:
    return ServiceSettings(
        data_folder=folder,
        config_folder=folder,
        oidc_issuer=issuer,
        oidc_audience=AUDIENCE,
        oidc_client_id=PAGE,
        oidc_client_secret=SecretStr(SECRET),
        oidc_public_url=ORIGIN,
    )


async def who(request: Request) -> None:
    await request.respond(200, f"{request.caller.method} {request.caller.name}".encode())


ROUTES = [Route("GET", "/list", Action.QUERY, who), Route("POST", "/list", Action.QUERY, who)]


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    (tmp_path / FILE).write_text(GRANTS)
    async with identity_provider() as signer, AsyncExitStack() as stack:
        oidc = open_oidc(settings(signer.issuer, tmp_path), stack)
        authenticate = Authenticator(
            tmp_path / "none", trust_loopback=False, elsewhere=oidc.callers
        )
        stack.callback(authenticate.close)
        app = WebApp(
            (*ROUTES, *oidc.routes),
            authenticate=authenticate,
            problem=problem,
            sign_in=oidc.sign_in,
        )
        transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 40_000))
        http = await stack.enter_async_context(
            httpx.AsyncClient(transport=transport, base_url=ORIGIN)
        )
        yield Site(signer, http, tmp_path)


async def signed_in(site: Site, **claims: object) -> httpx.Response:
    asked = await site.begin()
    site.signer.grant(aud=PAGE, nonce=asked["nonce"], **claims)
    return await site.end(asked["state"])


async def test_a_page_without_proof_leads_to_the_provider_and_back_to_itself(site: Site) -> None:
    led = await site.http.get("/list?q=1", headers=BROWSER)
    assert (led.status_code, led.headers["location"]) == (303, "/sign-in?next=%2Flist%3Fq%3D1")
    back = await signed_in(site, groups=["doctors"], preferred_username="ada")
    assert (back.status_code, back.headers["location"]) == (303, "/list?q=1")
    assert (await site.http.get("/list")).text == "session ada (s-1)"


async def test_what_no_person_looks_at_gets_401_and_no_password_is_asked(site: Site) -> None:
    for headers in ({}, {**BROWSER, "sec-fetch-mode": "cors"}, {"accept": "application/json"}):
        answer = await site.http.get("/list", headers=headers)
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == 'Bearer realm="isocenter"'
    assert (await site.http.post("/list", headers=BROWSER)).status_code == 401


async def test_the_code_is_fetched_with_the_verifier_of_the_browser_that_began(site: Site) -> None:
    asked = await site.begin()
    site.signer.grant(aud=PAGE, nonce=asked["nonce"], groups=["doctors"])
    assert asked["redirect_uri"] == f"{ORIGIN}/sign-in/callback"
    assert (await site.end(asked["state"])).status_code == 303
    (form,) = site.signer.forms
    assert site.signer.challenge_of(form["code_verifier"]) == asked["code_challenge"]
    assert form["redirect_uri"] == asked["redirect_uri"]


async def test_a_cookie_is_closed_to_scripts_and_to_other_sites(site: Site) -> None:
    who = "a-subject-too-long-to-stand-there-by-chance"
    back = await signed_in(site, groups=["doctors"], sub=who)
    kept = [value for value in back.headers.get_list("set-cookie") if SESSION in value]
    assert kept[0].endswith("; Path=/; HttpOnly; SameSite=Lax; Secure")
    assert who not in kept[0]
    for headers in ({"sec-fetch-site": "cross-site"}, {"origin": "https://evil.example"}):
        assert (await site.http.post("/list", headers=headers)).status_code == 401


@pytest.mark.parametrize(
    "wrong",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": AUDIENCE},
        {"aud": "another"},
        {"azp": "another"},
        {"iss": "https://other.example"},
        {"exp": 1},
    ],
    ids=str,
)
async def test_a_token_of_another_sign_in_begins_no_session(
    site: Site, wrong: dict[str, object]
) -> None:
    asked = await site.begin()
    site.signer.grant(**{"aud": PAGE, "nonce": asked["nonce"], "groups": ["doctors"], **wrong})
    answer = await site.end(asked["state"])
    assert answer.status_code == 400
    assert "Not signed in" in answer.text
    assert (await site.http.get("/list")).status_code == 401


async def test_an_answer_that_nobody_asked_for_is_refused(site: Site) -> None:
    site.signer.grant(aud=PAGE)
    assert (await site.end("made-up")).status_code == 400
    asked = await site.begin()
    assert (await site.end("made-up")).status_code == 400
    asked = await site.begin()
    assert (await site.end(asked["state"], iss="https://other.example")).status_code == 400
    assert (await site.end(asked["state"])).status_code == 400  # the first answer used it up
    assert site.signer.forms == []  # no code went anywhere


async def test_who_is_granted_nothing_is_told_so_and_has_no_session(site: Site) -> None:
    answer = await signed_in(site, groups=["cooks"], preferred_username="<b>otto")
    assert answer.status_code == 403
    assert "The account &lt;b&gt;otto (s-1) is known, but nothing here is open to it" in answer.text
    assert SESSION not in site.http.cookies
    again = await site.http.get("/sign-in?prompt=login")  # where the page leads
    assert 'href="/sign-in?prompt=login"' in answer.text
    assert parse_qs(urlsplit(again.headers["location"]).query)["prompt"] == ["login"]


@pytest.mark.parametrize(
    "next_", ["//evil.example", "https://evil.example", "/\\evil.example", "", "x", "/\nx", "/" * 900]
)  # fmt: skip
async def test_the_way_back_leads_to_no_other_site(site: Site, next_: str) -> None:
    asked = await site.begin(next_)
    site.signer.grant(aud=PAGE, nonce=asked["nonce"], groups=["doctors"])
    assert (await site.end(asked["state"])).headers["location"] == "/"


async def test_signing_out_ends_the_session_here_and_there_and_no_other_page_does(
    site: Site,
) -> None:
    await signed_in(site, groups=["doctors"])
    other = {"origin": "https://evil.example"}
    assert (await site.http.post("/sign-out", headers=other)).status_code == 403
    assert (await site.http.get("/list")).status_code == 200
    location = (await site.http.post("/sign-out")).json()["location"]
    left = parse_qs(urlsplit(location).query)
    assert location.startswith(f"{site.signer.issuer}/end-session?")
    assert left["post_logout_redirect_uri"] == [f"{ORIGIN}/"]
    assert left["id_token_hint"]
    assert (await site.http.get("/list")).status_code == 401


async def test_a_grant_taken_back_ends_what_a_session_may(site: Site) -> None:
    await signed_in(site, groups=["doctors"])
    (site.folder / FILE).write_text(GRANTS.replace("local", "elsewhere"))

    async def is_refused() -> bool:
        return (await site.http.get("/list")).status_code == 403

    await until(is_refused)


def test_a_session_ends_by_itself_and_is_nothing_to_another_secret() -> None:
    now_s = [1_000.0]
    sessions = Sessions(SECRET, 60, secure=True, now_s=lambda: now_s[0])
    headers = {"cookie": sessions.begin("a.b.c").partition(";")[0]}
    assert sessions.token(headers) == "a.b.c"
    assert Sessions("another", 60, secure=True, now_s=lambda: now_s[0]).token(headers) == ""
    assert Sessions(SECRET, 60, secure=False, now_s=lambda: now_s[0]).token(headers) == ""
    assert sessions.token({"cookie": headers["cookie"][:-4] + "AAAA"}) == ""
    now_s[0] += 61
    assert sessions.token(headers) == ""
    with pytest.raises(InvalidRequest):
        sessions.begin("x" * MAX_SEALED)


def test_what_is_sealed_for_one_purpose_opens_for_no_other() -> None:
    sealed = Seal(SECRET, "sign-in").seal(b"content")
    assert Seal(SECRET, "sign-in").open(sealed) == b"content"
    assert Seal(SECRET, "session").open(sealed) is None
    for text in ("", "A", "!!!", "A" * 5_000):
        assert Seal(SECRET, "session").open(text) is None


@pytest.mark.parametrize(
    "changed",
    [
        {"oidc_audience": ""},
        {"oidc_audience": PAGE},
        {"oidc_client_secret": SecretStr("short")},
        {"oidc_public_url": "http://archive.example"},
        {"oidc_issuer": "http://idp.example"},
    ],
    ids=str,
)
async def test_settings_that_would_be_unsafe_are_refused(
    tmp_path: Path, changed: dict[str, object]
) -> None:
    whole = settings("https://idp.example", tmp_path).model_copy(update=changed)
    async with AsyncExitStack() as stack:
        with pytest.raises(InvalidRequest):
            open_oidc(whole, stack)
