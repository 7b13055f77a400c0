"""Find out who asks over HTTP: the local administrator on loopback, else a user with a password or a token."""

import asyncio
import base64
import binascii
import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from isocenter.errors import Busy, Unauthenticated
from isocenter.runtime.attempts import Attempts
from isocenter.runtime.caller import NOBODY, Caller, local_administrator
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.origin import is_cross_site, is_local
from isocenter.runtime.users import User, list_users, token_hash

REMEMBER_S = 60.0
MAX_REMEMBERED = 1_024
LOOK_S = 1.0  # between two looks at the file of users
# passwords waiting for their turn; each takes 64 MiB and some 50 ms while it is checked
MAX_CHECKING = 8
MAX_CREDENTIALS = 2_048  # characters
TOKEN_DOTS = 2  # in a signed token, and in none of our own

log = logger(__name__)


class Elsewhere(Protocol):
    """People and programs that an identity provider vouches for."""

    async def by_token(self, token: str, peer: str) -> Caller:
        """Whose token this is; raises Unauthenticated, and Unavailable while that cannot be told."""
        ...

    def by_session(self, headers: Mapping[str, str], method: str, peer: str) -> Caller | None:
        """Whose session the request's cookie is; None is nobody's."""
        ...


class Authenticator:
    """`web_app.Authenticate`. A proof that is given is always checked, on loopback too.

    What was found right is remembered for a minute under a keyed hash, at most until the file of users changes. A proxy
    on this machine that says nothing of whom it speaks for looks like this machine: then `trust_loopback` must be off.
    """

    def __init__(
        self,
        users_file: Path,
        now_s: Callable[[], float] = time.monotonic,
        *,
        trust_loopback: bool = True,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self._file = users_file
        self._trust_loopback = trust_loopback
        self._elsewhere = elsewhere
        self._now_s = now_s
        self._key = secrets.token_bytes(32)
        self._attempts = Attempts()
        self._remembered: OrderedDict[bytes, tuple[float, User]] = OrderedDict()
        self._users: dict[str, User] = {}
        self._by_token: dict[str, User] = {}
        self._seen: tuple[int, int] | None = None
        self._look_at_s = float("-inf")
        self._checking = 0
        self._hasher = PasswordHasher()
        self._nobodys_hash = self._hasher.hash(secrets.token_hex(16))
        self._executor = ThreadPoolExecutor(2, thread_name_prefix="password")

    async def __call__(self, headers: dict[str, str], method: str, peer: str) -> Caller:
        """Find the caller; raises Unauthenticated for a wrong proof, Busy after too many of them."""
        given = headers.get("authorization", "")
        if not given:
            return self._without_proof(headers, method, peer)
        scheme, _, credentials = given.partition(" ")
        signed = scheme.lower() == "bearer" and credentials.count(".") == TOKEN_DOTS
        if self._elsewhere is not None and signed:
            return await self._signed(self._elsewhere, credentials.strip(), peer)
        if len(credentials) > MAX_CREDENTIALS:
            raise Unauthenticated("the credentials are too long")
        match scheme.lower():
            case "bearer":
                user = await self._known(given, peer, self._by_bearer, credentials.strip())
                return Caller(user.name, "token", peer, user.may)
            case "basic":
                if is_cross_site(headers, method):  # a browser adds them by itself
                    raise Unauthenticated("another site's page may not use a password")
                user = await self._known(given, peer, self._by_basic, credentials.strip())
                return Caller(user.name, "password", peer, user.may)
            case _:
                raise Unauthenticated("the scheme is not Basic or Bearer")

    def _without_proof(self, headers: dict[str, str], method: str, peer: str) -> Caller:
        session = self._elsewhere and self._elsewhere.by_session(headers, method, peer)
        if session:
            return session
        local = self._trust_loopback and is_local(headers, peer)
        if local and not is_cross_site(headers, method):
            return local_administrator(peer)
        return NOBODY

    async def _signed(self, elsewhere: Elsewhere, token: str, peer: str) -> Caller:
        """No waiting after failures: a signature is not guessed."""
        try:
            return await elsewhere.by_token(token, peer)
        except Unauthenticated as error:
            METRICS.count("isocenter_sign_in_failures_total")
            log.warning("token_refused", peer=peer, error=error.message)
            raise

    def close(self) -> None:
        """Let the threads go."""
        self._executor.shutdown(wait=False, cancel_futures=True)

    async def _known(
        self, given: str, peer: str, find: Callable[[str], Awaitable[User | None]], credentials: str
    ) -> User:
        self._look()
        now_s = self._now_s()
        key = hashlib.blake2b(given.encode(), key=self._key, digest_size=32).digest()
        remembered = self._remembered.get(key)
        if remembered is not None and now_s - remembered[0] < REMEMBER_S:
            return remembered[1]
        wait_s = self._attempts.wait_s(peer, now_s)
        if wait_s > 0:
            raise Busy("too many failed sign-ins", retry_after_s=wait_s)
        user = await find(credentials)
        if user is None:
            self._attempts.failed(peer, now_s)
            METRICS.count("isocenter_sign_in_failures_total")
            log.warning("sign_in_failed", peer=peer)
            raise Unauthenticated("the credentials are not valid")
        self._remember(key, now_s, user)
        return user

    def _remember(self, key: bytes, now_s: float, user: User) -> None:
        self._remembered[key] = (now_s, user)
        self._remembered.move_to_end(key)
        if len(self._remembered) > MAX_REMEMBERED:
            self._remembered.popitem(last=False)

    async def _by_bearer(self, token: str) -> User | None:
        return self._by_token.get(token_hash(token))

    async def _by_basic(self, credentials: str) -> User | None:
        try:
            decoded = base64.b64decode(credentials, validate=True).decode()
        except (binascii.Error, ValueError):
            return None
        name, _, password = decoded.partition(":")
        user = self._users.get(name)
        # an unknown name takes as long as a known one
        expected = user.password if user is not None and user.password else self._nobodys_hash
        if self._checking >= MAX_CHECKING:
            raise Busy("too many passwords are being checked", retry_after_s=1.0)
        self._checking += 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(self._executor, self._verify, expected, password)
        finally:
            self._checking -= 1
        return user if right else None

    def _verify(self, expected: str, password: str) -> bool:
        try:
            return self._hasher.verify(expected, password)
        except (Argon2Error, InvalidHashError):
            return False

    def _look(self) -> None:
        """Read the file of users again when it changed."""
        now_s = self._now_s()
        if now_s - self._look_at_s < LOOK_S:
            return
        self._look_at_s = now_s
        try:
            about = self._file.stat()
            seen: tuple[int, int] | None = (about.st_mtime_ns, about.st_ino)
        except FileNotFoundError:
            seen = None
        if seen == self._seen:
            return
        self._users = list_users(self._file)
        self._by_token = {token: user for user in self._users.values() for token in user.tokens}
        self._remembered.clear()
        self._seen = seen
