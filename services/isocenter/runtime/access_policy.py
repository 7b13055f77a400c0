"""Who of another's users may do what here: grants by claim and site, in a TOML file read again when it changes.

```toml
[[grant]]
claim = ["realm_access", "roles"]   # where in the token; a text for a claim at the top: "groups", "azp", "sub"
value = "radiology"                 # what stands there, alone or in a list
sites = ["north"]                   # of this platform's network; "*" is every site
roles = ["reader"]                  # reader, sender, administrator, releaser, re_identifier
```

Nothing is granted by leaving something out. Take no claim that users can change by themselves.
"""

import time
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isocenter.errors import InvalidRequest
from isocenter.runtime.caller import Action
from isocenter.runtime.log import logger
from isocenter.runtime.users import RIGHTS, Role

FILE = "access.toml"
EVERY_SITE = "*"
MAX_FILE_BYTES = 1 << 20
MAX_GRANTS = 10_000
MAX_DEPTH = 8  # of a claim inside claims
LOOK_S = 1.0  # between two looks at the file
_KEYS = frozenset({"claim", "value", "sites", "roles"})
_NOTHING: frozenset[Action] = frozenset()

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Grant:
    """What one value of one claim gives."""

    claim: tuple[str, ...]
    value: str
    sites: frozenset[str]
    roles: frozenset[Role]

    def is_for(self, claims: Mapping[str, Any], site: str) -> bool:
        """Tell whether these claims have it, at that site."""
        if site not in self.sites and EVERY_SITE not in self.sites:
            return False
        found: Any = claims
        for name in self.claim:
            if not isinstance(found, Mapping):
                return False
            found = found.get(name)
        return self.value in found if isinstance(found, list) else found == self.value


@dataclass(frozen=True, slots=True)
class AccessPolicy:
    """All grants; the default is nothing."""

    grants: tuple[Grant, ...] = ()

    def may(self, claims: Mapping[str, Any], site: str) -> frozenset[Action]:
        """What somebody with these claims may do at one site."""
        roles = {
            role for grant in self.grants if grant.is_for(claims, site) for role in grant.roles
        }
        return _NOTHING.union(*(RIGHTS[role] for role in roles))


class PolicyFile:
    """The policy as the file says now; a missing file grants nothing.

    A file that cannot be used is an InvalidRequest at the start; later the last good policy stays, and the log says so.
    """

    def __init__(self, path: Path, now_s: Callable[[], float] = time.monotonic) -> None:
        self._path = path
        self._now_s = now_s
        self._look_at_s = now_s()
        self._stamp = self._read_stamp()
        self._policy = self._read()

    def now(self) -> AccessPolicy:
        """Look whether the file changed, at most once a second."""
        now_s = self._now_s()
        if now_s - self._look_at_s >= LOOK_S:
            self._look_at_s = now_s
            stamp = self._read_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read_again()
        return self._policy

    def _read_again(self) -> None:
        try:
            self._policy = self._read()
        except InvalidRequest:
            log.error("access_policy_unusable", count=len(self._policy.grants))
        else:
            log.info("access_policy_read", count=len(self._policy.grants))

    def _read_stamp(self) -> tuple[int, int, int] | None:
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return None
        except OSError:
            return (0, 0, 0)  # there, and unreadable
        return (found.st_mtime_ns, found.st_size, found.st_ino)

    def _read(self) -> AccessPolicy:
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except FileNotFoundError:
            return AccessPolicy()
        except OSError:
            raise InvalidRequest(f"{FILE} cannot be read") from None
        return parse_policy(content)


def parse_policy(content: bytes) -> AccessPolicy:
    """Read the file's content; raises InvalidRequest naming the grant, counted from 1, that is wrong."""
    if len(content) > MAX_FILE_BYTES:
        raise InvalidRequest(f"{FILE} is too large")
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InvalidRequest(f"{FILE} is not TOML") from None
    tables = document.pop("grant", [])
    if document or not isinstance(tables, list) or len(tables) > MAX_GRANTS:
        raise InvalidRequest(f"{FILE} holds something else than [[grant]] entries")
    return AccessPolicy(tuple(_grant(table, number) for number, table in enumerate(tables, 1)))


def _grant(table: object, number: int) -> Grant:
    if not isinstance(table, Mapping) or set(table) != _KEYS:
        raise InvalidRequest(f"grant {number} of {FILE} has not exactly {', '.join(sorted(_KEYS))}")
    claim = [table["claim"]] if isinstance(table["claim"], str) else table["claim"]
    sites, roles, value = table["sites"], table["roles"], table["value"]
    if not (_texts(claim) and _texts(sites) and _texts(roles) and _texts([value])):
        raise InvalidRequest(f"grant {number} of {FILE} has a value of the wrong type, or none")
    if len(claim) > MAX_DEPTH or not set(roles) <= set(Role):
        raise InvalidRequest(f"grant {number} of {FILE} has an unknown role, or a claim too deep")
    return Grant(tuple(claim), value, frozenset(sites), frozenset(Role(role) for role in roles))


def _texts(found: object) -> bool:
    return isinstance(found, list) and bool(found) and all(isinstance(o, str) and o for o in found)
