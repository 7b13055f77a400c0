import threading
from pathlib import Path

import pytest

from isocenter.errors import Conflict, Corrupted, InvalidRequest, NotFound
from isocenter.runtime.caller import ANY_ACTION, Action
from isocenter.runtime.users import Role, add_user, list_users, remove_user, token_hash


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "config" / "users.json"


def test_an_added_user_is_listed_and_the_secrets_are_not_in_the_file(file: Path) -> None:
    token = add_user(file, "ada", (Role.READER,), password="correct horse battery", token=True)
    user = list_users(file)["ada"]
    assert user.may == {Action.VERIFY, Action.QUERY, Action.RETRIEVE, Action.OBSERVE}
    assert user.password.startswith("$argon2id$")
    assert user.tokens == (token_hash(token),)
    assert token not in file.read_text()
    assert "correct horse" not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_rights_of_several_roles_add_up(file: Path) -> None:
    add_user(file, "both", (Role.READER, Role.SENDER), token=True)
    add_user(file, "root", (Role.ADMINISTRATOR,), token=True)
    users = list_users(file)
    assert Action.STORE in users["both"].may
    assert Action.DELETE not in users["both"].may
    assert users["root"].may == ANY_ACTION - {Action.RELEASE, Action.RE_IDENTIFY}


def test_a_removed_user_is_gone(file: Path) -> None:
    add_user(file, "ada", (Role.READER,), token=True)
    remove_user(file, "ada")
    assert list_users(file) == {}
    with pytest.raises(NotFound):
        remove_user(file, "ada")


@pytest.mark.parametrize("name", ["", "a b", "ä", "a:b", "x" * 65, "../x"])
def test_a_bad_name_is_refused(file: Path, name: str) -> None:
    with pytest.raises(InvalidRequest):
        add_user(file, name, (Role.READER,), token=True)


def test_no_role_no_proof_or_a_short_password_are_refused(file: Path) -> None:
    for roles, password, token in [
        ((), "", True),
        ((Role.READER,), "", False),
        ((Role.READER,), "short", False),
    ]:
        with pytest.raises(InvalidRequest):
            add_user(file, "ada", roles, password=password, token=token)


def test_a_name_is_given_once(file: Path) -> None:
    add_user(file, "ada", (Role.READER,), token=True)
    with pytest.raises(Conflict):
        add_user(file, "ada", (Role.SENDER,), token=True)


def test_commands_at_once_all_take_effect(file: Path) -> None:
    def add(number: int) -> None:
        add_user(file, f"user{number}", (Role.READER,), token=True)

    threads = [threading.Thread(target=add, args=(number,)) for number in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(list_users(file)) == 10


def test_a_damaged_file_is_said_so(file: Path) -> None:
    add_user(file, "ada", (Role.READER,), token=True)
    file.write_text(file.read_text()[:-9])
    with pytest.raises(Corrupted):
        list_users(file)
