"""What objects are kept in has to prove itself before anything is entrusted to it, or as soon as it answers."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from isocenter.errors import PermanentError, TransientError
from isocenter.runtime.log import logger

AGAIN_S = 5.0

log = logger(__name__)
Probe = Callable[[], Sequence[str]]


@dataclass(frozen=True, slots=True)
class Proof:
    """What is left to do while the process serves: nothing, or to ask again."""

    tasks: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)


async def prove_store(probe: Probe, again_s: float = AGAIN_S) -> Proof:
    """Log what `probe` warns of. Its PermanentError ends the start.

    A store that is away is not judged: a task of the proof asks until it has answered, and raises what it was found to
    be, which ends the process.
    """
    if await _answered(probe):
        return Proof()

    async def ask_again() -> None:
        while True:
            await asyncio.sleep(again_s)
            try:
                if await _answered(probe):
                    return
            except PermanentError as error:
                log.error("object_store_unfit", reason=error.reason, error=error.message)
                raise

    return Proof({"probe": ask_again})


async def _answered(probe: Probe) -> bool:
    try:
        warnings = await asyncio.to_thread(probe)
    except TransientError as error:
        log.warning("object_store_not_probed", reason=error.reason, error=error.message)
        return False
    for warning in warnings:
        log.warning("object_store_warning", error=warning)
    return True
