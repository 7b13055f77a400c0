"""Tokens of a real identity provider, at a web application on a real server."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import httpx
import pytest
from pydantic import SecretStr
from tests.support.keycloak_server import (
    AUDIENCE,
    PAGE,
    PAGE_SECRET,
    STRANGER,
    STRANGER_SECRET,
    Keycloak,
)
from tests.support.web import serving

from isocenter.runtime.access_policy import FILE
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.caller import Action
from isocenter.runtime.oidc.opening import Oidc, open_oidc
from isocenter.runtime.settings import ServiceSettings
from isocenter.runtime.web import Request, Route

pytestmark = pytest.mark.timeout(600)  # the server's start is in it

GRANTS = """
[[grant]]
claim = "roles"
value = "radiology-north"
sites = ["north"]
roles = ["reader"]
[[grant]]
claim = "roles"
value = "radiology-south"
sites = ["south"]
roles = ["administrator"]
[[grant]]
claim = "azp"
value = "sorter"
sites = ["*"]
roles = ["sender"]
[[grant]]
claim = "azp"
value = "stranger"
sites = ["*"]
roles = ["administrator"]
"""


def settings(keycloak: Keycloak, folder: Path) -> ServiceSettings:
    return ServiceSettings(
        site="north",
        data_folder=folder,
        config_folder=folder,
        oidc_issuer=keycloak.issuer,
        oidc_audience=AUDIENCE,
        oidc_client_id=PAGE,
        oidc_client_secret=SecretStr(PAGE_SECRET),
        oidc_public_url="http://127.0.0.1:1",
    )


async def who(request: Request) -> None:
    await request.respond(200, f"{request.caller.method} {request.caller.name}".encode())


ROUTES = [
    Route("GET", "/query", Action.QUERY, who),
    Route("POST", "/store", Action.STORE, who),
    Route("DELETE", "/delete", Action.DELETE, who),
]


@pytest.fixture
async def client(keycloak: Keycloak, tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    (tmp_path / FILE).write_text(GRANTS)
    async with AsyncExitStack() as stack:
        oidc: Oidc = open_oidc(settings(keycloak, tmp_path), stack)
        authenticate = Authenticator(
            tmp_path / "users.json", trust_loopback=False, elsewhere=oidc.callers
        )
        stack.callback(authenticate.close)
        server = await stack.enter_async_context(serving(ROUTES, authenticate=authenticate))
        url = f"http://127.0.0.1:{server.port}"
        yield await stack.enter_async_context(httpx.AsyncClient(base_url=url))


def proof(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


async def test_a_programs_token_may_what_its_client_is_granted(
    client: httpx.AsyncClient, keycloak: Keycloak
) -> None:
    headers = proof(keycloak.program_token())
    stored = await client.post("/store", headers=headers)
    assert stored.status_code == 200
    assert stored.text.startswith("oidc service-account-sorter (")
    assert (await client.get("/query", headers=headers)).status_code == 403
    assert (await client.delete("/delete", headers=headers)).status_code == 403


async def test_a_persons_token_may_what_its_roles_are_granted_at_this_site(
    client: httpx.AsyncClient, keycloak: Keycloak
) -> None:
    ada, sam, otto = (
        proof(keycloak.person_tokens(name)["access_token"]) for name in ("ada", "sam", "otto")
    )
    assert (await client.get("/query", headers=ada)).text.startswith("oidc ada (")
    for headers in (ada, sam, otto):
        assert (await client.delete("/delete", headers=headers)).status_code == 403
    for headers in (sam, otto):  # the administrator of the other site is nobody here
        assert (await client.get("/query", headers=headers)).status_code == 403


async def test_tokens_for_others_are_refused(client: httpx.AsyncClient, keycloak: Keycloak) -> None:
    elsewhere = keycloak.program_token(STRANGER, STRANGER_SECRET)  # signed, and not for us
    identity = keycloak.person_tokens("ada")["id_token"]  # says who, and is no right to come in
    for token in (elsewhere, identity, elsewhere[:-6] + "AAAAAA"):
        assert (await client.get("/query", headers=proof(token))).status_code == 401
