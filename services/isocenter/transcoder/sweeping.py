"""What events did not say: completions in the indexers' journals that nobody has looked at, and packs nobody wants.

The positions are kept with the packs. Without them everything that was ever completed is looked at: so an archive that
is older than the transcoder gets its packs too, when nothing else is to be done.
"""

import asyncio
import json
from dataclasses import dataclass
from hashlib import sha256

from isocenter.api.journal.v1.entries_pb2 import Completion
from isocenter.errors import IsocenterError, NotFound, PermanentError
from isocenter.events.entries import EntryKind
from isocenter.ports.bus import EventBus
from isocenter.ports.journal import Journal, Stream, without_number
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.keys import PREFIX
from isocenter.runtime.log import logger
from isocenter.runtime.publish import publish_all
from isocenter.transcoder.expiring import Expiry
from isocenter.transcoder.listening import ready_events
from isocenter.transcoder.schedule import Urgency
from isocenter.transcoder.transcoding import Transcoder

POSITIONS_KEY = f"{PREFIX}swept.json"
BATCH = 200  # studies between two positions kept
EXPIRE_EVERY = 60  # rounds

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class SweepOf:
    """Who sweeps what: one process of a site, the completions of its indexers."""

    node: str
    site: str
    indexer_nodes: tuple[str, ...]
    every_s: float


class Sweep:
    """Looks at what was completed since the last look; several processes may, each begins at another study."""

    def __init__(
        self,
        of: SweepOf,
        journal: Journal,
        objects: ObjectStore,
        bus: EventBus,
        transcoder: Transcoder,
        expiry: Expiry,
    ) -> None:
        self._of = of
        self._journal = journal
        self._objects = objects
        self._bus = bus
        self._transcoder = transcoder
        self._expiry = expiry

    async def run(self) -> None:
        """Sweep until cancelled. What fails is tried again in the next round."""
        rounds = 0
        while True:
            try:
                await self.look()
                if rounds % EXPIRE_EVERY == 0:
                    await self._expiry.expire()
            except IsocenterError as error:
                log.warning("sweep_failed", reason=error.reason)
            rounds += 1
            await asyncio.sleep(self._of.every_s)

    async def look(self) -> int:
        """Bring up every study that was completed since the last look; returns how many that were."""
        positions = await asyncio.to_thread(self._positions)
        ends = await asyncio.to_thread(self._journal.ends)
        indexers = {without_number(node) for node in self._of.indexer_nodes}
        looked_at = 0
        for stream, end in ends.items():
            if without_number(stream.node) not in indexers or stream.is_audit:
                continue
            name = f"{stream.node}/{stream.epoch}"
            after = positions.get(name, 0)
            while after < end:
                studies, after = await asyncio.to_thread(self._completed, stream, after, end)
                for study in sorted(studies, key=self._turn):
                    await self._bring_up(study)
                looked_at += len(studies)
                positions[name] = after
                await asyncio.to_thread(self._keep, positions)
        return looked_at

    async def _bring_up(self, study: str) -> None:
        try:
            if await self._expiry.is_over(study):
                return
            outcome = await self._transcoder.bring_up(study, Urgency.BACKFILL)
        except PermanentError as error:  # one study must not stop all others
            log.error("not_transcoded", study_instance_uid=study, reason=error.reason)
            return
        if outcome.made_packs:
            await publish_all(self._bus, ready_events(outcome, self._of.site))

    def _completed(self, stream: Stream, after: int, end: int) -> tuple[set[str], int]:
        """Studies completed after a commit, and the commit up to which they were read."""
        studies: set[str] = set()
        for record in self._journal.read(stream, after, end):
            if len(studies) >= BATCH and record.position.sequence > after:
                return studies, after
            after = record.position.sequence
            if record.entry.kind is EntryKind.COMPLETION:
                studies.add(Completion.FromString(record.entry.payload).study_instance_uid)
        return studies, end

    def _turn(self, study: str) -> bytes:
        return sha256(f"{self._of.node} {study}".encode()).digest()

    def _positions(self) -> dict[str, int]:
        try:
            kept = json.loads(self._objects.read(POSITIONS_KEY))
            return {str(name): int(sequence) for name, sequence in kept.items()}
        except (NotFound, ValueError, AttributeError):
            return {}

    def _keep(self, positions: dict[str, int]) -> None:
        """Never back: another process may have come further."""
        kept = self._positions()
        furthest = {name: max(end, kept.get(name, 0)) for name, end in positions.items()}
        self._objects.put(POSITIONS_KEY, json.dumps(kept | furthest).encode())
