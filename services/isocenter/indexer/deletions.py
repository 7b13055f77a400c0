"""Deletions, taken back or carried out; told in any order."""

from dataclasses import replace

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.ports.index_rows import DeletionRow


def deleted(row: DeletionRow | None, entry: entries.Deletion, version: int) -> DeletionRow:
    """Fold in the deletion itself; what is known of it already had been read too early."""
    return DeletionRow(
        entry.deletion_id,
        entry.study_instance_uid,
        entry.series_instance_uid,
        entry.sop_instance_uid,
        version,
        entry.caller,
        entry.reason,
        entry.purge_after_ms,
        row.state if row else "deleted",
    )


def undeleted(row: DeletionRow | None, entry: entries.Undeletion) -> DeletionRow:
    """Fold in that it was taken back."""
    if row is None:
        row = _unread(entry.deletion_id, entry.study_instance_uid)
    return row if row.state == "purged" else replace(row, state="undeleted")


def purged(row: DeletionRow | None, entry: entries.Purge) -> DeletionRow:
    """Fold in that the bytes are gone."""
    return replace(row or _unread(entry.deletion_id, entry.study_instance_uid), state="purged")


def _unread(deletion_id: str, study_instance_uid: str) -> DeletionRow:
    """A deletion of which only the sequel was read so far; it covers nothing, having version 0."""
    return DeletionRow(deletion_id, study_instance_uid, "", "", 0, "", "", 0, "deleted")
