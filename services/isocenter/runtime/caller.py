"""Who asks, and what they may do: every HTTP, gRPC and DIMSE entry resolves a Caller and asks `allowed`."""

from dataclasses import dataclass
from enum import StrEnum


class Action(StrEnum):
    """What may be asked; every route and message names one."""

    VERIFY = "verify"  # C-ECHO, capabilities, static pages
    SIGN_IN = "sign_in"  # open to everybody: there is nothing behind it
    STORE = "store"
    QUERY = "query"
    RETRIEVE = "retrieve"
    DELETE = "delete"
    CORRECT = "correct"  # edit, move, merge, and take that back
    HANDLE_QUARANTINE = "handle_quarantine"
    HANDLE_HELD = "handle_held"
    TRANSCODE = "transcode"  # have the platform make now what it makes by itself
    RELEASE = "release"  # let what was taken from patients out to others
    RE_IDENTIFY = "re_identify"  # tell whose an anonymized study is
    CONFIGURE = "configure"  # say who may come in, and where studies may go
    OBSERVE = "observe"  # state of the platform, quarantine and held lists


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who asks. `method` is "local", "ae", "password", "token", "oidc", "session" or "none"."""

    name: str
    method: str
    address: str
    may: frozenset[Action]


ANY_ACTION = frozenset(Action)
OPEN = frozenset({Action.SIGN_IN})
NOBODY = Caller("", "none", "", frozenset())


def local_administrator(address: str) -> Caller:
    """The caller on loopback when nothing else is configured."""
    return Caller("local", "local", address, ANY_ACTION)


def allowed(caller: Caller, action: Action, study_instance_uid: str = "") -> bool:
    """Decide; the default is no. The study is the seam for rules by site and patient."""
    del study_instance_uid
    return action in caller.may or action in OPEN
