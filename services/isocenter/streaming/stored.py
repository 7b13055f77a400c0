"""An instance as readers need it, looked up in the index and kept while the index does not change."""

from dataclasses import dataclass

from isocenter.dicom.frames import Frame, FrameLayout
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidRequest, NotAcceptable, NotFound
from isocenter.pixels.described import pixels_of
from isocenter.pixels.image import Image
from isocenter.ports.index import IndexReader
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.asking import Asking
from isocenter.streaming.cache import Lru
from isocenter.streaming.corrected import CorrectedRow, Corrections
from isocenter.streaming.generation import Generation
from isocenter.streaming.view import Viewed

MAX_CACHED_BYTES = 8 << 20
ROW_WEIGHT = 1200
LOOK_EVERY_S = 0.01  # a change of an index in a file is seen this late at most


@dataclass(frozen=True, slots=True)
class Stored:
    """A visible instance without its document. `image` is None when it has no pixels that can be described."""

    viewed: Viewed
    sop_class_uid: str
    transfer_syntax_uid: str
    object_key: str
    size_bytes: int
    dataset_offset: int
    deflated: bool
    layout: FrameLayout | None
    image: Image | None

    def frame(self, number: int) -> Frame:
        """Place of a frame, from 1; raises NotFound when there is no such one."""
        if self.layout is None:
            raise NotFound("the instance has no pixels")
        return self.layout.frame(number)

    def described(self) -> Image:
        """The image's description; raises NotAcceptable when it has no picture that can be read."""
        if self.image is None:
            raise NotAcceptable("the instance has no image that can be decoded")
        return self.image


def stored_of(row: InstanceRow, *, described: bool = True) -> Stored:
    """Leave the document of a row behind, once the image's description is read out of it.

    Not `described`, it has neither layout nor image: enough to send it as it is, and several times cheaper.
    """
    image, layout = pixels_of(row) if described else (None, None)
    return Stored(
        viewed=viewed_of(row),
        sop_class_uid=row.sop_class_uid,
        transfer_syntax_uid=row.transfer_syntax_uid,
        object_key=row.object_key,
        size_bytes=row.size_bytes,
        dataset_offset=row.dataset_offset,
        deflated=row.deflated,
        layout=layout,
        image=image,
    )


def viewed_of(row: InstanceRow) -> Viewed:
    """The row's identity, and how it is to be seen."""
    return Viewed(
        row.study_instance_uid,
        row.series_instance_uid,
        row.sop_instance_uid,
        row.digest,
        row.edit_version,
        row.edited if isinstance(row, CorrectedRow) else None,
    )


class Instances:
    """Lookups of visible instances by their UIDs as received; kept until the index changes."""

    def __init__(self, index: IndexReader, ask: Asking, generation: Generation) -> None:
        self._index = index
        self._ask = ask
        self._current = generation
        self._cache: Lru[tuple[str, str, str], Stored] = Lru(MAX_CACHED_BYTES)
        self._corrections = Corrections(index)
        self._generation = -1

    async def get(self, study: str, series: str, sop: str) -> Stored:
        """One instance; raises NotFound when nothing visible has this name."""
        await self._forget_when_changed()
        key = (study, series, sop)
        found = self._cache.get(key)
        if found is None:
            found = stored_of(await self.row(study, series, sop))
            weight = ROW_WEIGHT + (found.layout.weight if found.layout is not None else 0)
            self._cache.put(key, found, weight)
        return found

    async def _forget_when_changed(self) -> None:
        generation = await self._current.current(LOOK_EVERY_S)
        if generation != self._generation:
            self._cache.clear()
            self._corrections.forget()
            self._generation = generation

    async def row(self, study: str, series: str, sop: str) -> InstanceRow:
        """The whole row with its document; raises NotFound."""
        check_uids(study, series, sop)
        rows = await self.visible(study, series, sop)
        if not rows:
            raise NotFound("there is no such instance")
        return rows[0]

    async def rows(self, study: str, series: str | None = None) -> list[InstanceRow]:
        """All visible rows of a study or series in their order; raises NotFound when there are none."""
        check_uids(study, *([series] if series else []))
        rows = await self.visible(study, series)
        if not rows:
            raise NotFound("there is no such series" if series else "there is no such study")
        return rows

    async def visible(
        self, study: str, series: str | None = None, sop: str | None = None
    ) -> list[InstanceRow]:
        """What the index shows, corrected; empty when that is nothing."""
        await self._forget_when_changed()
        return await self._ask(self._read, study, series, sop)

    def _read(self, study: str, series: str | None, sop: str | None) -> list[InstanceRow]:
        return self._corrections.rows(self._index.instances(study, series, sop))


def check_uids(*uids: str) -> None:
    """Raise InvalidRequest unless all are UIDs."""
    if not all(map(is_valid_uid, uids)):
        raise InvalidRequest("the address holds something that is not a UID")
