"""Series and study documents, made anew from all visible instances: never counted up or down."""

from collections.abc import Sequence

from isocenter.corrections.applying import gathered
from isocenter.events.versions import version_ms
from isocenter.indexer.decided import Completed
from isocenter.indexer.follow import Follower
from isocenter.indexer.studies import rows_of
from isocenter.indexer.summary import SummedStudy, patients_of, sum_up
from isocenter.ports.clock import Clock
from isocenter.ports.index_rows import IndexBatch, StudyRow

MAX_AT_ONCE = (
    100  # studies in a write, which costs a transaction, or several requests and a refresh
)


def recompute(
    follower: Follower, studies: Sequence[str], clock: Clock, default_issuer: str
) -> dict[str, StudyRow]:
    """Write the documents of studies from what is visible now; those of which nothing is have no row."""
    rows: dict[str, StudyRow] = {}
    for start in range(0, len(studies), MAX_AT_ONCE):
        chunk = studies[start : start + MAX_AT_ONCE]
        batch = IndexBatch()
        summaries = {study: follower.index.summarise(study) for study in chunk}
        every = [one for series in summaries.values() for one in series]
        patients = patients_of(every, default_issuer)
        corrections = gathered(follower.index.corrections, chunk, patients)
        for study, series in summaries.items():
            if series:
                summed = sum_up(study, series, default_issuer, corrections)
                _add(follower, study, summed, clock, batch)
            else:
                batch.gone_studies.append(study)
        follower.write(batch)
        for study in chunk:
            follower.changed.pop(study, None)
        rows |= {row.study_instance_uid: row for row in batch.studies}
    return rows


def _add(
    follower: Follower, study: str, summed: SummedStudy, clock: Clock, batch: IndexBatch
) -> None:
    standing = follower.index.study(study)
    if standing is not None and follower.mode == "live":
        completed = Completed(standing.revision, standing.completed_at)
    else:
        completed = follower.decided.completed.get(study, Completed())
    last_change_ms = max(
        standing.last_change_ms if standing is not None else 0,
        version_ms(summed.version),
        version_ms(follower.changed.get(study, 0)),
    )
    version = max(clock.version(), standing.version + 1 if standing is not None else 0)
    row, series = rows_of(study, summed, version, last_change_ms, completed)
    batch.studies.append(row)
    batch.series += series
