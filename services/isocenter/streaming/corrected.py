"""Rows and matches with what people corrected of them, looked up in the index; the view makes them look so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields, replace

from isocenter.corrections.applying import applying, edit_version, gathered
from isocenter.corrections.documents import Edited, edited_of
from isocenter.ports.index import Found, IndexReader, Query
from isocenter.ports.index_rows import CorrectionRow, InstanceRow
from isocenter.streaming.view import Viewed, view

MAX_KEPT = 1_000  # studies


@dataclass(frozen=True, slots=True)
class CorrectedRow(InstanceRow):
    """A row whose document is as it is to be seen; `edited` is how that differs from what was received."""

    edited: Edited | None = None


class Corrections:
    """Looks them up, study by study, and keeps them until told to forget; safe to call from many threads."""

    def __init__(self, index: IndexReader) -> None:
        self._index = index
        self._kept: dict[tuple[str, frozenset[str]], list[CorrectionRow]] = {}

    def forget(self) -> None:
        """The index has changed."""
        self._kept.clear()

    def rows(self, rows: Sequence[InstanceRow]) -> list[InstanceRow]:
        """Rows as they are to be seen."""
        if not rows:
            return []
        study = rows[0].study_instance_uid
        known = self._of(study, {row.patient for row in rows})
        return [_corrected(row, known) for row in rows] if known else list(rows)

    def found(self, query: Query, found: Sequence[Found]) -> list[Found]:
        """Matches as they are to be seen; studies and series are so in the index, whole instances are not."""
        if query.level != "instance" or not query.full:
            return list(found)
        edited = {one.study_instance_uid for one in found if one.edit_version}
        patients = {study: self._patients(study) for study in edited}
        known = {study: self._of(study, set(of.values())) for study, of in patients.items()}
        return [
            self._match(one, known[study], patients[study])
            if (study := one.study_instance_uid) in edited
            else one
            for one in found
        ]

    @staticmethod
    def _match(one: Found, known: Sequence[CorrectionRow], patients: dict[str, str]) -> Found:
        study, series = one.study_instance_uid, one.series_instance_uid
        rows = applying(known, study, series, patients.get(one.sop_instance_uid, ""))
        viewed = Viewed(study, series, one.sop_instance_uid, edited=edited_of(one.content, rows))
        return replace(one, content=bytes(view(viewed, "document", (one.content,))[0]))

    def _patients(self, study: str) -> dict[str, str]:
        """Whose each visible instance is, as received."""
        states = self._index.states(study)
        return {state.sop_instance_uid: state.patient for state in states if state.current}

    def _of(self, study: str, patients: Iterable[str]) -> list[CorrectionRow]:
        key = (study, frozenset(patients))
        known = self._kept.get(key)
        if known is None:
            known = gathered(self._index.corrections, [study], sorted(key[1]))
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            self._kept[key] = known
        return known


def _corrected(row: InstanceRow, known: Sequence[CorrectionRow]) -> InstanceRow:
    rows = applying(known, row.study_instance_uid, row.series_instance_uid, row.patient)
    edited = edited_of(row.document, rows)
    if not edited.changes:
        return row
    viewed = Viewed(
        row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid, edited=edited
    )
    own = {one.name: getattr(row, one.name) for one in fields(row)}
    own["document"] = bytes(view(viewed, "document", (row.document,))[0])
    own["edit_version"] = edit_version(rows)
    return CorrectedRow(**own, edited=edited)
