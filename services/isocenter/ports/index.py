"""MetadataIndex: what can be found. A projection: dropped and rebuilt from the journal at any time.

Readers open it read-only in their own process; only the indexer opens it for writing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from isocenter.dicom.matching import Match
from isocenter.ports.index_rows import (
    Claim,
    CorrectionRow,
    DeletionRow,
    HoldRow,
    IndexBatch,
    InstanceRow,
    InstanceState,
    QuarantineRow,
    SeriesSummary,
    StudyRow,
)
from isocenter.ports.journal import Stream

Level = Literal["study", "series", "instance"]


@dataclass(frozen=True, slots=True)
class Among:
    """A circle of studies: those of `patients`, named as in `StudyRow.patient`, and `studies`; empty is none."""

    patients: tuple[str, ...] = ()
    studies: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Query:
    """A search at one level; conditions are and-ed. `order` holds tags, `-` before one for descending.

    Without `order`: newest study first at every level, inside it series by number, inside those instances by number.
    An attribute without a value sorts before all values; StudyDate means date and time. Ties are broken by UID, so
    paging is stable.
    """

    level: Level
    conditions: tuple[Match, ...] = ()
    study_instance_uid: str | None = None
    series_instance_uid: str | None = None
    order: tuple[str, ...] = ()
    limit: int = 100
    offset: int = 0
    full: bool = False  # whole documents instead of default answers
    among: Among | None = None  # nothing outside this circle, whatever the conditions say
    words: tuple[str, ...] = ()  # each begins one of the study's words, `StudyRow.words`


@dataclass(frozen=True, slots=True)
class Found:
    """One match. `content` is the default answer, or the whole document when the query asked for it.

    Series and instance matches of a query across studies carry the attributes of their study (and series) too.
    """

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    content: bytes
    edit_version: int


class IndexReader(Protocol):
    """The reading half; blocking, safe to call from many threads. Shows only what is current, not held and not deleted.

    Errors: Unavailable, Corrupted (rebuild it), InvalidRequest (a condition or order that is not possible),
    LimitExceeded (a search over attributes without an index took too long).
    """

    @property
    def is_local(self) -> bool:
        """Whether answers take microseconds, so that an event loop may ask inline; else they take a network's time."""

    def search(self, query: Query) -> list[Found]:
        """Matches in the query's order, all of PS3.4 C.2.2.2 that `dicom.matching` can express."""

    def count(self, query: Query, at_most: int = 100_000) -> int:
        """How many match, limit and offset left aside; counting stops at `at_most`."""

    def instances(
        self, study: str, series: str | None = None, sop: str | None = None
    ) -> list[InstanceRow]:
        """Visible instances, ordered by series number, instance number, UID. Empty when there are none."""

    def study(self, study: str) -> StudyRow | None:
        """The study's row when it is visible."""

    def states(self, study: str) -> list[InstanceState]:
        """All rows of a study as received, hidden ones too: for status, purge and verification."""

    def holds(
        self, state: str = "held", study: str | None = None, limit: int = 100, after: str = ""
    ) -> list[HoldRow]:
        """Holds in one state, by hold id."""

    def quarantines(
        self,
        state: str = "quarantined",
        study: str | None = None,
        limit: int = 100,
        after: str = "",
    ) -> list[QuarantineRow]:
        """Quarantined things in one state, by digest."""

    def deletions(
        self, state: str = "deleted", limit: int = 100, after: str = ""
    ) -> list[DeletionRow]:
        """Deletions in one state, by id."""

    def corrections(self, subjects: Sequence[str]) -> list[CorrectionRow]:
        """All corrections of these subjects, undone ones too, by version and id."""

    def correction(self, correction_id: str) -> CorrectionRow | None:
        """One correction, in force or undone."""

    def positions(self) -> dict[Stream, int]:
        """Last applied sequence of every journal stream."""

    def totals(self) -> dict[str, int]:
        """Visible `studies`, `series`, `instances`, and open `holds`, `quarantines`, `deletions`."""

    def generation(self) -> int:
        """Rises with every write that may change an answer, in any process: for caches. Positions alone do not."""

    def close(self) -> None:
        """Let go of files and connections."""


class MetadataIndex(IndexReader, Protocol):
    """The writing half, held by the indexer."""

    def claim(self, claims: Sequence[Claim]) -> dict[str, str]:
        """Create the claims that do not stand yet; return the owner that stands for each subject.

        Nobody else can be given the same subject once this returned; durable with the next `write` at the latest.
        """

    def check_writer(self) -> None:
        """Raise Unavailable when another process has become the writer; asked of the index itself, now.

        Before something is written elsewhere that only the writer may decide.
        """

    def standing(self, subjects: Iterable[str]) -> dict[str, str]:
        """The owner of each subject that has one; creates nothing."""

    def known(self, sop_instance_uids: Iterable[str]) -> dict[str, list[InstanceState]]:
        """All rows of each SOP Instance UID, hidden ones too."""

    def deletion(self, deletion_id: str) -> DeletionRow | None:
        """One deletion."""

    def deletions_of(self, studies: Iterable[str]) -> dict[str, list[DeletionRow]]:
        """Deletions of these studies that are not taken back."""

    def hold(self, hold_id: str) -> HoldRow | None:
        """One hold, in any state."""

    def quarantine(self, digest: str) -> QuarantineRow | None:
        """One quarantined thing, in any state."""

    def row(self, sop: str, digest: str) -> InstanceRow | None:
        """One row, hidden or not."""

    def write(self, batch: IndexBatch) -> None:
        """Apply a batch: rows first, positions last or in the same transaction; durable on return.

        Instance, series and study rows replace one of the same or an older version only; doing it twice changes
        nothing. An index that has no transactions may show part of a batch, never positions without their rows.
        """

    def summarise(self, study: str) -> list[SeriesSummary]:
        """Aggregate the visible instances of a study, per series, by series UID; sees all earlier writes."""

    def dirty(self, before_ms: int, limit: int = 100) -> list[str]:
        """Studies marked dirty before that time, longest first; a written study row clears the mark.

        No other write of the study may come between `summarise` and the row made of it: its mark would go too.
        """

    def unsettled(self, before_ms: int, limit: int = 100) -> list[StudyRow]:
        """Visible studies that are not complete and whose last change is older than that time."""

    def claims_of(self, study: str) -> list[Claim]:
        """Claims made for a study."""


class IndexGenerations(Protocol):
    """The index as a whole: open it, or build a new one beside it and swap."""

    def open(self) -> MetadataIndex:
        """Open the serving generation for writing; an empty one when there is none.

        Raises Corrupted when it cannot be read: create another, fill it from the journal, swap.
        """

    def create(self) -> MetadataIndex:
        """Start an empty generation that nobody reads yet; an unfinished earlier one is dropped."""

    def swap(self, index: MetadataIndex) -> None:
        """Let the created generation serve; readers move over within a second; the old one is dropped."""

    def serves(self, index: MetadataIndex) -> bool:
        """Whether this index is the serving generation still: not once its files were taken away."""
