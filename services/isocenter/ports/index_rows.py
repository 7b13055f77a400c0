"""What lies in the index: rows as the indexer writes them and readers see them, and the batch that changes them."""

from dataclasses import dataclass, field
from typing import Literal

from isocenter.ports.journal import Position, Stream


@dataclass(frozen=True, slots=True)
class InstanceRow:
    """One received data set, keyed by (`sop_instance_uid`, `digest`); UIDs are as received."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    digest: str
    version: int  # of the newest receipt of these bytes
    node: str
    first_version: int  # of the first receipt since the last deletion
    sop_class_uid: str
    transfer_syntax_uid: str
    object_key: str
    size_bytes: int
    dataset_offset: int
    deflated: bool
    pixel_data: bytes  # encoded journal.v1.PixelData, empty when there is none
    document: bytes  # DICOM JSON object, UTF-8, without Pixel Data; BulkDataURI relative to the study's URL
    patient: str  # "issuer|id" normalised; empty for nobody
    instance_number: int | None
    number_of_frames: int
    findings: tuple[tuple[str, str, str], ...]  # code, tag, message
    current: bool
    held: bool
    deleted: bool
    edit_version: int = 0
    receipts: tuple[tuple[int, str], ...] = ()  # (version, node) of every receipt, oldest first


@dataclass(frozen=True, slots=True)
class InstanceState:
    """The part of a row that decisions are made of."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    digest: str
    version: int
    node: str
    first_version: int
    transfer_syntax_uid: str
    patient: str
    current: bool
    held: bool
    deleted: bool
    receipts: tuple[tuple[int, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Flags:
    """A change of what is shown; the row itself stays."""

    sop_instance_uid: str
    digest: str
    current: bool
    held: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Claim:
    """`subject` belongs to `owner`, first come first served, until a purge frees it.

    Instance: subject `sop:<uid>`, owner `<study>/<series>/<patient>`. Study: subject `study:<uid>`, owner `<patient>`.
    """

    subject: str
    owner: str
    study_instance_uid: str


@dataclass(frozen=True, slots=True)
class SeriesRow:
    """A recomputed series document. `answer` is the default QIDO answer as bytes, `document` all attributes."""

    study_instance_uid: str
    series_instance_uid: str
    version: int
    answer: bytes
    document: bytes


@dataclass(frozen=True, slots=True)
class StudyRow:
    """A recomputed study document.

    `last_change_ms` is the wall time of the last visible change (quiet since then); `revision` is that of the last
    completion, 0 for none; `complete` tells whether nothing changed since.
    """

    study_instance_uid: str
    version: int
    answer: bytes
    document: bytes
    patient: str
    instances: int
    last_change_ms: int
    revision: int
    complete: bool
    provisional: bool = False
    edit_version: int = 0
    completed_at: Position | None = None  # the last completion's entry, with the manifest
    words: tuple[
        str, ...
    ] = ()  # it is found by, folded (`dicom.words`); of letters and digits only


@dataclass(frozen=True, slots=True)
class DeletionRow:
    """A deletion in force or taken back."""

    deletion_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    version: int
    caller: str
    reason: str
    purge_after_ms: int
    state: Literal["deleted", "undeleted", "purged"]


@dataclass(frozen=True, slots=True)
class HoldRow:
    """A held instance, with who stands in its way and why."""

    hold_id: str
    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    digest: str
    receipt_version: int
    reason: str
    standing_study_instance_uid: str
    standing_series_instance_uid: str
    state: Literal["held", "released", "dropped"]
    handled_version: int = 0  # of the decision that ended it


@dataclass(frozen=True, slots=True)
class QuarantineRow:
    """Something in quarantine; repeats of the same bytes are folded and counted."""

    digest: str
    object_key: str
    size_bytes: int
    reason: str
    message: str
    transfer_syntax_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    sender: str
    version: int
    repeats: int
    state: Literal["quarantined", "released", "dropped"]


@dataclass(frozen=True, slots=True)
class CorrectionRow:
    """What a person corrected, of a study (`subject` is `study:<uid>`) or of a patient (`patient:<issuer|id>`)."""

    correction_id: str
    subject: str
    study_instance_uid: str  # empty for a patient's
    series_instance_uid: str  # empty for the whole study
    patient: str  # `issuer|id`; empty for a study's
    action: Literal["edited", "moved", "merged"]
    attributes: str  # DICOM JSON object of the elements that are shown instead
    to_patient: str  # whose it is from then on; empty where that stays
    caller: str
    reason: str
    version: int
    undone_version: int = 0  # of the entry that took it back; 0 while it is in force
    undone_by: str = ""
    ended_version: int = (
        0  # of the deletion of its study: what comes under that UID later starts afresh
    )


@dataclass(frozen=True, slots=True)
class SeriesSummary:
    """What a series document is recomputed from: its visible instances (current, not held, not deleted)."""

    series_instance_uid: str
    instances: int
    version: int  # greatest of its rows
    sop_class_uids: tuple[str, ...]
    representative: bytes  # document of the visible instance with the least first_version, then UID
    first_version: int = 0  # of the representative


@dataclass(slots=True)
class IndexBatch:
    """Everything one step of the indexer changes; see `MetadataIndex.write`."""

    instances: list[InstanceRow] = field(default_factory=list)
    flags: list[Flags] = field(default_factory=list)
    deletions: list[DeletionRow] = field(default_factory=list)
    holds: list[HoldRow] = field(default_factory=list)
    quarantines: list[QuarantineRow] = field(default_factory=list)
    corrections: list[CorrectionRow] = field(default_factory=list)
    series: list[SeriesRow] = field(default_factory=list)
    studies: list[StudyRow] = field(default_factory=list)
    # (study, series) without visible instances
    gone_series: list[tuple[str, str]] = field(default_factory=list)
    gone_studies: list[str] = field(default_factory=list)
    purged: list[tuple[str, str]] = field(default_factory=list)  # (sop, digest) rows to forget
    freed_claims: list[str] = field(default_factory=list)  # subjects
    # (study, since_ms): to be recomputed
    dirty_studies: list[tuple[str, int]] = field(default_factory=list)
    positions: dict[Stream, int] = field(default_factory=dict)
