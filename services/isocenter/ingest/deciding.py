"""What all decisions of people share: who answers for one, why, and which one is meant when it is to be taken back."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from isocenter.errors import NotFound, Unauthenticated
from isocenter.runtime.caller import Caller

MAX_REASON_CHARACTERS = 1024
ID_DIGITS = 32
INDEX_LAG_S = 3.0  # how long a decision may take to be seen, when it is to be taken back at once
POLL_S = 0.02
HEXADECIMAL = frozenset("0123456789abcdef")

Row = TypeVar("Row")


def require_caller(caller: Caller) -> Caller:
    """Return the caller, or raise Unauthenticated when nobody stands behind the request."""
    if caller.method == "none" or not caller.name:
        raise Unauthenticated("this needs somebody who answers for it")
    return caller


async def decided(what: str, name: str, look: Callable[[str], Awaitable[Row | None]]) -> Row:
    """Look for a decision by its id for as long as the index may lag behind; raises NotFound, naming `what` it is."""
    if len(name) != ID_DIGITS or not HEXADECIMAL.issuperset(name):
        raise NotFound(f"no such {what}")
    end_s = time.monotonic() + INDEX_LAG_S
    while True:
        row = await look(name)
        if row is not None:
            return row
        if time.monotonic() >= end_s:
            raise NotFound(f"no such {what}")
        await asyncio.sleep(POLL_S)
