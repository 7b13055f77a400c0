"""What a C-GET or C-MOVE has to send (PS3.4 C.4.2, C.4.3): visible instances, and where their bytes are."""

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.dicom.matching import Match, SingleValue
from isocenter.dicom.part10 import read_file_meta
from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_LITTLE_ENDIAN,
    IMPLICIT_VR_LITTLE_ENDIAN,
    LOSSLESS_WRITTEN,
)
from isocenter.errors import InvalidRequest, LimitExceeded
from isocenter.ports.index import Query
from isocenter.ports.index_rows import InstanceRow
from isocenter.runtime.asking import Asking
from isocenter.streaming.decoding import Decoding
from isocenter.streaming.finding import FindLevel
from isocenter.streaming.stored import Instances, Stored, check_uids, stored_of

MAX_INSTANCES = 200_000
PAGE = 1_000
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


class Planner:
    """Resolves what is wanted; who may have it was decided before."""

    def __init__(self, instances: Instances, ask: Asking, decoding: Decoding) -> None:
        self._instances = instances
        self._ask = ask
        self._decoding = decoding

    async def plan(self, wanted: Wanted) -> list[Stored]:
        """All of it in the index's order; what is not there is not in it.

        Raises InvalidRequest when keys are missing, or a Patient ID is that of two patients; LimitExceeded.
        """
        _check(wanted)
        studies: Sequence[str] = wanted.studies
        if wanted.level == "patient":
            studies = await self._studies_of(wanted.patient_id, wanted.issuer_of_patient_id)
        found: list[Stored] = []
        for study in studies:
            rows = await self._rows(wanted, study)
            found += [stored_of(row, described=False) for row in rows]
            if len(found) > MAX_INSTANCES:
                raise LimitExceeded("too many instances at once", max_instances=MAX_INSTANCES)
        return found

    async def rewritten(self, study: str, series: str, sop: str, syntax: str) -> memoryview:
        """The data set of an instance in another transfer syntax; raises NotFound, NotAcceptable, LimitExceeded."""
        if syntax not in WRITTEN:
            raise InvalidRequest("objects are not written in this transfer syntax")
        stored = await self._instances.get(study, series, sop)
        content = await self._decoding.rewritten(stored, syntax)
        return memoryview(content)[read_file_meta(content).dataset_offset :]

    async def _rows(self, wanted: Wanted, study: str) -> list[InstanceRow]:
        of_index = self._ask.index.instances
        if wanted.level in ("patient", "study"):
            rows = await self._ask(of_index, study)
        elif wanted.level == "series":
            rows = [row for one in wanted.series for row in await self._ask(of_index, study, one)]
        else:
            (series,) = wanted.series
            rows = await self._ask(of_index, study, series)
            names = frozenset(wanted.instances)
            rows = [row for row in rows if row.sop_instance_uid in names]
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
