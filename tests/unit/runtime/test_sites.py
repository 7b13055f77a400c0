"""Two sites, one policy, tokens that are really signed: nobody gets at a site what was given for the other."""

import json
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.identity_provider import AUDIENCE, identity_provider
from tests.support.web import problem

from isocenter.runtime.access_policy import FILE, PolicyFile
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.caller import Action
from isocenter.runtime.oidc.callers import OidcCallers
from isocenter.runtime.oidc.fetching import Fetcher
from isocenter.runtime.oidc.provider import Provider
from isocenter.runtime.users import RIGHTS, Role
from isocenter.runtime.web import Request, Route
from isocenter.runtime.web_app import WebApp

SITES = ("north", "south")
ASKED = [action for action in Action if action is not Action.SIGN_IN]
grants = st.fixed_dictionaries(
    {
        "claim": st.sampled_from(["groups", "azp"]),
        "value": st.sampled_from("abc"),
        "sites": st.lists(st.sampled_from((*SITES, "*")), min_size=1, max_size=2),
        "roles": st.lists(st.sampled_from([role.value for role in Role]), min_size=1, max_size=3),
    }
)
people = st.fixed_dictionaries(
    {"groups": st.lists(st.sampled_from("abc"), max_size=2), "azp": st.sampled_from("abcd")}
)


def toml(policy: list[dict[str, Any]]) -> str:
    """The file as an operator writes it; texts and lists are JSON's."""
    entries = (
        "".join(f"{key} = {json.dumps(value)}\n" for key, value in one.items()) for one in policy
    )
    return "".join(f"[[grant]]\n{entry}" for entry in entries)


def expected(policy: list[dict[str, Any]], person: dict[str, Any], site: str) -> set[Action]:
    """Word by word, what was written for this site."""
    may: set[Action] = set()
    for one in policy:
        held = person["groups"] if one["claim"] == "groups" else [person["azp"]]
        if one["value"] in held and (site in one["sites"] or "*" in one["sites"]):
            may |= {action for role in one["roles"] for action in RIGHTS[Role(role)]}
    return may & set(ASKED)


async def done(request: Request) -> None:
    await request.respond(200, b"done")


def application(
    site: str, provider: Provider, policy: PolicyFile, folder: Path
) -> httpx.AsyncClient:
    callers = OidcCallers(provider, policy, site=site, audience=AUDIENCE, sessions=None)
    authenticate = Authenticator(folder / "none", trust_loopback=False, elsewhere=callers)
    authenticate.close()  # no passwords here
    app = WebApp(
        [Route("GET", f"/{action.value}", action, done) for action in ASKED],
        authenticate=authenticate,
        problem=problem,
    )
    transport = httpx.ASGITransport(app=app, client=("192.0.2.7", 40_000))
    return httpx.AsyncClient(transport=transport, base_url=f"https://{site}.example")


async def test_no_random_policy_leaks_another_site(tmp_path: Path) -> None:
    async with identity_provider() as signer, AsyncExitStack() as stack:
        fetcher = Fetcher()
        stack.push_async_callback(fetcher.close)
        now_s = [0.0]
        policy_file = PolicyFile(tmp_path / FILE, lambda: now_s[0])
        provider = Provider(signer.issuer, fetcher)
        at = {site: application(site, provider, policy_file, tmp_path) for site in SITES}
        for client in at.values():
            await stack.enter_async_context(client)

        async def check(policy: list[dict[str, Any]], person: dict[str, Any]) -> None:
            fresh = tmp_path / "fresh"
            fresh.write_text(toml(policy))
            fresh.replace(tmp_path / FILE)
            now_s[0] += 2
            proof = {"authorization": f"Bearer {signer.token('EdDSA', **person)}"}
            for site, client in at.items():
                open_ = {
                    action
                    for action in ASKED
                    if (await client.get(f"/{action.value}", headers=proof)).status_code == 200
                }
                assert open_ == expected(policy, person, site), (site, policy, person)

        for policy, person in made_up():
            await check(policy, person)


def made_up() -> list[tuple[list[dict[str, Any]], dict[str, Any]]]:
    """What Hypothesis makes up, gathered first: its own loop cannot wait for a server."""
    found: list[tuple[list[dict[str, Any]], dict[str, Any]]] = []

    @settings(
        max_examples=60,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(policy=st.lists(grants, max_size=6), person=people)
    def gather(policy: list[dict[str, Any]], person: dict[str, Any]) -> None:
        found.append((policy, person))

    gather()
    return found
