"""Metadata of a study, series or instance as DICOM JSON (PS3.18 10.4.1.2), packed when the client takes it so."""

import asyncio
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import orjson

from isocenter.dicomweb.media_types import accepts_encoding
from isocenter.dicomweb.negotiation import choose, frame_label, prefers_xml
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.caller import Action
from isocenter.runtime.web import Body, Request, Route
from isocenter.streaming.answers import JSON_TYPES, accepted, caching, check_characters, unchanged
from isocenter.streaming.base_url import PREFIX, base_url
from isocenter.streaming.cache import Lru
from isocenter.streaming.generation import Generation
from isocenter.streaming.json_members import element, with_base, with_character_set, with_member
from isocenter.streaming.pieces import length_of, write_pieces
from isocenter.streaming.stored import Instances, viewed_of
from isocenter.streaming.view import entity_tag_of_many
from isocenter.streaming.xml_answers import respond_xml

AVAILABLE_TRANSFER_SYNTAX_UID = "00083002"
GZIP_LEVEL = 4
_GZIP_FORMAT = 16 + zlib.MAX_WBITS
GROUPED_BYTES = 256 << 10

Key = tuple[str, str | None, str | None, str, bool]  # study, series, instance, base, gzip


@dataclass(frozen=True, slots=True)
class _Kept:
    generation: int
    etag: str
    pieces: Sequence[Body]


class MetadataRoutes:
    """Handlers of metadata; answers are kept while nothing they are made of changes."""

    def __init__(
        self, instances: Instances, generation: Generation, cache_bytes: int, public_url: str = ""
    ) -> None:
        self._instances = instances
        self._generation = generation
        self._public_url = public_url
        self._cache: Lru[Key, _Kept] = Lru(cache_bytes)

    def routes(self) -> list[Route]:
        """All of them."""
        study = f"{PREFIX}/studies/{{study}}"
        levels = (
            study,
            f"{study}/series/{{series}}",
            f"{study}/series/{{series}}/instances/{{instance}}",
        )
        return [
            Route("GET", f"{level}/metadata", Action.RETRIEVE, self.metadata) for level in levels
        ]

    async def metadata(self, request: Request) -> None:
        """All instances of the level, in the order of series and instance numbers."""
        check_characters(request)
        if prefers_xml(accepted(request), JSON_TYPES):
            await self._as_xml(request)
            return
        media_type = choose(accepted(request), JSON_TYPES)
        packed = accepts_encoding(request.headers.get("accept-encoding", ""), "gzip")
        kept = await self._kept(request, packed)
        headers = [
            *caching(kept.etag, vary="Accept, Accept-Encoding"),
            ("Content-Type", media_type),
        ]
        if await unchanged(request, kept.etag, headers):
            return
        if packed:
            headers.append(("Content-Encoding", "gzip"))
        headers.append(("Content-Length", str(length_of(kept.pieces))))
        await request.start(200, headers)
        await write_pieces(request, kept.pieces, last=True)

    async def _as_xml(self, request: Request) -> None:
        kept = await self._kept(request, False)
        etag = f'{kept.etag[:-1]}-x"'
        headers = caching(etag)
        if await unchanged(request, etag, headers):
            return
        documents = orjson.loads(b"".join(kept.pieces))
        await respond_xml(request, map(orjson.dumps, documents), headers)

    async def _kept(self, request: Request, packed: bool) -> _Kept:
        params = request.params
        base = base_url(request, self._public_url)
        key = (params["study"], params.get("series"), params.get("instance"), base, packed)
        generation = await self._generation.current()
        kept = self._cache.get(key)
        if kept is not None and kept.generation == generation:
            return kept
        rows = await self._rows(*key[:3])
        etag = entity_tag_of_many([viewed_of(row) for row in rows], f"{base}{packed}")
        if kept is not None and kept.etag == etag:
            kept = _Kept(generation, etag, kept.pieces)
        else:
            pieces = _array(rows, base)
            kept = _Kept(
                generation, etag, await asyncio.to_thread(_gzip, pieces) if packed else pieces
            )
        self._cache.put(key, kept, length_of(kept.pieces) + 500)
        return kept

    async def _rows(
        self, study: str, series: str | None, instance: str | None
    ) -> list[InstanceRow]:
        if series is not None and instance is not None:
            return [await self._instances.row(study, series, instance)]
        return await self._instances.rows(study, series)


def document_of(row: InstanceRow, base: str) -> bytes:
    """A corrected row's document as a client sees it: absolute bulk data addresses, and how its frames come."""
    document = with_character_set(with_base(row.document, base))
    if row.pixel_data:
        _, syntax = frame_label(row.transfer_syntax_uid)
        document = with_member(document, AVAILABLE_TRANSFER_SYNTAX_UID, element("UI", syntax))
    return document


def _array(rows: Sequence[InstanceRow], base: str) -> list[Body]:
    """The JSON array in pieces of some size: a large study's is never one block."""
    pieces: list[Body] = []
    group = bytearray(b"[")
    for place, row in enumerate(rows):
        if place:
            group += b","
        group += document_of(row, base)
        if len(group) > GROUPED_BYTES:
            pieces.append(bytes(group))
            group.clear()
    group += b"]"
    pieces.append(bytes(group))
    return pieces


def _gzip(pieces: Sequence[Body]) -> list[Body]:
    squeeze = zlib.compressobj(GZIP_LEVEL, zlib.DEFLATED, _GZIP_FORMAT)
    packed: list[Body] = [squeeze.compress(piece) for piece in pieces]
    packed.append(squeeze.flush())
    return [piece for piece in packed if piece]
