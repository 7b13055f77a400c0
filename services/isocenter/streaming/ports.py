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


Urgency = Literal["reading", "backfill"]


class Transcoding(Protocol):
    """The service that makes streaming renditions."""

    async def transcode(self, study: str, urgency: Urgency) -> tuple[int, int, int]:
        """Return once the study's packs are up to date: instances, those made now, those that stay as stored.

        Raises Unavailable and what kept it from it.
        """
        ...


@dataclass(frozen=True, slots=True)
class Ports:
    """The index and the objects to read, the journal to measure lag against, who decides about held instances, and
    who packs what is streamed.
    """

    index: IndexReader
    objects: ObjectStore
    journal: Journal
    held: HeldDecisions
    transcoding: Transcoding
