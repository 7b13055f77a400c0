"""A study as a reader hangs it: series in familiar order, slices in order, and what is odd about their geometry."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

import orjson

from isocenter.arrangement.study import Arranged, Place, Series, arrange
from isocenter.errors import NotFound
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.asking import Asking
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import caching, unchanged
from isocenter.streaming.cache import Lru
from isocenter.streaming.generation import Generation
from isocenter.streaming.metadata_routes import document_of
from isocenter.streaming.stored import Instances, check_uids, viewed_of
from isocenter.streaming.view import entity_tag_of_many

KEPT_BYTES = 500  # what an entry of a cache takes beside its content


@dataclass(frozen=True, slots=True)
class _Part:
    """One series' part of the answer, good as long as its rows have this entity tag."""

    etag: str
    order: tuple[tuple[float, ...], str]
    content: bytes


@dataclass(frozen=True, slots=True)
class _Answer:
    generation: int
    etag: str
    content: bytes


class ArrangementRoutes:
    """The handler. Rows of one series at a time are in memory; what is made of them is kept while they are the same."""

    def __init__(
        self,
        index: IndexReader,
        instances: Instances,
        ask: Asking,
        generation: Generation,
        cache_bytes: int,
    ) -> None:
        self._index = index
        self._instances = instances
        self._ask = ask
        self._generation = generation
        self._parts: Lru[tuple[str, str], _Part] = Lru(cache_bytes // 2)
        self._answers: Lru[str, _Answer] = Lru(cache_bytes // 2)

    def routes(self) -> list[Route]:
        """The one there is."""
        path = "/api/studies/{study}/arrangement"
        return [Route("GET", path, Action.RETRIEVE, self.arrangement)]

    async def arrangement(self, request: Request) -> None:
        """All visible series of the study; see the README for the form."""
        study = request.params["study"]
        check_uids(study)
        answer = await self._answer(study)
        headers = caching(answer.etag)
        if await unchanged(request, answer.etag, headers):
            return
        headers.append(("Content-Type", "application/json"))
        await request.respond(200, answer.content, headers)

    async def _answer(self, study: str) -> _Answer:
        generation = await self._generation.current()
        kept = self._answers.get(study)
        if kept is not None and kept.generation == generation:
            return kept
        parts = sorted(await self._made(study), key=lambda part: part.order)
        content = b'{"series":[%s]}' % b",".join(part.content for part in parts)
        # of the content itself: another version of the product may arrange the same instances otherwise
        answer = _Answer(generation, f'"{sha256(content).hexdigest()[:40]}"', content)
        self._answers.put(study, answer, len(content) + KEPT_BYTES)
        return answer

    async def _made(self, study: str) -> list[_Part]:
        states = await self._ask(self._index.states, study)
        series = {
            state.series_instance_uid
            for state in states
            if state.current and not (state.held or state.deleted)
        }
        del states
        parts = [part for uid in sorted(series) if (part := await self._part(study, uid))]
        if not parts:
            raise NotFound("there is no such study")
        return parts

    async def _part(self, study: str, series: str) -> _Part | None:
        try:
            rows = await self._instances.rows(study, series)
        except NotFound:  # gone since the study was looked through
            return None
        etag = entity_tag_of_many([viewed_of(row) for row in rows], series)
        kept = self._parts.get((study, series))
        if kept is None or kept.etag != etag:
            kept = await asyncio.to_thread(_part_of, series, rows, etag)
            self._parts.put((study, series), kept, len(kept.content) + KEPT_BYTES)
        return kept


def _part_of(series: str, rows: Sequence[InstanceRow], etag: str) -> _Part:
    made = arrange(series, (orjson.loads(document_of(row, "")) for row in rows))
    return _Part(etag, made.order, orjson.dumps(_content(made)))


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
