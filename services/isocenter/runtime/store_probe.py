"""At start: what objects are kept in has to prove itself before anything is entrusted to it."""

import asyncio
from collections.abc import Callable, Sequence

from isocenter.errors import TransientError
from isocenter.runtime.log import logger

log = logger(__name__)


async def prove_store(probe: Callable[[], Sequence[str]]) -> None:
    """Log what `probe` warns of. Its PermanentError ends the start; a store that is away is not judged."""
    try:
        warnings = await asyncio.to_thread(probe)
    except TransientError as error:
        log.warning("object_store_not_probed", reason=error.reason, error=error.message)
        return
    for warning in warnings:
        log.warning("object_store_warning", error=warning)
