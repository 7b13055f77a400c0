"""Series arranged once and kept while their instances are the same: for the arrangement and the order of a stream."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from isocenter.arrangement.study import Arranged, Place, Series, arrange
from isocenter.ports.index_rows import InstanceRow
from isocenter.streaming.cache import Lru
from isocenter.streaming.metadata_routes import document_of
from isocenter.streaming.stored import viewed_of
from isocenter.streaming.view import entity_tag_of_many

KEPT_BYTES = 500  # what an entry of a cache takes beside its content
UID_BYTES = 120


@dataclass(frozen=True, slots=True)
class Part:
    """One series' part of an arrangement, good as long as its rows have this entity tag; its instances in order."""

    etag: str
    order: tuple[tuple[float, ...], str]
    content: bytes
    sop_instance_uids: tuple[str, ...]


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

    async def in_order(self, rows: Sequence[InstanceRow]) -> list[InstanceRow]:
        """The rows of one series as its slices lie; what lies nowhere comes last."""
        part = await self.part(rows)
        place = {uid: number for number, uid in enumerate(part.sop_instance_uids)}
        return sorted(rows, key=lambda row: place.get(row.sop_instance_uid, len(place)))


def _part_of(series: str, rows: Sequence[InstanceRow], etag: str) -> Part:
    made = arrange(series, (orjson.loads(document_of(row, "")) for row in rows))
    uids = tuple(one.sop_instance_uid for one in made.instances)
    return Part(etag, made.order, orjson.dumps(_content(made)), uids)


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
