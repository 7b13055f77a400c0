"""Corrections as rows, told in any order, and which studies they concern."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Literal, cast

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.applying import (
    Look,
    applying,
    gathered,
    patient_after,
    patient_subject,
    study_subject,
)
from isocenter.indexer.instances import Instance
from isocenter.indexer.patients import folded
from isocenter.ports.index import Among, MetadataIndex, Query
from isocenter.ports.index_rows import CorrectionRow, DeletionRow

UNDONE = "undone"
PAGE = 1_000


def corrected(row: CorrectionRow | None, entry: entries.Correction, version: int) -> CorrectionRow:
    """Fold in the correction itself; that it was taken back may have been read before."""
    made = CorrectionRow(
        entry.correction_id,
        patient_subject(entry.patient)
        if entry.patient
        else study_subject(entry.study_instance_uid),
        entry.study_instance_uid,
        entry.series_instance_uid,
        entry.patient,
        cast(Literal["edited", "moved", "merged"], entry.action),
        entry.attributes.decode("utf-8", "replace"),
        entry.to_patient,
        entry.caller,
        entry.reason,
        version,
    )
    if row is None:
        return made
    return replace(made, undone_version=row.undone_version, undone_by=row.undone_by)


def ended(row: CorrectionRow, deletions: Iterable[DeletionRow]) -> CorrectionRow:
    """Fold in the deletions of its study: one of the whole study ends what was corrected before.

    Taken back, the correction is in force again; carried out, nothing of what it said is left here.
    """
    if row.patient:
        return row
    later = [
        one
        for one in deletions
        if one.state != "undeleted" and not one.series_instance_uid and one.version > row.version
    ]
    row = replace(row, ended_version=max((one.version for one in later), default=0))
    if any(one.state == "purged" for one in later):
        row = replace(row, attributes="{}", reason="")
    return row


def undone(row: CorrectionRow | None, entry: entries.Correction, version: int) -> CorrectionRow:
    """Fold in that it was taken back; the first word on that stands."""
    row = row or replace(corrected(None, entry, 0), action="edited", attributes="{}")
    if row.undone_version and row.undone_version <= version:
        return row
    return replace(row, undone_version=version, undone_by=entry.caller)


def studies_of(index: MetadataIndex, row: CorrectionRow) -> Iterable[str]:
    """Studies that may look different now: its own, or all of the patient's and of whoever that patient became."""
    if not row.patient:
        return [row.study_instance_uid]
    rows = [row, *gathered(index.corrections, (), (row.patient, row.to_patient))]
    patients = {name for one in rows for name in (one.patient, one.to_patient) if name}
    return _shown_as(index, tuple(sorted(patients)))


def received_as(look: Look, instance: Instance, patients: Iterable[str]) -> str | None:
    """As which of `patients` its study came that now is shown as the patient of `instance`; None when as none."""
    study, series = instance.study_instance_uid, instance.series_instance_uid
    others = sorted({patient for patient in patients if patient != instance.patient})
    rows = gathered(look, [study], others)
    for patient in others:
        shown = patient_after(applying(rows, study, series, patient), patient)
        if folded(shown) == folded(instance.patient):
            return patient
    return None


def _shown_as(index: MetadataIndex, patients: tuple[str, ...]) -> list[str]:
    found: list[str] = []
    while True:
        query = Query("study", limit=PAGE, offset=len(found), among=Among(patients))
        page = index.search(query)
        found += [one.study_instance_uid for one in page]
        if len(page) < PAGE:
            return found
