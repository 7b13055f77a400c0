"""A person signs in at a real identity provider, works, and signs out."""

from collections.abc import Iterator

import httpx
import pytest
from tests.browser.conftest import Drive, picture
from tests.support.keycloak_server import AUDIENCE, PAGE, PAGE_SECRET, PASSWORD, Keycloak
from tests.support.platform import Platform

from isocenter.runtime.access_policy import FILE
from isocenter.runtime.users import Role, add_user, users_path

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]

GRANTS = """
[[grant]]
claim = "roles"
value = "radiology-north"
sites = ["north"]
roles = ["reader"]
"""


@pytest.fixture
def guarded(
    drive: Drive,
    keycloak: Keycloak,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Platform]:
    """A platform that trusts nobody on its own machine, with one study."""
    monkeypatch.setenv("IDENTITY_PROVIDER", keycloak.url)
    del drive  # nothing is started where there is no browser
    data = tmp_path_factory.mktemp("guarded") / "data"
    (data / "config").mkdir(parents=True)
    token = add_user(users_path(data / "config"), "tests", (Role.ADMINISTRATOR,), token=True)
    (data / "config" / FILE).write_text(GRANTS)
    platform = Platform(data)
    keycloak.register_page(platform.url)
    platform.tell(
        {
            "ISOCENTER_SITE": "north",
            "ISOCENTER_TRUST_LOOPBACK": "false",
            "ISOCENTER_OIDC_ISSUER": keycloak.issuer,
            "ISOCENTER_OIDC_AUDIENCE": AUDIENCE,
            "ISOCENTER_OIDC_CLIENT_ID": PAGE,
            "ISOCENTER_OIDC_CLIENT_SECRET": PAGE_SECRET,
            "ISOCENTER_OIDC_PUBLIC_URL": platform.url,
        }
    )
    try:
        platform.start()
        with httpx.Client(
            base_url=platform.url, headers={"authorization": f"Bearer {token}"}, trust_env=False
        ) as client:
            content = picture("1.2.60.1", name="Phantom^Iso", description="Behind a door")
            kind = {"content-type": "application/dicom"}
            client.post("/api/import", content=content, headers=kind).raise_for_status()
            platform.until(lambda: client.get("/dicom-web/studies").json(), 60)
        yield platform
    finally:
        platform.stop()


def test_a_person_signs_in_works_and_signs_out(guarded: Platform, drive: Drive) -> None:
    found = drive("sign_in.mjs", guarded.url, "1.2.60", PASSWORD)

    assert "code_challenge_method=S256" in found["asked"]
    assert "nothing here is open to it" in found["refused"]
    assert found["landed"] == f"{guarded.url}/?q=phantom"
    (cookie,) = found["seen"]
    assert (cookie["name"], cookie["httpOnly"], cookie["sameSite"]) == (
        "isocenter-session",
        True,
        "Lax",
    )
    assert found["script"] == ""
    assert found["held"] == 200
    assert found["left"].startswith(found["asked"].partition("?")[0])
    assert found["again"].startswith(found["asked"].partition("?")[0])
    assert found["gone"] == 401
    assert "Phantom" not in found["refused"]
