"""Corrections for tests, as rows of the index and as entries of the journal."""

import json

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.rules import IDENTITY, PERSON, attributes_of
from isocenter.ports.index_rows import CorrectionRow

START_MS = 1_767_225_600_123


def asked(scope: str, **attributes: str) -> str:
    return json.dumps(attributes_of(attributes, scope), ensure_ascii=False)


def row(number: int, study: str = "1.2.1", series: str = "", **attributes: str) -> CorrectionRow:
    """One of a study or series, made at the given place in the order of all."""
    return CorrectionRow(
        f"{number:032x}", f"study:{study}", study, series, "", "edited",
        asked("series" if series else "study", **attributes), "", "me", "why",
        (START_MS << 16) + number,
    )  # fmt: skip


def patient_row(number: int, patient: str, to: str = "", **attributes: str) -> CorrectionRow:
    """One of a patient; with `to` a merge."""
    made = identity(to) if to else asked("patient", **attributes)
    return CorrectionRow(
        f"{number:032x}", f"patient:{patient}", "", "", patient, "merged" if to else "edited",
        made, to, "me", "why", (START_MS << 16) + number,
    )  # fmt: skip


def identity(patient: str, name: str = "") -> str:
    """What becomes of somebody's identity when it becomes `issuer|id`."""
    issuer, _, patient_id = patient.partition("|")
    given = {"00100020": patient_id, "00100021": issuer}
    made: dict[str, object] = {tag: {"vr": vr} for tag, vr in (IDENTITY | PERSON).items()}
    made |= {tag: {"vr": "LO", "Value": [text]} for tag, text in given.items() if text}
    if name:
        made["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": name}]}
    return json.dumps(made)


def edit(
    name: str, study: str = "1.2.1", series: str = "", **attributes: str
) -> entries.Correction:
    return entries.Correction(
        correction_id=name,
        study_instance_uid=study,
        series_instance_uid=series,
        action="edited",
        attributes=asked("series" if series else "study", **attributes).encode(),
        caller="me",
    )


def move(name: str, to: str, study: str = "1.2.1") -> entries.Correction:
    return entries.Correction(
        correction_id=name,
        study_instance_uid=study,
        action="moved",
        attributes=identity(to).encode(),
        to_patient=to,
        caller="me",
    )


def merge(name: str, patient: str, to: str) -> entries.Correction:
    return entries.Correction(
        correction_id=name,
        patient=patient,
        action="merged",
        attributes=identity(to).encode(),
        to_patient=to,
        caller="me",
    )


def undone(correction: entries.Correction) -> entries.Correction:
    return entries.Correction(
        correction_id=correction.correction_id,
        study_instance_uid=correction.study_instance_uid,
        series_instance_uid=correction.series_instance_uid,
        patient=correction.patient,
        action="undone",
        to_patient=correction.to_patient,
        caller="you",
    )
