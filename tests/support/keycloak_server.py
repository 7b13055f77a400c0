"""A real Keycloak on a free port, with one realm: started once for all tests that ask for it."""

import json
import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.nats_server import die_with_parent
from tests.support.opensearch_server import find_java, linked
from tests.support.poll import poll
from tests.support.ports import free_port

VERSION = "26.4.0"
INSTALLED = (
    Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    / "isocenter"
    / f"keycloak-{VERSION}"
)
START_WITHIN_S = 500.0  # a busy machine takes minutes
REALM = "hospitals"
AUDIENCE = "isocenter-archive"
PAGE, PAGE_SECRET = "isocenter-page", "page-secret-page-secret-page"
SORTER, SORTER_SECRET = "sorter", "sorter-secret-sorter-secret"
WORKSTATION = "workstation"
STRANGER, STRANGER_SECRET = "stranger", "stranger-secret-stranger"
PASSWORD = "Pa55-word-of-the-tests"
USERS = {"ada": ["radiology-north"], "sam": ["radiology-south"], "otto": []}


def _mapper(kind: str, **config: str) -> dict[str, Any]:
    config = {name.replace("_", "."): value for name, value in config.items()}
    mapper = {"name": kind, "protocol": "openid-connect", "protocolMapper": f"oidc-{kind}-mapper"}
    return {**mapper, "config": config}


def _client(name: str, secret: str = "", **more: Any) -> dict[str, Any]:
    flows = {"standardFlowEnabled": False, "directAccessGrantsEnabled": False}
    known = {"secret": secret} if secret else {"publicClient": True}
    return {"clientId": name, "enabled": True, **flows, **known, **more}


FOR_US = _mapper("audience", included_custom_audience=AUDIENCE, access_token_claim="true")
ROLES_IN_ID_TOKEN = _mapper(
    "usermodel-realm-role",
    claim_name="roles",
    multivalued="true",
    jsonType_label="String",
    id_token_claim="true",
    access_token_claim="true",
)
REALM_FILE = {
    "realm": REALM,
    "enabled": True,
    "sslRequired": "none",
    "roles": {"realm": [{"name": name} for names in USERS.values() for name in names]},
    "users": [
        {
            "username": name,
            "enabled": True,
            "firstName": name.title(),
            "lastName": "Test",
            "email": f"{name}@hospital.example",
            "emailVerified": True,
            "credentials": [{"type": "password", "value": PASSWORD, "temporary": False}],
            "realmRoles": roles,
        }
        for name, roles in USERS.items()
    ],
    "clients": [
        _client(SORTER, SORTER_SECRET, serviceAccountsEnabled=True, protocolMappers=[FOR_US]),
        _client(STRANGER, STRANGER_SECRET, serviceAccountsEnabled=True),
        {
            **_client(WORKSTATION, protocolMappers=[FOR_US, ROLES_IN_ID_TOKEN]),
            "directAccessGrantsEnabled": True,
        },
    ],
}


class Keycloak:
    """Where it is, and what tests ask of it directly."""

    def __init__(self, url: str, admin_password: str) -> None:
        self.url = url
        self.issuer = f"{url}/realms/{REALM}"
        self._admin_password = admin_password

    def program_token(self, client: str = SORTER, secret: str = SORTER_SECRET) -> str:
        """An access token by client credentials."""
        form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret}
        return self._token(self.issuer, form)["access_token"]

    def person_tokens(self, name: str) -> dict[str, str]:
        """Access and ID token of a person at a workstation."""
        form = {"grant_type": "password", "client_id": WORKSTATION, "scope": "openid"}
        return self._token(self.issuer, {**form, "username": name, "password": PASSWORD})

    def register_page(self, public_url: str) -> None:
        """Make the client of pages, for this platform."""
        form = {"grant_type": "password", "client_id": "admin-cli", "username": "admin"}
        form["password"] = self._admin_password
        token = self._token(f"{self.url}/realms/master", form)["access_token"]
        client = _client(
            PAGE,
            PAGE_SECRET,
            redirectUris=[f"{public_url}/sign-in/callback"],
            attributes={
                "post.logout.redirect.uris": f"{public_url}/",
                "pkce.code.challenge.method": "S256",  # it refuses a sign-in without
            },
            protocolMappers=[ROLES_IN_ID_TOKEN],
        )
        admin = f"{self.url}/admin/realms/{REALM}/clients"
        headers = {"authorization": f"Bearer {token}"}
        for old in httpx.get(admin, params={"clientId": PAGE}, headers=headers).json():
            httpx.delete(f"{admin}/{old['id']}", headers=headers).raise_for_status()
        made = httpx.post(admin, json={**client, "standardFlowEnabled": True}, headers=headers)
        made.raise_for_status()

    def _token(self, issuer: str, form: dict[str, str]) -> dict[str, str]:
        answer = httpx.post(f"{issuer}/protocol/openid-connect/token", data=form, timeout=30)
        answer.raise_for_status()
        found: dict[str, str] = answer.json()
        return found


def _start(folder: Path, java: Path, port: int, password: str) -> subprocess.Popen[bytes]:
    home = folder / "home"
    linked(INSTALLED, home)
    (home / "data/import").mkdir(parents=True)
    (home / "data/import/realm.json").write_text(json.dumps(REALM_FILE))
    command = [str(home / "bin/kc.sh"), "start", "--optimized", "--import-realm"]
    command += ["--http-enabled=true", "--http-host=127.0.0.1", f"--http-port={port}"]
    command += ["--hostname-strict=false", "--cache=local", "--log-level=warn"]
    command += [f"--http-management-port={free_port()}", "--http-management-host=127.0.0.1"]
    environment = {
        "PATH": os.environ["PATH"],
        "JAVA_HOME": str(java.parents[1]),
        "JAVA_OPTS_KC_HEAP": "-Xms128m -Xmx384m",
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
        "KC_BOOTSTRAP_ADMIN_USERNAME": "admin",
        "KC_BOOTSTRAP_ADMIN_PASSWORD": password,
    }
    with (folder / "console.log").open("wb") as log:
        return subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            env=environment,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
        )


@pytest.fixture(scope="session")
def keycloak() -> Iterator[Keycloak]:
    """The identity provider that tests share."""
    java = find_java()
    if java is None or not (INSTALLED / "installed").exists():
        reason = "there is no Keycloak: `make setup` installs it, and it needs Java 21 or newer"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)
    assert java is not None
    port, password = free_port(), os.urandom(12).hex()
    with tempfile.TemporaryDirectory(
        prefix="isocenter-keycloak-", ignore_cleanup_errors=True
    ) as name:
        process = _start(Path(name), java, port, password)
        made = Keycloak(f"http://127.0.0.1:{port}", password)
        try:
            poll(lambda: _answers(made, process), START_WITHIN_S)
        except (TimeoutError, RuntimeError):
            raise RuntimeError((Path(name) / "console.log").read_text()[-4000:]) from None
        else:
            yield made
        finally:
            process.kill()  # the script became the server
            process.wait(30)


def _answers(keycloak: Keycloak, process: subprocess.Popen[bytes]) -> bool:
    if process.poll() is not None:
        raise RuntimeError("it ended")
    try:
        return httpx.get(keycloak.issuer, timeout=5).status_code == 200
    except httpx.HTTPError:
        return False
