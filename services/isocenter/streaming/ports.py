"""What streaming needs from the outside, opened by whoever composes the process."""

from dataclasses import dataclass
from typing import Literal, Protocol

from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore


class HeldDecisions(Protocol):
    """The service that decides what becomes of held instances."""

    async def handle(
        self, hold_id: str, action: Literal["release", "drop"], caller: str, reason: str
    ) -> str:
        """Decide; returns the study. Raises NotFound, Conflict, Unavailable."""
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The index and the objects to read, the journal to measure lag against, and who decides about held instances."""

    index: IndexReader
    objects: ObjectStore
    journal: Journal
    held: HeldDecisions
