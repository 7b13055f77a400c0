"""What a C-GET or C-MOVE has to send (PS3.4 C.4.2, C.4.3): visible instances, and where their bytes are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from isocenter.conversion.table import CLASSIC_CLASSES, LOSSY_METHODS, is_enhanced
from isocenter.dicom.matching import Match, SingleValue
from isocenter.dicom.part10 import read_file_meta
from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    LOSSLESS_WRITTEN,
)
from isocenter.errors import InvalidRequest, LimitExceeded, NotAcceptable
from isocenter.pixels.jobs import Shape
from isocenter.ports.index import Query
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.asking import Asking
from isocenter.runtime.web import Body
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.finding import FindLevel
from isocenter.streaming.objects_view import ObjectsView
from isocenter.streaming.parting import Taking, frame_part, parts_of
from isocenter.streaming.pieces import cut, length_of
from isocenter.streaming.stored import Instances, Stored, check_uids, stored_of
from isocenter.streaming.view import view

MAX_INSTANCES = 200_000
PAGE = 1_000
MAX_QUALITY = 100
NEVER_LOSSY = frozenset(
    f"1.2.840.10008.5.1.4.1.1.{end}" for end in ("66.4", "66.7", "30", "481.2")
)  # Segmentation, Label Map Segmentation, Parametric Map, RT Dose: their samples are no picture
WRITTEN = (EXPLICIT_VR_LITTLE_ENDIAN, IMPLICIT_VR_LITTLE_ENDIAN, *LOSSLESS_WRITTEN)
_PATIENT_ID, _ISSUER = "00100020", "00100021"


@dataclass(frozen=True, slots=True)
class Wanted:
    """The unique keys of an Identifier; one value each above its level, at its level several."""

    level: FindLevel
    patient_id: str = ""
    issuer_of_patient_id: str = ""
    studies: tuple[str, ...] = ()
    series: tuple[str, ...] = ()
    instances: tuple[str, ...] = ()
    taking: Taking = field(default_factory=Taking)


class Planned(NamedTuple):
    """One thing to send: an instance, or a frame of it (from 1), in a part of its series (from 1); 0 is: as it is."""

    stored: Stored
    frame_number: int = 0
    part: int = 0

    @property
    def sop_class_uid(self) -> str:
        """Of what is sent."""
        stored = self.stored.sop_class_uid
        return CLASSIC_CLASSES[stored] if self.frame_number else stored


class Planner:
    """Resolves what is wanted; who may have it was decided before."""

    def __init__(
        self, instances: Instances, ask: Asking, decoding: Decoding, objects: ObjectsView
    ) -> None:
        self._instances = instances
        self._ask = ask
        self._decoding = decoding
        self._objects = objects

    async def plan(self, wanted: Wanted) -> list[Planned]:
        """All of it in the index's order; what is not there is not in it.

        Raises InvalidRequest when keys are missing, or a Patient ID is that of two patients; LimitExceeded.
        """
        _check(wanted)
        studies: Sequence[str] = wanted.studies
        if wanted.level == "patient":
            studies = await self._studies_of(wanted.patient_id, wanted.issuer_of_patient_id)
        found: list[Planned] = []
        for study in studies:
            found += _planned(await self._rows(wanted, study), wanted)
            if len(found) > MAX_INSTANCES:
                raise LimitExceeded("too many instances at once", max_instances=MAX_INSTANCES)
        return found

    async def shaped(
        self, study: str, series: str, sop: str, syntax: str, shape: Shape
    ) -> tuple[str, list[Body]]:
        """The data set of an instance in another form: its SOP Instance UID and bytes, in pieces.

        Raises NotFound, NotAcceptable (it cannot be had so), LimitExceeded.
        """
        lossy = syntax in LOSSY_METHODS
        if lossy != bool(shape.quality) or shape.quality > MAX_QUALITY:
            raise InvalidRequest(
                f"a lossy transfer syntax, and no other, has a quality to {MAX_QUALITY}"
            )
        stored = await self._instances.get(study, series, sop)
        if lossy and stored.sop_class_uid in NEVER_LOSSY:
            raise NotAcceptable("objects of this class are not compressed with loss")
        if syntax not in (*WRITTEN, *LOSSY_METHODS, stored.transfer_syntax_uid):
            raise InvalidRequest("objects are not written in this transfer syntax")
        content = await self._decoding.shaped(stored, shape, syntax)
        name = read_file_meta(content).media_storage_sop_instance_uid
        return name, _seen(stored, content)

    async def rewritten(self, study: str, series: str, sop: str, syntax: str) -> list[Body]:
        """The data set of an instance as it is to be seen, in its own or another transfer syntax, in pieces.

        Raises NotFound, NotAcceptable, LimitExceeded.
        """
        stored = await self._instances.get(study, series, sop)
        content: Body
        if syntax == stored.transfer_syntax_uid:
            size = stored.size_bytes
            content = await self._objects.piece(stored.object_key, size, 0, size)
        elif syntax not in WRITTEN:
            raise InvalidRequest("objects are not written in this transfer syntax")
        else:
            content = await self._decoding.rewritten(stored, syntax)
        return _seen(stored, content)

    async def _rows(self, wanted: Wanted, study: str) -> list[InstanceRow]:
        visible = self._instances.visible
        if wanted.level in ("patient", "study"):
            rows = await visible(study)
        elif wanted.level == "series":
            rows = [row for one in wanted.series for row in await visible(study, one)]
        else:
            (series,) = wanted.series
            rows = await visible(study, series)
        return rows

    async def _studies_of(self, patient_id: str, issuer: str) -> Sequence[str]:
        """The studies of one patient: an id alone may be that of two people, and then it names nobody."""
        conditions: tuple[Match, ...] = (SingleValue(_PATIENT_ID, "LO", (patient_id,)),)
        if issuer:
            conditions = (*conditions, SingleValue(_ISSUER, "LO", (issuer,)))
        studies: list[str] = []
        while True:
            query = Query("study", conditions, limit=PAGE, offset=len(studies))
            page = await self._ask(self._ask.index.search, query)
            studies += [found.study_instance_uid for found in page]
            if len(page) < PAGE:
                break
        rows = [await self._ask(self._ask.index.study, study) for study in studies]
        if len({row.patient for row in rows if row is not None}) > 1:
            raise InvalidRequest("this Patient ID is that of several patients: name its issuer")
        return studies


def _planned(rows: Sequence[InstanceRow], wanted: Wanted) -> Iterator[Planned]:
    """What of these is sent; parts are counted over whole series."""
    names = frozenset(wanted.instances)
    parts = _parts(rows, wanted.taking) if wanted.taking.parts else {}
    for row in rows:
        if names and row.sop_instance_uid not in names:
            continue
        stored = stored_of(row, described=False)
        frames = row.number_of_frames
        if wanted.taking.single_frames and is_enhanced(row.sop_class_uid):
            for frame in range(1, frames + 1):
                yield Planned(stored, frame, frame_part(frame, frames, wanted.taking))
        else:
            yield Planned(stored, part=parts.get(row.sop_instance_uid, 0))


def _parts(rows: Sequence[InstanceRow], taking: Taking) -> dict[str, int]:
    by_series: dict[str, list[InstanceRow]] = {}
    for row in rows:
        if not (taking.single_frames and is_enhanced(row.sop_class_uid)):
            by_series.setdefault(row.series_instance_uid, []).append(row)
    return {
        row.sop_instance_uid: part
        for members in by_series.values()
        for row, part in zip(members, parts_of(members, taking), strict=True)
    }


def _seen(stored: Stored, content: Body) -> list[Body]:
    """The data set of a file, as it is to be seen."""
    offset = read_file_meta(memoryview(content)).dataset_offset
    pieces = view(stored.viewed, "file", (content,))
    return cut(pieces, offset, length_of(pieces))


def _check(wanted: Wanted) -> None:
    check_uids(*wanted.studies, *wanted.series, *wanted.instances)
    missing = {
        "patient": not wanted.patient_id,
        "study": not wanted.studies,
        "series": len(wanted.studies) != 1 or not wanted.series,
        "image": len(wanted.studies) != 1 or len(wanted.series) != 1 or not wanted.instances,
    }[wanted.level]
    if missing:
        raise InvalidRequest(f"the unique keys of the level {wanted.level} are not all there")
