"""Series and study documents, made anew from all visible instances: never counted up or down."""

from collections.abc import Sequence

from isocenter.events.versions import version_ms
from isocenter.indexer.decided import Completed
from isocenter.indexer.follow import Follower
from isocenter.indexer.studies import rows_of
from isocenter.indexer.summary import sum_up
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
        for study in chunk:
            _sum_up(follower, study, clock, default_issuer, batch)
        follower.write(batch)
        for study in chunk:
            follower.changed.pop(study, None)
        rows |= {row.study_instance_uid: row for row in batch.studies}
    return rows


def _sum_up(
    follower: Follower, study: str, clock: Clock, default_issuer: str, batch: IndexBatch
) -> None:
    index = follower.index
    standing = index.study(study)
    summaries = index.summarise(study)
    if not summaries:
        batch.gone_studies.append(study)
        return
    summed = sum_up(study, summaries, default_issuer)
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
