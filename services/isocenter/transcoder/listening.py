"""What events mean here: a study may have changed. The index has to show it first; then its packs are brought up."""

import asyncio
from collections.abc import Sequence

from isocenter.api.events.v1 import events_pb2 as pb
from isocenter.dicom.uids import partition_of
from isocenter.errors import Busy
from isocenter.events import catalog
from isocenter.events.event import Event
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Stream
from isocenter.renditions.keys import is_series_pack, series_of, study_of
from isocenter.runtime.asking import Asking
from isocenter.transcoder.schedule import Urgency
from isocenter.transcoder.transcoding import Outcome, Transcoder
from isocenter.transcoder.wanted import Pack

CONSUMED = (
    catalog.INSTANCE_STORED,
    catalog.INSTANCE_DELETED,
    catalog.INSTANCE_HELD,
    catalog.STUDY_COMPLETED,
    catalog.STUDY_REVISED,
    catalog.STUDY_DELETED,
)
BATCHES = 4  # of events in hand at once: a large study keeps none of the others waiting
MAX_EVENTS = 50  # in one
INDEX_POLL_S = 0.1
INDEX_WAIT_S = 5.0


class Listener:
    """Handles events; what it causes is that renditions are ready."""

    def __init__(
        self, transcoder: Transcoder, index: IndexReader, site: str, pause_s: float
    ) -> None:
        self._transcoder = transcoder
        self._index = index
        self._ask = Asking(index)
        self._site = site
        self._pause_s = pause_s

    async def on_events(self, batch: Sequence[Event]) -> Sequence[Event]:
        """Bring up every study named. Raises Busy when the index has not come so far."""
        if all(event.fact is catalog.INSTANCE_STORED for event in batch):
            await asyncio.sleep(self._pause_s)  # what arrives meanwhile goes into the same packs
        await self._index_has(batch)
        studies = sorted({study for event in batch for study in _studies(event)})
        brought_up = [self._transcoder.bring_up(study, Urgency.ARRIVING) for study in studies]
        outcomes = await asyncio.gather(*brought_up)
        return [event for outcome in outcomes for event in ready_events(outcome, self._site)]

    async def _index_has(self, batch: Sequence[Event]) -> None:
        polls = int(INDEX_WAIT_S / INDEX_POLL_S)
        for _ in range(polls):
            if await self._ask(self._shows, batch):
                return
            await asyncio.sleep(INDEX_POLL_S)
        raise Busy("the index does not show it yet", retry_after_s=INDEX_WAIT_S)

    def _shows(self, batch: Sequence[Event]) -> bool:
        positions = self._index.positions()
        for event in batch:
            message = event.message
            if isinstance(message, pb.InstanceStored | pb.InstanceDeleted):
                stream = Stream(message.range.node, message.range.epoch)
                if positions.get(stream, 0) < message.range.last_sequence:
                    return False
            elif isinstance(message, pb.StudyCompleted | pb.StudyRevised):
                row = self._index.study(message.study_instance_uid)
                if row is not None and row.revision < message.revision:
                    return False
        return True


def ready_events(outcome: Outcome, site: str) -> list[Event]:
    """One for each pack made now, and for each that holds a whole series; saying it again says the same."""
    return [
        _ready(pack, site)
        for pack in outcome.packs
        if pack.key in outcome.made_packs or is_series_pack(pack.key)
    ]


def _ready(pack: Pack, site: str) -> Event:
    study = study_of(pack.key)
    message = pb.RenditionReady(
        study_instance_uid=study,
        series_instance_uid=series_of(pack.key),
        pack_key=pack.key,
        instances=len(pack.index.instances),
        whole_series=is_series_pack(pack.key),
    )
    _, _, name = pack.key.rpartition("/")  # of its members: no study's, and no other pack's
    return Event(catalog.RENDITION_READY, site, partition_of(study), name, message)


def _studies(event: Event) -> list[str]:
    if isinstance(event.message, pb.InstanceStored):
        return [count.study_instance_uid for count in event.message.studies]
    study: str = event.message.study_instance_uid  # type: ignore[attr-defined]  # all others name one
    return [study]
