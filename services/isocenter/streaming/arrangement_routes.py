"""A study as a reader hangs it: series in familiar order, slices in order, and what is odd about their geometry."""

import asyncio
import gzip
from dataclasses import dataclass
from hashlib import sha256

from isocenter.dicomweb.media_types import accepts_encoding
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Request, Route
from isocenter.streaming.answers import caching, unchanged
from isocenter.streaming.arranging import KEPT_BYTES, Arrangements
from isocenter.streaming.cache import Lru
from isocenter.streaming.generation import Generation
from isocenter.streaming.metadata_routes import GZIP_LEVEL
from isocenter.streaming.stored import check_uids


@dataclass(frozen=True, slots=True)
class _Answer:
    generation: int
    etag: str
    content: bytes
    packed: bytes  # gzip: of a thousand slices it would hold a slow line for half a second


class ArrangementRoutes:
    """The handler; an answer is kept while the index is the same."""

    def __init__(
        self,
        arrangements: Arrangements,
        generation: Generation,
        cache_bytes: int,
    ) -> None:
        self._arrangements = arrangements
        self._generation = generation
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
        packed = accepts_encoding(request.headers.get("accept-encoding", ""), "gzip")
        etag = f'{answer.etag[:-1]}-z"' if packed else answer.etag
        headers = caching(etag, vary="Accept-Encoding")
        if await unchanged(request, etag, headers):
            return
        headers.append(("Content-Type", "application/json"))
        if packed:
            headers.append(("Content-Encoding", "gzip"))
        await request.respond(200, answer.packed if packed else answer.content, headers)

    async def _answer(self, study: str) -> _Answer:
        generation = await self._generation.current()
        kept = self._answers.get(study)
        if kept is not None and kept.generation == generation:
            return kept
        parts = await self._arrangements.parts(study)
        content = b'{"series":[%s]}' % b",".join(part.content for part in parts)
        # of the content itself: another version of the product may arrange the same instances otherwise
        etag = f'"{sha256(content).hexdigest()[:40]}"'
        packed = await asyncio.to_thread(gzip.compress, content, GZIP_LEVEL, mtime=0)
        answer = _Answer(generation, etag, content, packed)
        self._answers.put(study, answer, len(content) + len(packed) + KEPT_BYTES)
        return answer
