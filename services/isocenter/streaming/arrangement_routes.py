"""A study as a reader hangs it: series in familiar order, slices in order, and what is odd about their geometry."""

from dataclasses import dataclass
from hashlib import sha256

from isocenter.errors import NotFound
from isocenter.ports.index import IndexReader
from isocenter.runtime.asking import Asking
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import caching, unchanged
from isocenter.streaming.arranging import KEPT_BYTES, Arranger, Part
from isocenter.streaming.cache import Lru
from isocenter.streaming.generation import Generation
from isocenter.streaming.stored import Instances, check_uids


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
        arranger: Arranger,
        cache_bytes: int,
    ) -> None:
        self._index = index
        self._instances = instances
        self._ask = ask
        self._generation = generation
        self._arranger = arranger
        self._answers: Lru[str, _Answer] = Lru(cache_bytes)

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

    async def _made(self, study: str) -> list[Part]:
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

    async def _part(self, study: str, series: str) -> Part | None:
        try:
            rows = await self._instances.rows(study, series)
        except NotFound:  # gone since the study was looked through
            return None
        return await self._arranger.part(rows)
