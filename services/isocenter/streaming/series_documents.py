"""Documents of a streamed series for a reader that has nothing else yet: what is told of many images is sent once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import orjson

from isocenter.dicom.attributes import is_private
from isocenter.errors import NotFound
from isocenter.ports.index_rows import InstanceRow
from isocenter.renditions.series_stream import documents_record
from isocenter.streaming.metadata_routes import document_of
from isocenter.streaming.stored import Instances, viewed_of
from isocenter.streaming.view import Viewed


class SeriesDocuments:
    """Of one request; `base` is what its client reaches bulk data below. Rows are read when their record is due."""

    def __init__(self, instances: Instances, base: str) -> None:
        self._instances = instances
        self._base = base

    async def some(self, viewed: Sequence[Viewed]) -> bytes:
        """A record of these images; raises NotFound when one of them is not what it was."""
        names = dict.fromkeys(viewed)
        rows = [
            await self._instances.row(
                one.study_instance_uid, one.series_instance_uid, one.sop_instance_uid
            )
            for one in names
        ]
        return _record(_same(rows, list(names)), self._base, every=False)

    async def every(self, viewed: Sequence[Viewed]) -> bytes:
        """A record of all images of the series in this order; raises NotFound when one is not what it was."""
        names = list(dict.fromkeys(viewed))
        rows = await self._instances.rows(names[0].study_instance_uid, names[0].series_instance_uid)
        by_uid = {row.sop_instance_uid: row for row in rows}
        found = [by_uid[one.sop_instance_uid] for one in names if one.sop_instance_uid in by_uid]
        # that of a thousand images takes a moment
        return await asyncio.to_thread(_record, _same(found, names), self._base, every=True)


def _same(rows: Sequence[InstanceRow], viewed: Sequence[Viewed]) -> Sequence[InstanceRow]:
    if [viewed_of(row) for row in rows] != list(viewed):
        raise NotFound("the series has changed meanwhile")
    return rows


def _record(rows: Sequence[InstanceRow], base: str, *, every: bool) -> bytes:
    return documents_record([_reduced(row, base) for row in rows], every=every)


def _reduced(row: InstanceRow, base: str) -> dict[str, Any]:
    """Without private attributes: they are most of a scanner's document, and no reader can show them."""
    document = orjson.loads(document_of(row, base))
    return {tag: element for tag, element in document.items() if not is_private(int(tag, 16))}
