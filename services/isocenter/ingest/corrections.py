"""Correct what is shown: edit, move a study to another patient, merge patients, and take any of it back.

Each is an entry in the journal; stored bytes are never touched. Whose a study is changes by moving and merging alone,
and only to a patient that a study here belongs to: no identity is typed in, none is guessed.
"""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Any

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.applying import gathered, patient_subject, study_subject
from isocenter.corrections.rules import IDENTITY, PERSON, attributes_of
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import Conflict, InvalidRequest, NotFound
from isocenter.ingest.deciding import ID_DIGITS, MAX_REASON_CHARACTERS, decided, require_caller
from isocenter.ingest.record import Recorder
from isocenter.ports.clock import Clock
from isocenter.ports.index import Among, Query
from isocenter.ports.index_rows import CorrectionRow, StudyRow
from isocenter.runtime.asking import Asking
from isocenter.runtime.audit import Auditor
from isocenter.runtime.caller import Action, Caller

UNDONE = "undone"
MAX_STUDIES = 10_000  # of a patient, looked through before a merge is undone


class Corrections:
    """Decides about corrections. The index is asked as `ask` does, the journal written in a thread."""

    def __init__(
        self, ask: Asking, recorder: Recorder, auditor: Auditor, clock: Clock, *, node: str
    ) -> None:
        self._index = ask.index
        self._ask = ask
        self._recorder = recorder
        self._auditor = auditor
        self._clock = clock
        self._node = node

    async def edit(
        self, study: str, series: str, asked: Mapping[str, Any], caller: Caller, reason: str
    ) -> CorrectionRow:
        """Show other values for attributes of a study, or of one series; later arrivals too. Durable on return.

        Said twice it is one correction. Raises NotFound, and InvalidRequest naming the attribute.
        """
        attributes = attributes_of(asked, "series" if series else "study")
        await self._ask(self._visible, study, series)
        entry = entries.Correction(
            study_instance_uid=study, series_instance_uid=series, action="edited"
        )
        return await self._decide(entry, attributes, study, caller, reason)

    async def edit_patient(
        self, study: str, asked: Mapping[str, Any], caller: Caller, reason: str
    ) -> CorrectionRow:
        """Show other values for all studies of a study's patient, those still to come included."""
        attributes = attributes_of(asked, "patient")
        row = await self._ask(self._visible, study, "")
        entry = entries.Correction(patient=_patient(row), action="edited")
        return await self._decide(entry, attributes, study, caller, reason)

    async def move(self, study: str, other: str, caller: Caller, reason: str) -> CorrectionRow:
        """Show a study as one of the patient whose the `other` study is. Raises NotFound, Conflict.

        To its own patient it moves what came under its UID for somebody else, and was let in.
        """
        row = await self._ask(self._visible, study, "")
        target = await self._ask(self._visible, other, "")
        entry = entries.Correction(study_instance_uid=study, action="moved")
        return await self._to(entry, row, target, caller, reason)

    async def merge(self, study: str, other: str, caller: Caller, reason: str) -> CorrectionRow:
        """Show all studies of a study's patient as the patient's whose the `other` study is; those to come too."""
        row = await self._ask(self._visible, study, "")
        target = await self._ask(self._visible, other, "")
        if row.patient == target.patient:
            raise Conflict("both studies are the same patient's already")
        entry = entries.Correction(patient=_patient(row), action="merged")
        return await self._to(entry, row, target, caller, reason)

    async def undo(self, correction_id: str, caller: Caller) -> CorrectionRow:
        """Take a correction back; what is shown is what the others make of it. Doing it again changes nothing."""
        require_caller(caller)
        row = await decided("correction", correction_id, self._standing)
        if row.undone_version:
            return row
        if await self._ask(self._mixes, row):
            raise Conflict(
                "images came under the new patient since: undone, a study would be two patients'"
            )
        entry = entries.Correction(
            correction_id=row.correction_id,
            study_instance_uid=row.study_instance_uid,
            series_instance_uid=row.series_instance_uid,
            patient=row.patient,
            action=UNDONE,
            to_patient=row.to_patient,
            caller=caller.name,
        )
        version = await asyncio.to_thread(self._write, entry, caller, row.study_instance_uid)
        return replace(row, undone_version=version, undone_by=caller.name)

    async def history(self, study: str) -> list[CorrectionRow]:
        """All that was ever corrected of a study and of its patient, undone or not, oldest first. Raises NotFound."""
        if not is_valid_uid(study):
            raise InvalidRequest("not a UID")
        return await self._ask(self._history, study)

    async def _to(
        self, entry: entries.Correction, row: StudyRow, to: StudyRow, caller: Caller, reason: str
    ) -> CorrectionRow:
        entry.to_patient = _patient(to)
        if row.patient == to.patient and row.study_instance_uid != to.study_instance_uid:
            raise Conflict("both studies are the same patient's already")
        document = json.loads(to.document)
        known = {tag: _copied(document.get(tag), vr) for tag, vr in (IDENTITY | PERSON).items()}
        return await self._decide(entry, known, row.study_instance_uid, caller, reason)

    async def _decide(
        self,
        entry: entries.Correction,
        attributes: dict[str, Any],
        study: str,
        caller: Caller,
        reason: str,
    ) -> CorrectionRow:
        require_caller(caller)
        if len(reason) > MAX_REASON_CHARACTERS:
            raise InvalidRequest("the reason is too long")
        entry.attributes = json.dumps(attributes, ensure_ascii=False, sort_keys=True).encode()
        standing = await self._ask(self._said_before, entry)
        if standing is not None:
            return standing
        version = self._clock.version()
        entry.correction_id = self._id(entry, version)
        entry.caller, entry.reason = caller.name, reason
        await asyncio.to_thread(self._write, entry, caller, study, version)
        return _row(entry, version)

    def _said_before(self, entry: entries.Correction) -> CorrectionRow | None:
        """The same correction, when it is the last one in force of its subject."""
        rows = self._index.corrections([_subject(entry)])
        standing = (row for row in reversed(rows) if not (row.undone_version or row.ended_version))
        last = next(standing, None)
        if last is None:
            return None
        same = (
            last.series_instance_uid == entry.series_instance_uid
            and last.action == entry.action
            and last.to_patient == entry.to_patient
            and last.attributes.encode() == entry.attributes
        )
        return last if same else None

    def _visible(self, study: str, series: str) -> StudyRow:
        if not is_valid_uid(study) or (series and not is_valid_uid(series)):
            raise InvalidRequest("not a UID")
        row = self._index.study(study)
        query = Query("series", study_instance_uid=study, series_instance_uid=series or None)
        if row is None or (series and not self._index.count(query)):
            raise NotFound("nothing visible carries this name")
        return row

    def _history(self, study: str) -> list[CorrectionRow]:
        states = self._index.states(study)
        row = self._index.study(study)
        if not states and row is None:
            raise NotFound("nothing of this study was indexed")
        patients = {state.patient for state in states} | ({row.patient} if row else set())
        return gathered(self._index.corrections, [study], sorted(patients - {""}))

    async def _standing(self, correction_id: str) -> CorrectionRow | None:
        return await self._ask(self._index.correction, correction_id)

    def _mixes(self, row: CorrectionRow) -> bool:
        """Whether a study has images that came under the patient it was given to, beside others."""
        if not row.to_patient:
            return False
        studies = [row.study_instance_uid] if row.study_instance_uid else self._shown_as(row)
        for study in studies:
            states = [state for state in self._index.states(study) if not state.held]
            patients = {state.patient.casefold() for state in states if not state.deleted}
            if len(patients) > 1 and row.to_patient.casefold() in patients:
                return True
        return False

    def _shown_as(self, row: CorrectionRow) -> list[str]:
        query = Query("study", limit=MAX_STUDIES, among=Among((row.to_patient,)))
        return [found.study_instance_uid for found in self._index.search(query)]

    def _id(self, entry: entries.Correction, version: int) -> str:
        name = f"{self._node}|{version}|{_subject(entry)}|{entry.series_instance_uid}"
        return sha256(name.encode()).hexdigest()[:ID_DIGITS]

    def _write(
        self, entry: entries.Correction, caller: Caller, study: str, version: int | None = None
    ) -> int:
        """`study` is the one that was looked at, also where all of its patient's are concerned."""
        detail = f"{entry.action} {entry.correction_id} {entry.series_instance_uid}"
        self._auditor.record_durably(caller, Action.CORRECT, study, "allowed", detail)
        return self._recorder.record(entry.study_instance_uid, [entry], version)


def _subject(entry: entries.Correction) -> str:
    if entry.patient:
        return patient_subject(entry.patient)
    return study_subject(entry.study_instance_uid)


def _patient(row: StudyRow) -> str:
    if not row.patient:
        raise Conflict("the study names no patient: an empty Patient ID is nobody's")
    return row.patient


def _copied(element: Any, vr: str) -> dict[str, Any]:
    """What the other patient has; values that lie elsewhere, and sequences, do not come along."""
    values = element.get("Value") if isinstance(element, Mapping) and vr != "SQ" else None
    return {"vr": vr, "Value": values} if values else {"vr": vr}


def _row(entry: entries.Correction, version: int) -> CorrectionRow:
    return CorrectionRow(
        entry.correction_id,
        _subject(entry),
        entry.study_instance_uid,
        entry.series_instance_uid,
        entry.patient,
        entry.action,  # type: ignore[arg-type]  # one of the actions
        entry.attributes.decode(),
        entry.to_patient,
        entry.caller,
        entry.reason,
        version,
    )
