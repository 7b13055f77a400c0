"""Rows of the tables as the port's values."""

import json
from typing import Any

from isocenter.adapters.index.documents import pack, unpack
from isocenter.ports.index_rows import (
    CorrectionRow,
    DeletionRow,
    HoldRow,
    InstanceRow,
    InstanceState,
    QuarantineRow,
    StudyRow,
)
from isocenter.ports.journal import Position

Row = tuple[Any, ...]

STATE = (
    "s.uid, e.uid, i.sop, i.digest, i.version, i.node, i.first_version, i.transfer_syntax, i.patient, "
    "i.current, i.held, i.deleted, i.receipts"
)
INSTANCE = (
    "s.uid, e.uid, i.sop, i.digest, i.version, i.node, i.first_version, i.sop_class, i.transfer_syntax, "
    "i.object_key, i.size_bytes, i.dataset_offset, i.deflated, i.pixel_data, i.document, i.patient, "
    "i.instance_number, i.number_of_frames, i.findings, i.current, i.held, i.deleted, i.edit_version, i.receipts"
)
STUDY = (
    "s.uid, s.version, d.answer, d.document, s.patient, s.instances, s.last_change_ms, s.revision, s.complete, "
    "s.provisional, s.edit_version, s.completed_at, "
    "coalesce((SELECT words FROM study_words WHERE study = s.id), '')"
)
DELETION = "deletion_id, study, series, sop, version, caller, reason, purge_after_ms, state"
HOLD = (
    "hold_id, study, series, sop, digest, receipt_version, "
    "reason, standing_study, standing_series, state, handled_version"
)
QUARANTINE = (
    "digest, object_key, size_bytes, reason, message, transfer_syntax, sop, study, sender, version, "
    "repeats, state"
)
CORRECTION = (
    "correction_id, subject, study, series, patient, action, attributes, to_patient, caller, reason, version, "
    "undone_version, undone_by, ended_version"
)
INSTANCE_COLUMNS = (
    "series, sop, digest, visible, current, held, deleted, version, node, first_version, sop_class, transfer_syntax, "
    "object_key, size_bytes, dataset_offset, deflated, patient, instance_number, number_of_frames, edit_version, "
    "findings, receipts, pixel_data, document"
)


def key_of(row: InstanceRow) -> str:
    """The object key that follows from a row's identity; kept only where it differs."""
    return f"instances/{row.study_instance_uid}/{row.series_instance_uid}/{row.sop_instance_uid}~{row.digest[:32]}.dcm"


def instance_params(row: InstanceRow, series: int) -> Row:
    """A row in the order of INSTANCE_COLUMNS."""
    visible = row.current and not row.held and not row.deleted
    return (
        *(series, row.sop_instance_uid, row.digest, visible, row.current, row.held, row.deleted),
        *(row.version, row.node, row.first_version, row.sop_class_uid, row.transfer_syntax_uid),
        "" if row.object_key == key_of(row) else row.object_key,
        *(row.size_bytes, row.dataset_offset, row.deflated, row.patient, row.instance_number),
        *(row.number_of_frames, row.edit_version, json.dumps(row.findings) if row.findings else ""),
        *(json.dumps(row.receipts) if row.receipts else "", row.pixel_data, pack(row.document)),
    )


def instance_of(row: Row) -> InstanceRow:
    """An InstanceRow of the columns INSTANCE."""
    fields = list(row)
    study, series, sop, digest = fields[:4]
    fields[9] = fields[9] or f"instances/{study}/{series}/{sop}~{digest[:32]}.dcm"
    fields[12] = bool(fields[12])
    fields[14] = unpack(fields[14])
    fields[18] = _tuples(fields[18])
    fields[19:22] = map(bool, fields[19:22])
    fields[23] = _tuples(fields[23])
    return InstanceRow(*fields)


def _tuples(text: str) -> tuple[Any, ...]:
    return tuple(map(tuple, json.loads(text))) if text else ()


def state_of(row: Row) -> InstanceState:
    """An InstanceState of the columns STATE."""
    fields = list(row)
    fields[9:12] = map(bool, fields[9:12])
    fields[12] = _tuples(fields[12])
    return InstanceState(*fields)


def study_of(row: Row) -> StudyRow:
    """A StudyRow of the columns STUDY."""
    fields = list(row)
    fields[3] = unpack(fields[3])
    fields[8:10] = map(bool, fields[8:10])
    fields[11] = Position(*json.loads(fields[11])) if fields[11] else None
    fields[12] = tuple(fields[12].split())
    return StudyRow(*fields)


def deletion_of(row: Row) -> DeletionRow:
    """A DeletionRow of the columns DELETION."""
    return DeletionRow(*row)


def hold_of(row: Row) -> HoldRow:
    """A HoldRow of the columns HOLD."""
    return HoldRow(*row)


def quarantine_of(row: Row) -> QuarantineRow:
    """A QuarantineRow of the columns QUARANTINE."""
    return QuarantineRow(*row)


def correction_of(row: Row) -> CorrectionRow:
    """A CorrectionRow of the columns CORRECTION."""
    return CorrectionRow(*row)
