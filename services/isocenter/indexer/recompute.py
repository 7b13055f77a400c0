"""Series and study documents, made anew from all visible instances: never counted up or down."""

from isocenter.events.versions import version_ms
from isocenter.indexer.decided import Completed
from isocenter.indexer.follow import Follower
from isocenter.indexer.studies import rows_of
from isocenter.indexer.summary import sum_up
from isocenter.ports.clock import Clock
from isocenter.ports.index_rows import IndexBatch, StudyRow


def recompute(follower: Follower, study: str, clock: Clock, default_issuer: str) -> StudyRow | None:
    """Write the documents of a study from what is visible now; None when nothing is."""
    index = follower.index
    standing = index.study(study)
    summaries = index.summarise(study)
    if not summaries:
        follower.write(IndexBatch(gone_studies=[study]))
        follower.changed.pop(study, None)
        return None
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
    follower.write(IndexBatch(studies=[row], series=series))
    follower.changed.pop(study, None)
    return row
