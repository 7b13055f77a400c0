"""Series arranged once and kept while their instances are the same: for the arrangement and the order of a stream."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from isocenter.arrangement.study import Arranged, Place, Series, arrange
from isocenter.errors import NotFound
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.asking import Asking
from isocenter.streaming.cache import Lru
from isocenter.streaming.metadata_routes import document_of
from isocenter.streaming.stored import Instances, check_uids, viewed_of
from isocenter.streaming.view import entity_tag_of_many

KEPT_BYTES = 500  # what an entry of a cache takes beside its content
UID_BYTES = 120
SOME = 3  # images that tell what a series is

Order: TypeAlias = tuple[tuple[float, ...], str]


@dataclass(frozen=True, slots=True)
class Part:
    """One series' part of an arrangement, good as long as its rows have this entity tag; its instances in order."""

    series_instance_uid: str
    etag: str
    order: Order
    content: bytes
    sop_instance_uids: tuple[str, ...]
    in_space: bool  # whether every frame has a position: one begins to read in the middle then


class Arranger:
    """Arranges in a thread; of one event loop."""

    def __init__(self, cache_bytes: int) -> None:
        self._parts: Lru[tuple[str, str], Part] = Lru(cache_bytes)

    async def part(self, rows: Sequence[InstanceRow]) -> Part:
        """Of all visible rows of one series."""
        name = rows[0].study_instance_uid, rows[0].series_instance_uid
        etag = entity_tag_of_many([viewed_of(row) for row in rows], name[1])
        kept = self._parts.get(name)
        if kept is None or kept.etag != etag:
            kept = await asyncio.to_thread(_part_of, name[1], rows, etag)
            weight = len(kept.content) + UID_BYTES * len(rows) + KEPT_BYTES
            self._parts.put(name, kept, weight)
        return kept

    async def in_order(self, rows: Sequence[InstanceRow]) -> tuple[list[InstanceRow], bool]:
        """The rows of one series as its slices lie, what lies nowhere last; and whether all lie somewhere."""
        part = await self.part(rows)
        place = {uid: number for number, uid in enumerate(part.sop_instance_uids)}
        ordered = sorted(rows, key=lambda row: place.get(row.sop_instance_uid, len(place)))
        return ordered, part.in_space


class Arrangements:
    """All series of a study in familiar order. Rows of one series at a time are in memory."""

    def __init__(
        self, index: IndexReader, ask: Asking, instances: Instances, arranger: Arranger
    ) -> None:
        self._index = index
        self._ask = ask
        self._instances = instances
        self._arranger = arranger

    async def series(self, study: str) -> list[str]:
        """UIDs of its visible series, in no order; raises NotFound."""
        check_uids(study)
        states = await self._ask(self._index.states, study)
        found = {
            state.series_instance_uid
            for state in states
            if state.current and not (state.held or state.deleted)
        }
        if not found:
            raise NotFound("there is no such study")
        return sorted(found)

    async def parts(self, study: str) -> list[Part]:
        """Every series' part, the first to be read first; raises NotFound."""
        parts = [
            await self._arranger.part(rows)
            for uid in await self.series(study)
            if (rows := await self._rows(study, uid))
        ]
        if not parts:
            raise NotFound("there is no such study")
        return sorted(parts, key=lambda part: part.order)

    async def first(self, study: str) -> str:
        """The series a reader sees first, by some images of each; of a study of one it is not looked at.

        Raises NotFound.
        """
        series = await self.series(study)
        if len(series) == 1:
            return series[0]
        orders = [
            (_arranged(uid, rows[:SOME]).order, uid)
            for uid in series
            if (rows := await self._rows(study, uid))
        ]
        if not orders:
            raise NotFound("there is no such study")
        return min(orders)[1]

    async def _rows(self, study: str, series: str) -> list[InstanceRow]:
        """Of one series; none where it is gone since the study was looked through."""
        try:
            return await self._instances.rows(study, series)
        except NotFound:
            return []


def _arranged(series: str, rows: Sequence[InstanceRow]) -> Series:
    return arrange(series, (orjson.loads(document_of(row, "")) for row in rows))


def _part_of(series: str, rows: Sequence[InstanceRow], etag: str) -> Part:
    made = _arranged(series, rows)
    uids = tuple(one.sop_instance_uid for one in made.instances)
    places = [place for one in made.instances for place in one.places]
    in_space = all(place.position_mm is not None for place in places)
    return Part(series, etag, made.order, orjson.dumps(_content(made)), uids, in_space)


def _content(series: Series) -> dict[str, Any]:
    return {
        "seriesInstanceUID": series.series_instance_uid,
        "modality": series.modality or None,
        "label": series.label,
        "plane": series.plane,
        "sequence": series.sequence or None,
        "phase": series.phase or None,
        "kernel": series.kernel or None,
        "spacingMm": series.spacing_mm,
        "warnings": [{"code": notice.code, "message": notice.message} for notice in series.notices],
        "instances": [_instance(one) for one in series.instances],
    }


def _instance(one: Arranged) -> dict[str, Any]:
    first = one.places[0]
    content: dict[str, Any] = {
        "sopInstanceUID": one.sop_instance_uid,
        "frames": one.number_of_frames,
        "stack": first.stack,
        "positionMm": first.position_mm,
    }
    if len(one.places) > 1:
        content["frameOrder"] = [_place(place) for place in one.places]
    return content


def _place(place: Place) -> dict[str, Any]:
    return {"frame": place.frame, "stack": place.stack, "positionMm": place.position_mm}
