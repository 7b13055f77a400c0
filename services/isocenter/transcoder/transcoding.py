"""Bringing a study's packs up to what can be found of it: the one way, whoever says that something may have changed.

Everything is derived from the index and the packs that stand, so doing it twice changes nothing, a crash loses the pack
that was being made, and an event that was lost costs time until somebody looks again.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

import orjson

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.dicom.json_attributes import first
from isocenter.errors import OutOfSpace
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import InstanceRow, StudyRow
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.keys import series_of
from isocenter.runtime.asking import Asking
from isocenter.runtime.metrics import METRICS
from isocenter.transcoder.packing import Packer
from isocenter.transcoder.packs import Packs
from isocenter.transcoder.schedule import Schedule, Urgency
from isocenter.transcoder.spare import Spare
from isocenter.transcoder.wanted import Pack, by_series, next_pack, places, unneeded

STEP_S = 1.0  # after so long another study may have its turn
MODALITIES_IN_STUDY = "00080061"
FULL_RETRY_S = 30.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """A study that is as it should be.

    Instances that can be found; those made now; those that stay as stored; the packs that stand, and the keys of those
    among them that were made now.
    """

    instances: int
    made: int
    as_stored: int
    packs: tuple[Pack, ...]
    made_packs: frozenset[str] = frozenset()


@dataclass(slots=True)
class _Work:
    """What was done for a study that is not as it should be yet."""

    instances: int = 0
    packs: set[str] = field(default_factory=set)


class Transcoder:
    """Works on studies in turns; nothing is made while less room is left than `min_free_bytes`."""

    def __init__(
        self,
        index: IndexReader,
        objects: ObjectStore,
        packs: Packs,
        packer: Packer,
        spare: Spare,
        min_free_bytes: int,
    ) -> None:
        self._index = index
        self._ask = Asking(index)
        self._objects = objects
        self._packs = packs
        self._packer = packer
        self._spare = spare
        self._min_free_bytes = min_free_bytes
        self._schedule: Schedule[Outcome] = Schedule()
        self._done: dict[str, _Work] = {}  # by study

    async def bring_up(self, study: str, urgency: Urgency) -> Outcome:
        """Return once the packs hold what can be found now or later; raises what index and store raise."""
        if urgency is Urgency.READING:
            self._spare.hurry()
        row = await self._ask(self._index.study, study)
        outcome = await self._schedule.want(study, _lane_of(row), urgency)
        METRICS.set("isocenter_transcoding_studies", len(self._schedule))
        return outcome

    async def run(self) -> None:
        """Work until cancelled."""
        await self._schedule.run(self._step)

    async def _step(self, study: str, urgency: Urgency) -> Outcome | None:
        """Work on a study for a moment; its outcome when nothing is left to be done."""
        row = await self._ask(self._index.study, study)
        rows = await self._ask(self._index.instances, study)
        packs = await asyncio.to_thread(self._packs.of_study, study)
        is_complete = row is not None and row.complete
        end_s = time.monotonic() + STEP_S
        series = by_series(rows)
        for name in {series_of(pack.key) for pack in packs} | series.keys():
            members = series.get(name, [])
            while await self._make_next(members, packs, urgency, is_complete=is_complete):
                if time.monotonic() > end_s:
                    return None
            await self._remove(unneeded(members, _of(name, packs)), packs)
        work = self._done.pop(study, _Work())
        made_packs = frozenset(work.packs)
        return Outcome(len(rows), work.instances, _as_stored(rows, packs), tuple(packs), made_packs)

    async def _make_next(
        self,
        rows: Sequence[InstanceRow],
        packs: list[Pack],
        urgency: Urgency,
        *,
        is_complete: bool,
    ) -> bool:
        """Make one pack of a series where one is missing; tells whether it did."""
        if not rows:
            return False
        study, standing = rows[0].study_instance_uid, _of(rows[0].series_instance_uid, packs)
        wanted = next_pack(rows, standing, is_complete=is_complete)
        if wanted is None:
            return False
        await self._check_room()
        if urgency is not Urgency.READING:
            await self._spare.wait()
        known = places(standing)
        index = await self._packer.make(wanted, known)
        packs.append(Pack(wanted.key, index))
        fresh = [one for one in index.instances if (one.sop_instance_uid, one.digest) not in known]
        work = self._done.setdefault(study, _Work())
        work.instances += len(fresh)
        work.packs.add(wanted.key)
        _count(fresh)
        return True

    async def _remove(self, unneeded: Sequence[Pack], packs: list[Pack]) -> None:
        for pack in unneeded:
            await asyncio.to_thread(self._packs.remove, pack)
            packs.remove(pack)

    async def _check_room(self) -> None:
        free = await asyncio.to_thread(self._objects.free_bytes)
        if free is not None and free < self._min_free_bytes:
            raise OutOfSpace("too little room is left for packs", retry_after_s=FULL_RETRY_S)


def _of(series: str, packs: Sequence[Pack]) -> list[Pack]:
    return [pack for pack in packs if series_of(pack.key) == series]


def _count(instances: Sequence[pb.PackedInstance]) -> None:
    refused = sum(bool(one.refused) for one in instances)
    METRICS.count("isocenter_transcoded_instances_total", refused, outcome="as_stored")
    proven = len(instances) - refused
    METRICS.count("isocenter_transcoded_instances_total", proven, outcome="proven")


def _as_stored(rows: Sequence[InstanceRow], packs: Sequence[Pack]) -> int:
    """Instances that no pack has frames of: they have none, or nobody could prove another form to be equal."""
    streamed = {member for member, place in places(packs).items() if place.instance.frames}
    return sum((row.sop_instance_uid, row.digest) not in streamed for row in rows)


def _lane_of(row: StudyRow | None) -> str:
    """Studies of one modality wait behind each other, not behind those of others."""
    if row is None:
        return ""
    return first(orjson.loads(row.document), MODALITIES_IN_STUDY)
