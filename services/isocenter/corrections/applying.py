"""Which corrections apply to an instance: pure over what was decided, so undoing one leaves what the others make.

They are gone through in the order they were made. One of a patient applies to what is that patient's at that point,
however it came to be: as received, or moved or merged before.
"""

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256

from isocenter.ports.index_rows import CorrectionRow

Look = Callable[[Sequence[str]], list[CorrectionRow]]
MAX_PATIENTS = 64  # that a patient was merged into, one after the other


def study_subject(study_instance_uid: str) -> str:
    """What a correction of a study or series is kept under."""
    return f"study:{study_instance_uid}"


def patient_subject(patient: str) -> str:
    """What a correction of a patient is kept under; `patient` is `issuer|id`."""
    return f"patient:{patient}"


def gathered(look: Look, studies: Iterable[str], patients: Iterable[str]) -> list[CorrectionRow]:
    """All that may apply to these studies of these patients, undone ones too, those of whoever they became included."""
    found: dict[str, CorrectionRow] = {}
    asked: set[str] = set()
    wanted = [study_subject(one) for one in dict.fromkeys(studies)]
    wanted += [patient_subject(one) for one in dict.fromkeys(patients) if one]
    while wanted and len(asked) < MAX_PATIENTS + len(wanted):
        asked.update(wanted)
        rows = look(wanted)
        found |= {row.correction_id: row for row in rows}
        became = (patient_subject(row.to_patient) for row in rows if row.to_patient)
        wanted = [one for one in dict.fromkeys(became) if one not in asked]
    return sorted(found.values(), key=lambda row: (row.version, row.correction_id))


def applying(
    rows: Iterable[CorrectionRow], study: str, series: str, patient: str
) -> tuple[CorrectionRow, ...]:
    """Those in force for a series of a study, in their order; UIDs and `patient` (`issuer|id`) as received.

    An empty `series` asks for what applies to the study as a whole.
    """
    chosen: list[CorrectionRow] = []
    for row in rows:
        if row.undone_version or row.ended_version or not _is_about(row, study, series, patient):
            continue
        chosen.append(row)
        patient = row.to_patient or patient
    return tuple(chosen)


def patient_after(rows: Iterable[CorrectionRow], patient: str) -> str:
    """Whose it is, after these."""
    for row in rows:
        patient = row.to_patient or patient
    return patient


def edit_version(rows: Sequence[CorrectionRow]) -> int:
    """A number that says which corrections are applied, 0 for none; the same ones always have the same."""
    if not rows:
        return 0
    names = "\n".join(row.correction_id for row in rows)
    return int.from_bytes(sha256(names.encode()).digest()[:6], "big") | 1


def _is_about(row: CorrectionRow, study: str, series: str, patient: str) -> bool:
    if row.patient:
        return row.patient == patient
    return row.study_instance_uid == study and row.series_instance_uid in ("", series)
