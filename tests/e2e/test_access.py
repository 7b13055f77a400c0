"""A platform that listens beyond loopback: who comes in, and as what."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support import foreign
from tests.support.commanded import ANY_ADDRESS, Commanded, platform
from tests.support.part10 import multipart, part10
from tests.support.senders import fresh_uid

PASSWORD = "correct horse battery"
STOW = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b0undary'}


def own_address() -> str:
    """An address of this machine that is not loopback."""
    found = subprocess.run(["hostname", "-I"], capture_output=True, text=True, check=False)
    addresses = [word for word in found.stdout.split() if "." in word]
    if not addresses:
        pytest.skip("this machine has no address but loopback")
    return addresses[0]


@pytest.fixture(scope="module")
def open_desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    address = own_address()
    with platform(tmp_path_factory.mktemp("open"), listen=ANY_ADDRESS) as running:
        running.url = f"http://{address}:{running.http_port}"
        running.address = address
        yield running


@pytest.fixture(scope="module")
def tokens(open_desk: Commanded) -> dict[str, str]:
    return {
        role: open_desk.json("user", "add", f"t-{role}", "--role", role, "--token")["token"]
        for role in ("reader", "sender", "administrator")
    }


def ask(desk: Commanded, what: str, **arguments: object) -> int:
    """Status of one of the kinds of request."""
    with httpx.Client(base_url=desk.url, timeout=30, **arguments) as client:  # type: ignore[arg-type]
        if what == "search":
            return client.get("/dicom-web/studies").status_code
        if what == "state":
            return client.get("/api/state").status_code
        if what == "delete":
            return client.delete("/api/studies/2.25.404").status_code
        if what == "quarantine":
            return client.post(f"/api/quarantine/{'0' * 64}/drop").status_code
        content = multipart([part10(fresh_uid(), fresh_uid(), fresh_uid())])
        return client.post("/dicom-web/studies", content=content, headers=STOW).status_code


KINDS = ("search", "state", "store", "delete", "quarantine")


def bearer(token: str) -> dict[str, object]:
    return {"headers": {"Authorization": f"Bearer {token}"}}


def test_without_a_user_nothing_is_answered(open_desk: Commanded) -> None:
    assert {kind: ask(open_desk, kind) for kind in KINDS} == dict.fromkeys(KINDS, 401)
    answer = open_desk.get("/")
    assert (answer.status_code, answer.headers["www-authenticate"][:5]) == (401, "Basic")


def test_this_machine_is_the_administrator_all_the_same(open_desk: Commanded) -> None:
    answer = httpx.get(f"http://127.0.0.1:{open_desk.http_port}/api/state")
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("reader", [200, 200, 403, 403, 403]),
        ("sender", [403, 403, 200, 403, 403]),
        ("administrator", [200, 200, 200, 404, 404]),
    ],
)
def test_token_may_what_its_role_may(
    role: str, expected: list[int], open_desk: Commanded, tokens: dict[str, str]
) -> None:
    assert [ask(open_desk, kind, **bearer(tokens[role])) for kind in KINDS] == expected


def test_password_is_asked_for_and_works_until_the_user_is_removed(open_desk: Commanded) -> None:
    add = ("user", "add", "ada", "--role", "reader", "--role", "sender")
    assert "Error" in open_desk.cli(*add, given="short\nshort\n", code=1).stderr
    open_desk.cli(*add, given=f"{PASSWORD}\n{PASSWORD}\n")
    assert "Error" in open_desk.cli(*add, given=f"{PASSWORD}\n{PASSWORD}\n", code=1).stderr
    assert "ada" in open_desk.cli("user", "list").stdout
    right = {"auth": ("ada", PASSWORD)}
    open_desk.until(lambda: ask(open_desk, "search", **right) == 200, 10)
    assert ask(open_desk, "search", auth=("ada", PASSWORD + "!")) == 401
    assert ask(open_desk, "store", **right) == 200
    assert ask(open_desk, "delete", **right) == 403
    open_desk.cli("user", "remove", "ada")
    open_desk.until(lambda: ask(open_desk, "search", **right) == 401, 10)
    assert open_desk.cli("user", "remove", "ada", code=1).stderr.startswith("Error:")


def test_no_secret_is_kept_as_it_is(open_desk: Commanded, tokens: dict[str, str]) -> None:
    kept = (open_desk.data / "config" / "users.json").read_text()
    assert not [token for token in tokens.values() if token in kept]
    assert open_desk.json("user", "list")[0]["tokens"] == 1
    logs = "".join(path.read_text() for path in (open_desk.data / "logs").iterdir())
    assert not [token for token in tokens.values() if token in logs]


def test_commands_take_a_token(
    open_desk: Commanded, tokens: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "a.dcm").write_bytes(part10(fresh_uid(), fresh_uid(), fresh_uid()))
    there = ("--url", open_desk.url)
    assert "sign in" in open_desk.cli(*there, "status", code=1).stderr
    assert "studies" in open_desk.cli(*there, "--token", tokens["reader"], "status").stdout
    send = ("import", tmp_path / "a.dcm")
    assert open_desk.cli(*there, "--token", tokens["reader"], *send, code=1)
    found = open_desk.cli(*there, "--token", tokens["sender"], *send)
    assert "stored" in found.stdout


def test_doctor_knows_a_platform_that_asks_who_it_is(open_desk: Commanded) -> None:
    checks = {check["name"]: check for check in open_desk.json("doctor")}
    assert checks["running"]["state"] == "good"


def echo(desk: Commanded, title: str) -> int:
    command = ("echoscu", "-aet", title, "-aec", "ISOCENTER", desk.address, desk.dicom_port)
    return foreign.run(*command).returncode


def test_ae_is_refused_until_it_is_listed_and_then_served_at_once(
    open_desk: Commanded, tmp_path: Path
) -> None:
    assert echo(open_desk, "CT01") != 0
    assert "empty" in open_desk.cli("ae", "list", "--file").stdout
    (open_desk.data / "config" / "ae.toml").write_text(
        f'[[ae]]\ntitle = "CT01"\naddress = "{open_desk.address}"\nmay_send = true\n'
        '[[ae]]\ntitle = "ELSEWHERE"\naddress = "203.0.113.9"\nmay_send = true\n'
        '[[ae]]\ntitle = "LOOKS"\nmay_send = false\n'
    )
    deadline = time.monotonic() + 10
    while echo(open_desk, "CT01") != 0:
        assert time.monotonic() < deadline
    assert echo(open_desk, "CT02") != 0
    assert echo(open_desk, "ELSEWHERE") != 0
    assert [entry["title"] for entry in open_desk.json("ae", "list", "--file")] == [
        "CT01",
        "ELSEWHERE",
        "LOOKS",
    ]
    file = tmp_path / "a.dcm"
    file.write_bytes(part10(fresh_uid(), fresh_uid(), fresh_uid()))
    send = ("storescu", "-aec", "ISOCENTER", open_desk.address, open_desk.dicom_port, file)
    assert foreign.run(send[0], "-aet", "CT01", *send[1:]).returncode == 0
    assert foreign.run(send[0], "-aet", "LOOKS", *send[1:]).returncode != 0
    (open_desk.data / "config" / "ae.toml").write_text("[[ae")
    assert "cannot be read" in open_desk.cli("ae", "list", "--file", code=1).stderr
    assert echo(open_desk, "CT01") == 0


def test_administrator_changes_the_ae_list_and_nobody_else(
    open_desk: Commanded, tokens: dict[str, str]
) -> None:
    entry = {"title": "CT07", "address": open_desk.address, "may_send": True}

    def put(**arguments: object) -> int:
        with httpx.Client(base_url=open_desk.url, timeout=30, **arguments) as client:  # type: ignore[arg-type]
            return client.put("/api/ae", json=entry).status_code

    assert put() == 401
    assert [put(**bearer(tokens[role])) for role in ("reader", "sender")] == [403, 403]
    assert echo(open_desk, "CT07") != 0
    assert put(**bearer(tokens["administrator"])) == 200
    deadline = time.monotonic() + 10
    while echo(open_desk, "CT07") != 0:
        assert time.monotonic() < deadline
