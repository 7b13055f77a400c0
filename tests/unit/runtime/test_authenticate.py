import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from isocenter.errors import Busy, Unauthenticated
from isocenter.runtime.attempts import MAX_ADDRESSES, MAX_FAILURES, Attempts, network_of
from isocenter.runtime.authenticate import Authenticator
from isocenter.runtime.caller import ANY_ACTION, NOBODY, Action
from isocenter.runtime.users import Role, add_user, remove_user

PASSWORD = "correct horse battery"
AWAY = "192.0.2.7"
LOCAL = {"host": "localhost:8080"}


class Time:
    now_s = 1_000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "users.json"


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def authenticate(file: Path, time: Time) -> Iterator[Authenticator]:
    made = Authenticator(file, time)
    yield made
    made.close()


def basic(name: str, password: str) -> dict[str, str]:
    proof = base64.b64encode(f"{name}:{password}".encode()).decode()
    return {"host": "pacs.example", "authorization": f"Basic {proof}"}


def bearer(token: str) -> dict[str, str]:
    return {"host": "pacs.example", "authorization": f"Bearer {token}"}


async def test_loopback_without_proof_is_the_local_administrator(
    authenticate: Authenticator,
) -> None:
    caller = await authenticate(LOCAL, "GET", "127.0.0.1")
    assert (caller.name, caller.method, caller.may) == ("local", "local", ANY_ACTION)


async def test_behind_a_proxy_loopback_is_nobody_when_it_is_not_trusted(file: Path) -> None:
    authenticate = Authenticator(file, trust_loopback=False)
    assert await authenticate(LOCAL, "GET", "127.0.0.1") is NOBODY
    authenticate.close()


async def test_anybody_else_without_proof_is_nobody(authenticate: Authenticator) -> None:
    assert await authenticate(LOCAL, "GET", AWAY) is NOBODY
    assert await authenticate({"host": "evil.example"}, "GET", "127.0.0.1") is NOBODY
    assert (
        await authenticate({**LOCAL, "origin": "http://evil.example"}, "POST", "127.0.0.1")
        is NOBODY
    )


async def test_a_password_gives_the_users_rights(authenticate: Authenticator, file: Path) -> None:
    add_user(file, "ada", (Role.READER,), password=PASSWORD)
    caller = await authenticate(basic("ada", PASSWORD), "GET", AWAY)
    assert (caller.name, caller.method, caller.address) == ("ada", "password", AWAY)
    assert Action.QUERY in caller.may
    assert Action.DELETE not in caller.may


async def test_a_token_gives_the_users_rights(authenticate: Authenticator, file: Path) -> None:
    token = add_user(file, "gateway", (Role.SENDER,), token=True)
    caller = await authenticate(bearer(token), "POST", AWAY)
    assert (caller.name, caller.method) == ("gateway", "token")
    assert caller.may == {Action.VERIFY, Action.STORE}


@pytest.mark.parametrize(
    "proof",
    [
        "Basic",
        "Basic !!!",
        "Basic " + "A" * 4000,
        "Bearer",
        "Bearer x",
        "Digest x",
        "Negotiate",
        ":",
    ],
)
async def test_a_wrong_proof_is_refused_on_loopback_too(
    authenticate: Authenticator, proof: str
) -> None:
    with pytest.raises(Unauthenticated):
        await authenticate({**LOCAL, "authorization": proof}, "GET", "127.0.0.1")


async def test_wrong_and_unknown_are_refused_alike(authenticate: Authenticator, file: Path) -> None:
    token = add_user(file, "ada", (Role.READER,), password=PASSWORD, token=True)
    add_user(file, "bot", (Role.SENDER,), token=True)
    for headers in (basic("ada", "wrong password"), basic("eve", PASSWORD), basic("bot", ""),
                    bearer(token + "x"), bearer("")):  # fmt: skip
        with pytest.raises(Unauthenticated, match="not valid"):
            await authenticate(headers, "GET", AWAY)


async def test_a_password_does_not_serve_another_sites_page(
    authenticate: Authenticator, file: Path
) -> None:
    add_user(file, "ada", (Role.READER,), password=PASSWORD)
    with pytest.raises(Unauthenticated):
        await authenticate(
            {**basic("ada", PASSWORD), "origin": "http://evil.example"}, "POST", AWAY
        )


async def test_a_removed_user_is_out_within_a_second_though_remembered(
    authenticate: Authenticator, file: Path, time: Time
) -> None:
    token = add_user(file, "ada", (Role.READER,), token=True)
    await authenticate(bearer(token), "GET", AWAY)
    remove_user(file, "ada")
    time.now_s += 1.1
    with pytest.raises(Unauthenticated):
        await authenticate(bearer(token), "GET", AWAY)


async def test_guessing_is_stopped_and_allowed_again_after_a_minute(
    authenticate: Authenticator, file: Path, time: Time
) -> None:
    token = add_user(file, "ada", (Role.READER,), token=True)
    for _ in range(MAX_FAILURES):
        with pytest.raises(Unauthenticated):
            await authenticate(bearer("guess"), "GET", AWAY)
    with pytest.raises(Busy) as stopped:
        await authenticate(bearer(token), "GET", AWAY)
    assert stopped.value.retry_after_s == pytest.approx(60)
    assert (await authenticate(bearer(token), "GET", "192.0.2.8")).name == "ada"
    time.now_s += 61
    assert (await authenticate(bearer(token), "GET", AWAY)).name == "ada"


def test_attempts_are_bounded_and_count_a_customers_ipv6_network_as_one() -> None:
    attempts = Attempts()
    for number in range(MAX_ADDRESSES + 10):
        attempts.failed(f"10.{number >> 16}.{(number >> 8) & 255}.{number & 255}", 0.0)
    assert len(attempts._failures) == MAX_ADDRESSES
    assert (
        network_of("2001:db8::1") == network_of("2001:db8::ffff:1") != network_of("2001:db8:0:1::1")
    )
