"""The users of one platform, in a file only its owner can read; `isocenter user` writes it, `authenticate` reads it."""

import fcntl
import hashlib
import json
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from argon2 import PasswordHasher

from isocenter.errors import Conflict, Corrupted, InvalidRequest, NotFound
from isocenter.runtime.caller import ANY_ACTION, Action

FILE = "users.json"
MAX_FILE_BYTES = 1 << 20
MAX_USERS = 1_000
MIN_PASSWORD = 10  # characters
MAX_PASSWORD = 1_024
TOKEN_BYTES = 32
TOKEN_PREFIX = "isoc_"  # noqa: S105  (lets scanners for leaked secrets know one)
_NAME = re.compile(r"[A-Za-z0-9._@-]{1,64}", re.ASCII)
_HASHER = PasswordHasher()  # argon2id with the library's parameters: RFC 9106, low memory


class Role(StrEnum):
    """What a user is for."""

    READER = "reader"
    SENDER = "sender"
    ADMINISTRATOR = "administrator"
    RELEASER = "releaser"
    RE_IDENTIFIER = "re_identifier"


RIGHTS: dict[Role, frozenset[Action]] = {
    Role.READER: frozenset({Action.VERIFY, Action.QUERY, Action.RETRIEVE, Action.OBSERVE}),
    Role.SENDER: frozenset({Action.VERIFY, Action.STORE}),
    # who runs the platform does not by that learn whose an anonymized study is, or let studies out
    Role.ADMINISTRATOR: ANY_ACTION - {Action.RELEASE, Action.RE_IDENTIFY},
    Role.RELEASER: frozenset({Action.VERIFY, Action.QUERY, Action.RETRIEVE, Action.RELEASE}),
    Role.RE_IDENTIFIER: frozenset({Action.VERIFY, Action.RE_IDENTIFY}),
}


@dataclass(frozen=True, slots=True)
class User:
    """One user; `password` is an argon2 hash or empty, `tokens` are sha256 in hexadecimal."""

    name: str
    roles: tuple[Role, ...]
    password: str = ""
    tokens: tuple[str, ...] = ()

    @property
    def may(self) -> frozenset[Action]:
        """Everything any of the roles may."""
        return frozenset().union(*(RIGHTS[role] for role in self.roles))


def users_path(config_folder: Path) -> Path:
    """Where the users are."""
    return config_folder / FILE


def list_users(path: Path) -> dict[str, User]:
    """All users by name; none when there is no file. Raises Corrupted."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        return {}
    if len(content) > MAX_FILE_BYTES:
        raise Corrupted("the file of users is too large")
    try:
        return {entry["name"]: _user_of(entry) for entry in json.loads(content)["users"]}
    except (ValueError, KeyError, TypeError) as error:
        raise Corrupted("the file of users cannot be read") from error


def add_user(
    path: Path, name: str, roles: tuple[Role, ...], *, password: str = "", token: bool = False
) -> str:
    """Add a user with a password, a token, or both; returns the token, which is kept nowhere, or an empty string.

    Raises Conflict when the user is there, InvalidRequest for a bad name, no role, or a password outside 10 to 1,024
    characters.
    """
    _check(name, roles, password, token)
    made = new_token() if token else ""
    user = User(
        name=name,
        roles=roles,
        password=_HASHER.hash(password) if password else "",
        tokens=(token_hash(made),) if made else (),
    )
    with _changing(path) as users:
        if name in users:
            raise Conflict("there is a user of this name")
        if len(users) >= MAX_USERS:
            raise Conflict("there are too many users")
        users[name] = user
    return made


def remove_user(path: Path, name: str) -> None:
    """Remove a user with all tokens; takes effect within 2 s. Raises NotFound."""
    with _changing(path) as users:
        _known(users, name)
        del users[name]


def new_token() -> str:
    """A random token of 256 bits."""
    return TOKEN_PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def token_hash(token: str) -> str:
    """What is kept of a token; it is random, so a plain hash is enough."""
    return hashlib.sha256(token.encode()).hexdigest()


def _check(name: str, roles: tuple[Role, ...], password: str, token: bool) -> None:
    if _NAME.fullmatch(name) is None:
        raise InvalidRequest("a user's name is 1 to 64 of letters, digits and . _ @ -")
    if not roles:
        raise InvalidRequest("a user has at least one role")
    if not password and not token:
        raise InvalidRequest("a user has a password, a token, or both")
    if password and not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
        raise InvalidRequest(f"a password has {MIN_PASSWORD} to {MAX_PASSWORD} characters")


def _known(users: dict[str, User], name: str) -> User:
    try:
        return users[name]
    except KeyError:
        raise NotFound("there is no user of this name") from None


def _user_of(entry: dict[str, Any]) -> User:
    return User(
        name=str(entry["name"]),
        roles=tuple(Role(role) for role in entry["roles"]),
        password=str(entry.get("password", "")),
        tokens=tuple(str(token) for token in entry.get("tokens", ())),
    )


@contextmanager
def _changing(path: Path) -> Iterator[dict[str, User]]:
    """Read, let change, write whole: two commands at once both take effect, a crash leaves the old file."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        users = list_users(path)
        yield users
        _write(path, users)


def _write(path: Path, users: dict[str, User]) -> None:
    entries = [
        {
            "name": user.name,
            "roles": [role.value for role in user.roles],
            "password": user.password,
            "tokens": list(user.tokens),
        }
        for user in users.values()
    ]
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({"users": entries}, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
