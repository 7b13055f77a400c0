"""What a purge may remove: pure decisions over rows and deletions, made before and again after bytes are moved away."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from isocenter.api.journal.v1.entries_pb2 import Correction, Receipt
from isocenter.dicom.keys import DIGEST_IN_KEY, InstanceKey
from isocenter.dicom.uids import partition_of
from isocenter.events.entries import EntryKind
from isocenter.ports.index_rows import DeletionRow, InstanceState
from isocenter.ports.journal import Entry

PURGED_PREFIX = "purged/"


def is_covered(row: InstanceState, deletion: DeletionRow) -> bool:
    """Tell whether the deletion speaks of this row and of its newest receipt."""
    return (
        row.study_instance_uid == deletion.study_instance_uid
        and deletion.series_instance_uid in ("", row.series_instance_uid)
        and deletion.sop_instance_uid in ("", row.sop_instance_uid)
        and row.version < deletion.version
    )


def may_go(row: InstanceState, due: Iterable[DeletionRow]) -> bool:
    """Tell whether the bytes of this row may go: hidden by a deletion whose grace time is over, and not sent again."""
    return row.deleted and any(is_covered(row, deletion) for deletion in due)


def key_of(row: InstanceState) -> str:
    """Where the row's bytes are."""
    return InstanceKey(
        row.study_instance_uid, row.series_instance_uid, row.sop_instance_uid, row.digest
    ).object_key


def away(key: str) -> str:
    """Where bytes wait for the end of their purge."""
    return PURGED_PREFIX + key


def study_of(key: str) -> str:
    """Study of an instance's key, empty when it is none."""
    parts = key.split("/")
    return parts[1] if len(parts) == 4 and parts[0] == "instances" else ""


def row_of(key: str, rows: Sequence[InstanceState]) -> InstanceState | None:
    """Find the row whose bytes stand at a key."""
    digest_start = key.rpartition("~")[2][:DIGEST_IN_KEY]
    for row in rows:
        if row.digest.startswith(digest_start) and key_of(row) == key:
            return row
    return None


def header_of(deletions: Sequence[DeletionRow]) -> Callable[[Entry], bool]:
    """Give the question whether a journal entry holds the header of something deleted, or what was corrected of it."""
    by_study: defaultdict[str, list[DeletionRow]] = defaultdict(list)
    for deletion in deletions:
        by_study[deletion.study_instance_uid].append(deletion)
    partitions = {partition_of(study) for study in by_study}

    def is_header(entry: Entry) -> bool:
        if entry.partition not in partitions:
            return False
        if entry.kind == EntryKind.CORRECTION:
            study = Correction.FromString(entry.payload).study_instance_uid
            return any(
                not deletion.series_instance_uid and entry.version < deletion.version
                for deletion in by_study.get(study, ())
            )
        if entry.kind != EntryKind.RECEIPT:
            return False
        receipt = Receipt.FromString(entry.payload)
        return any(
            deletion.series_instance_uid in ("", receipt.series_instance_uid)
            and deletion.sop_instance_uid in ("", receipt.sop_instance_uid)
            and entry.version < deletion.version
            for deletion in by_study.get(receipt.study_instance_uid, ())
        )

    return is_header


def projections_of(deletion: DeletionRow) -> list[str]:
    """Prefixes of what was made of the deleted instances; what else is under them is made again."""
    study, series = deletion.study_instance_uid, deletion.series_instance_uid
    if not series:
        return [f"renditions/{study}/", f"series/{study}/"]
    return [f"renditions/{study}/{series}/", f"series/{study}/{series}."]


def quarantine_keys(object_key: str) -> list[str]:
    """The bytes in quarantine and the note beside them."""
    return [object_key, f"{object_key.removesuffix('.bin')}.json"]
