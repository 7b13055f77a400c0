"""What becomes of studies in a step: they arrive, they change, they are gone."""

from dataclasses import dataclass, replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.applying import gathered
from isocenter.events.entries import EntryKind
from isocenter.events.versions import version_ms
from isocenter.indexer.changes import Changes
from isocenter.indexer.decided import Completed, Decided, Decision
from isocenter.indexer.instances import Instance
from isocenter.indexer.step import Step
from isocenter.indexer.summary import SummedStudy, patients_of, sum_up
from isocenter.ports.index_rows import InstanceRow, SeriesRow, SeriesSummary, StudyRow


@dataclass(frozen=True, slots=True)
class Stamp:
    """The moment of a step: rows written later have a greater version."""

    version: int
    now_ms: int
    default_issuer: str


def note_studies(step: Step, changes: Changes, stamp: Stamp) -> None:
    """Add to the batch what the step means for its studies; decide arrivals and departures.

    The first instances of an unknown study make a provisional row at once; any other change marks the study dirty.
    """
    for study in sorted(changes.visible):
        rows = step.working.of_study(study)
        standing = step.index.study(study)
        if study in step.working.whole:
            _note_gone_series(study, step, changes)
            if not any(row.is_visible for row in rows):
                if standing is not None:
                    changes.batch.gone_studies.append(study)
                    _depart(step, study, changes)
                continue
        if standing is None:
            _arrive(step, study, changes)
            _add_provisional(study, step, changes, stamp)
        changes.batch.dirty_studies.append((study, stamp.now_ms))
    changes.batch.dirty_studies += [
        (study, stamp.now_ms) for study in sorted(step.notes.corrected - changes.visible.keys())
    ]


def rows_of(
    study: str, summed: SummedStudy, version: int, last_change_ms: int, completed: Completed
) -> tuple[StudyRow, list[SeriesRow]]:
    """Rows of a study as just summed up, not complete."""
    row = StudyRow(
        study,
        version,
        summed.study.answer,
        summed.study.document,
        summed.patient,
        summed.instances,
        last_change_ms,
        completed.revision,
        complete=False,
        edit_version=summed.edit_version,
        completed_at=completed.at,
        words=summed.words,
    )
    series = [
        SeriesRow(study, uid, version, one.answer, one.document)
        for uid, one in summed.series.items()
    ]
    return row, series


def _note_gone_series(study: str, step: Step, changes: Changes) -> None:
    instances = [*step.working.of_study(study), *_forgotten(study, step)]
    before = {
        instance.series_instance_uid
        for instance in instances
        if step.working.before(instance.key).is_visible
    }
    after = {instance.series_instance_uid for instance in instances if instance.is_visible}
    changes.batch.gone_series += [(study, series) for series in sorted(before - after)]


def _forgotten(study: str, step: Step) -> list[Instance]:
    return [
        instance
        for instance in step.working.touched.values()
        if instance.forgotten and instance.study_instance_uid == study
    ]


def _arrive(step: Step, study: str, changes: Changes) -> None:
    first = min(row.first[0] for row in step.working.of_study(study) if row.is_visible)
    message = entries.Arrival(study_instance_uid=study, receipt_version=first)
    changes.turned.add(study)
    if not _is_decided(step, study, present=True):
        changes.decisions.append(Decision(EntryKind.ARRIVAL, study, message))


def _depart(step: Step, study: str, changes: Changes) -> None:
    version = max(step.working.deleted_at(study), step.notes.told_version.get(study, 0))
    message = entries.Departure(study_instance_uid=study, deletion_version=version)
    changes.turned.add(study)
    if not _is_decided(step, study, present=False):
        changes.decisions.append(Decision(EntryKind.DEPARTURE, study, message))


def _is_decided(step: Step, study: str, *, present: bool) -> bool:
    """Whether the coming or going was written down before; in a replay the last word on the study counts."""
    decided: Decided = step.decided
    if step.mode == "trusted":
        return True
    if step.mode == "replay":
        return study in decided.present
    return decided.present.get(study) == present


def _add_provisional(study: str, step: Step, changes: Changes, stamp: Stamp) -> None:
    """Only when all that is visible came with this step; what a person brought back is summed up after the write."""
    made = [
        row
        for row in changes.batch.instances
        if row.study_instance_uid == study and row.current and not (row.held or row.deleted)
    ]
    visible = sum(1 for row in step.working.of_study(study) if row.current)
    if not made or len(made) != visible:
        return
    summaries = _summaries(made)
    patients = patients_of(summaries, stamp.default_issuer)
    corrections = gathered(step.corrections, [study], patients)
    summed = sum_up(study, summaries, stamp.default_issuer, corrections)
    completed = step.decided.completed.get(study, Completed())
    last_change_ms = version_ms(changes.visible[study])
    row, series = rows_of(study, summed, stamp.version, last_change_ms, completed)
    changes.batch.studies.append(replace(row, provisional=True))
    changes.batch.series += series


def _summaries(rows: list[InstanceRow]) -> list[SeriesSummary]:
    by_series: dict[str, list[InstanceRow]] = {}
    for row in rows:
        by_series.setdefault(row.series_instance_uid, []).append(row)
    return [_summary(series, by_series[series]) for series in sorted(by_series)]


def _summary(series: str, rows: list[InstanceRow]) -> SeriesSummary:
    speaking = min(rows, key=lambda row: (row.first_version, row.sop_instance_uid))
    return SeriesSummary(
        series,
        len(rows),
        max(row.version for row in rows),
        tuple(sorted({row.sop_class_uid for row in rows})),
        speaking.document,
        speaking.first_version,
    )
