"""Series and study documents, recomputed from what is visible. Pure: the same instances give the same bytes.

Answers hold what a search returns by default: PS3.18 tables 10.6.3-3 (studies) and 10.6.3-4 (series). Retrieve URLs and
the character set are the answering service's to add.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from isocenter.corrections.applying import applying, edit_version, patient_after
from isocenter.corrections.documents import edited, seen
from isocenter.dicom.json_attributes import first
from isocenter.dicom.levels import AttributeLevel, level_of
from isocenter.dicom.words import words_of
from isocenter.indexer.attributes import Document, dump, element, load
from isocenter.indexer.patients import patient_of
from isocenter.ports.index_rows import CorrectionRow, SeriesSummary

MODALITY, SERIES_UID, STUDY_UID = "00080060", "0020000E", "0020000D"
PATIENT_ID, ISSUER = "00100020", "00100021"

# Returned always, empty when nothing is known; then those returned when there is something.
_STUDY_ALWAYS: Mapping[str, str] = {
    "00080020": "DA", "00080030": "TM", "00080050": "SH", "00080090": "PN",
    "00100010": "PN", "00100020": "LO", "00100030": "DA", "00100040": "CS",
    "00200010": "SH",
}  # fmt: skip
_STUDY_PRESENT = ("00080201", "00081030", "00100021")
_SERIES_ALWAYS: Mapping[str, str] = {MODALITY: "CS", "00200011": "IS"}
_SERIES_PRESENT = (
    "00080021", "00080031", "00080201", "0008103E", "00200060", "00400244", "00400245", "00400275",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Summed:
    """A study or series as the index keeps it."""

    answer: bytes
    document: bytes


@dataclass(frozen=True, slots=True)
class SummedStudy:
    """A study with its series, by UID; `version` is the greatest of its rows, `words` those it is found by."""

    study: Summed
    series: dict[str, Summed]
    patient: str
    instances: int
    version: int
    words: tuple[str, ...]
    edit_version: int


def sum_up(
    study_uid: str,
    series: Sequence[SeriesSummary],
    default_issuer: str,
    corrections: Sequence[CorrectionRow] = (),
) -> SummedStudy:
    """Make all documents of a study that has at least one visible instance, corrected where people did so."""
    received = [(one, load(one.representative)) for one in series]
    patients = {
        one.series_instance_uid: _patient(document, default_issuer) for one, document in received
    }
    rows = {
        uid: applying(corrections, study_uid, uid, patient) for uid, patient in patients.items()
    }
    opened = [
        (one, seen(document, edited(document, rows[one.series_instance_uid])))
        for one, document in received
    ]
    summed = {one.series_instance_uid: _series(one, document) for one, document in opened}
    first_one, speaking = min(
        opened, key=lambda item: (item[0].first_version, item[0].series_instance_uid)
    )
    uid = first_one.series_instance_uid
    computed = _computed(study_uid, opened)
    return SummedStudy(
        Summed(
            dump(_answer(speaking, _STUDY_ALWAYS, _STUDY_PRESENT) | computed),
            dump(_level(speaking, "study") | computed),
        ),
        summed,
        patient_after(rows[uid], patients[uid]),
        sum(one.instances for one in series),
        max(one.version for one in series),
        words_of(document for _, document in opened),
        edit_version(_in_order(rows.values())),
    )


def _in_order(applied: Iterable[Sequence[CorrectionRow]]) -> list[CorrectionRow]:
    """All that applies anywhere in the study, each once."""
    rows = {row for some in applied for row in some}
    return sorted(rows, key=lambda row: (row.version, row.correction_id))


def patients_of(series: Sequence[SeriesSummary], default_issuer: str) -> set[str]:
    """Whose these series are, as received; nobody is left out."""
    found = {_patient(load(one.representative), default_issuer) for one in series}
    return found - {""}


def _patient(document: Document, default_issuer: str) -> str:
    return patient_of(first(document, ISSUER), first(document, PATIENT_ID), default_issuer)


def _computed(study_uid: str, opened: Sequence[tuple[SeriesSummary, Document]]) -> Document:
    """What no instance says of its study (PS3.4 C.6.2.1.2 and the tables above)."""
    modalities = sorted({first(document, MODALITY) for _, document in opened} - {""})
    sop_classes = sorted({uid for one, _ in opened for uid in one.sop_class_uids})
    return {
        "00080056": element("CS", "ONLINE"),
        "00080061": element("CS", *modalities),
        "00080062": element("UI", *sop_classes),
        STUDY_UID: element("UI", study_uid),
        "00201206": element("IS", len(opened)),
        "00201208": element("IS", sum(one.instances for one, _ in opened)),
    }


def _series(one: SeriesSummary, document: Document) -> Summed:
    computed: Document = {
        SERIES_UID: element("UI", one.series_instance_uid),
        "00201209": element("IS", one.instances),
    }
    return Summed(
        dump(_answer(document, _SERIES_ALWAYS, _SERIES_PRESENT) | computed),
        dump(_level(document, "series") | computed),
    )


def _answer(document: Document, always: Mapping[str, str], present: Sequence[str]) -> Document:
    answer: dict[str, dict[str, Any]] = {
        tag: document.get(tag) or element(vr) for tag, vr in always.items()
    }
    return answer | {tag: document[tag] for tag in present if document.get(tag, {}).get("Value")}


def _level(document: Document, level: AttributeLevel) -> Document:
    return {tag: value for tag, value in document.items() if level_of(tag) == level}
