"""One step: a batch of journal entries, folded into rows. Reads the index, changes nothing; `changes.py` collects."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, Protocol, cast

from google.protobuf.message import Message

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.corrections.applying import study_subject
from isocenter.events.entries import EntryKind
from isocenter.indexer import corrections, deletions, quarantines
from isocenter.indexer.claims import Claims, Contradiction, Identity, instance_subject
from isocenter.indexer.decided import Decided, Decision
from isocenter.indexer.instances import Instance, Receipted
from isocenter.indexer.working import Working, hold_id
from isocenter.ports.index import MetadataIndex
from isocenter.ports.index_rows import (
    CorrectionRow,
    DeletionRow,
    HoldRow,
    InstanceRow,
    QuarantineRow,
)
from isocenter.ports.journal import Record

Mode = Literal["live", "replay", "trusted"]
Told = tuple[Record, Message]
MakeRow = Callable[[entries.Receipt, int, str], InstanceRow]  # receipt, version, node


@dataclass(slots=True)
class Notes:
    """What a step found out besides rows."""

    decisions: list[Decision] = field(default_factory=list)
    documents: dict[tuple[str, str], InstanceRow] = field(default_factory=dict)
    holds: dict[str, HoldRow] = field(default_factory=dict)
    quarantines: dict[str, QuarantineRow] = field(default_factory=dict)
    corrections: dict[str, CorrectionRow] = field(default_factory=dict)
    corrected: set[str] = field(default_factory=set)  # studies that may look different
    told_version: dict[str, int] = field(default_factory=dict)  # by study, of what is no receipt


class Step:
    """Folds entries, in order, into a working set.

    `mode`: "live" decides what is undecided. "replay" does too, but nothing twice: for an index that was lost.
    "trusted" decides nothing: all that is read was decided before, for the index that serves.
    """

    def __init__(
        self, index: MetadataIndex, decided: Decided, make_row: MakeRow, mode: Mode = "live"
    ) -> None:
        self.mode = mode
        self.index = index
        self.decided = decided
        self.working = Working(index)
        self.notes = Notes()
        self.claims = Claims({}, index.standing)
        self._make_row = make_row

    def run(self, told: Sequence[Told]) -> None:
        """Load what the entries speak of, then fold them in their order."""
        self._load(told)
        for record, message in told:
            apply = _APPLY.get(record.entry.kind)
            if apply is not None:
                apply(self, record, message)

    def _load(self, told: Iterable[Told]) -> None:
        sops: set[str] = set()
        studies: set[str] = set()
        whole: set[str] = set()
        for record, message in told:
            kind = record.entry.kind
            if kind == EntryKind.RECEIPT:
                receipt = cast(entries.Receipt, message)
                sops.add(receipt.sop_instance_uid)
                studies.add(receipt.study_instance_uid)
            elif kind == EntryKind.CORRECTION:
                studies |= {cast(entries.Correction, message).study_instance_uid} - {""}
            elif kind in _WHOLE_STUDY:
                whole.add(cast(entries.Deletion, message).study_instance_uid)
        self.working.load(sops, studies, whole)
        subjects = [f"sop:{sop}" for sop in sops] + [f"study:{study}" for study in studies | whole]
        self.claims = Claims(self.index.standing(subjects), self.index.standing)

    def _receipt(self, record: Record, message: entries.Receipt) -> None:
        came: Receipted = (record.entry.version, record.position.node)
        instance = self.working.get((message.sop_instance_uid, message.digest))
        if instance is None:
            self._first_receipt(message, came)
            return
        if not instance.add(came):
            return
        self.working.touch(instance)
        if instance.held and 0 < instance.dropped_version < came[0]:
            instance.held, instance.dropped_version = False, 0
            self._admit(instance, came)

    def _first_receipt(self, message: entries.Receipt, came: Receipted) -> None:
        row = self._make_row(message, *came)
        instance = Instance(
            row.study_instance_uid,
            row.series_instance_uid,
            row.sop_instance_uid,
            row.digest,
            row.transfer_syntax_uid,
            row.patient,
            [came],
        )
        self.working.settle(instance)
        if instance.forgotten:  # older than a purge: its bytes are gone
            return
        self.notes.documents[instance.key] = row
        self._admit(instance, came)
        self.working.add(instance)
        self.working.touch(instance)

    def _admit(self, instance: Instance, came: Receipted) -> None:
        """Let it in, or hold it; what was held once stays so until a person says otherwise."""
        version = came[0]
        hold = self.decided.hold_of(instance.digest, version)
        if hold is None:
            contradiction = self._enter(instance)
            if contradiction is None or self.mode == "trusted":
                return
            hold = _hold(instance, version, contradiction)
            self._decide(EntryKind.HOLD, hold)
        self._keep_hold(instance, hold)

    def _enter(self, instance: Instance) -> Contradiction | None:
        """Claim what it needs; of a corrected study also what comes with the corrected patient belongs to it."""
        identity = identity_of(instance)
        contradiction = self.claims.enter(identity)
        if contradiction is None or not contradiction.reason.endswith("_under_other_patient"):
            return contradiction
        study = instance.study_instance_uid
        patients = {one.patient for one in self.index.states(study) if not one.held}
        patients |= {one.patient for one in self.working.of_study(study) if not one.held}
        patient = corrections.received_as(self.corrections, instance, patients)
        return (
            contradiction
            if patient is None
            else self.claims.enter(replace(identity, patient=patient))
        )

    def _keep_hold(self, instance: Instance, hold: entries.Hold) -> None:
        known = self.index.hold(hold.hold_id)
        state, handled = self.decided.handled.get(hold.hold_id, ("held", 0))
        if known is not None and not handled:
            state, handled = known.state, known.handled_version
        instance.held = state != "released"
        instance.dropped_version = handled if state == "dropped" else 0
        if state == "released":
            self._let_in(instance)
        self.notes.holds[hold.hold_id] = _hold_row(hold, state, handled)

    def _hold_handled(self, record: Record, message: entries.HoldHandled) -> None:
        hold = self.notes.holds.get(message.hold_id) or self.index.hold(message.hold_id)
        if hold is None or hold.state != "held":
            return
        version = record.entry.version
        state: Literal["released", "dropped"] = (
            "released" if message.action == "released" else "dropped"
        )
        self.notes.holds[hold.hold_id] = replace(hold, state=state, handled_version=version)
        instance = self.working.get((hold.sop_instance_uid, hold.digest))
        if instance is None:
            return
        self._tell(hold.study_instance_uid, version)
        self.working.touch(instance)
        if state == "released":
            instance.held = False
            self._let_in(instance)
        else:
            instance.dropped_version = version

    def _let_in(self, instance: Instance) -> None:
        self.claims.let_in(identity_of(instance), beside_only=self.mode != "live")

    def _deletion(self, record: Record, message: entries.Deletion) -> None:
        known = self.working.deletion(message.study_instance_uid, message.deletion_id)
        self._delete(record, deletions.deleted(known, message, record.entry.version))

    def _undeletion(self, record: Record, message: entries.Undeletion) -> None:
        known = self.working.deletion(message.study_instance_uid, message.deletion_id)
        self._delete(record, deletions.undeleted(known, message))

    def _purge(self, record: Record, message: entries.Purge) -> None:
        known = self.working.deletion(message.study_instance_uid, message.deletion_id)
        self._delete(record, deletions.purged(known, message))

    def _delete(self, record: Record, row: DeletionRow) -> None:
        self._tell(row.study_instance_uid, record.entry.version)
        covered = self.working.set_deletion(row)
        if not row.series_instance_uid:
            self._end_corrections(row.study_instance_uid)
        if row.state != "purged":
            return
        for instance in covered:
            self.working.settle(instance)
        gone = [instance for instance in covered if instance.forgotten]
        for instance in gone:
            self.working.forget(instance)
            self.notes.documents.pop(instance.key, None)
            self._drop_holds(instance, record.entry.version)
        self._free(row.study_instance_uid, {instance.sop_instance_uid for instance in gone})

    def _end_corrections(self, study: str) -> None:
        for row in self.corrections([study_subject(study)]):
            changed = corrections.ended(row, self.working.deletions_of(study))
            if changed != row:
                self.notes.corrections[row.correction_id] = changed
                self.notes.corrected.add(study)

    def _drop_holds(self, instance: Instance, version: int) -> None:
        if not instance.held:
            return
        for received, _ in self.working.before(instance.key).receipts:
            hold = self.index.hold(hold_id(instance.digest, received))
            if hold is not None and hold.state == "held":
                dropped = replace(hold, state="dropped", handled_version=version)
                self.notes.holds[hold.hold_id] = dropped

    def _free(self, study: str, sops: set[str]) -> None:
        """Give UIDs back of which nothing is left that was ever let in."""
        rows = self.working.of_study(study)
        claims = self.index.claims_of(study)
        mine = {claim.subject for claim in claims} | {
            subject
            for subject, claim in self.claims.made.items()
            if claim.study_instance_uid == study
        }
        if not any(not instance.held for instance in rows):
            self.claims.free(mine - self._used_elsewhere(study, sops))
            return
        used = {instance.sop_instance_uid for instance in rows if not instance.held}
        subjects = {instance_subject(sop) for sop in sops - used}
        self.claims.free(
            {subject for subject in mine if subject.split("~", 1)[0] in subjects}
            - self._used_elsewhere(study, sops)
        )

    def _used_elsewhere(self, study: str, sops: set[str]) -> set[str]:
        """Instance claims that somebody released under another study still rests on."""
        return {
            instance_subject(sop)
            for sop, states in self.index.known(sops).items()
            if any(not state.held and state.study_instance_uid != study for state in states)
        }

    def _quarantine(self, record: Record, message: entries.Quarantine) -> None:
        row = self._quarantined(message.digest)
        self.notes.quarantines[message.digest] = quarantines.received(
            row, message, record.entry.version
        )

    def _quarantine_handled(self, record: Record, message: entries.QuarantineHandled) -> None:
        row = self._quarantined(message.digest)
        self.notes.quarantines[message.digest] = quarantines.handled(
            row, message, record.entry.version
        )

    def _quarantined(self, digest: str) -> QuarantineRow | None:
        return self.notes.quarantines.get(digest) or self.index.quarantine(digest)

    def _correction(self, record: Record, message: entries.Correction) -> None:
        name, version = message.correction_id, record.entry.version
        known = self.notes.corrections.get(name) or self.index.correction(name)
        fold = corrections.undone if message.action == corrections.UNDONE else corrections.corrected
        row = fold(known, message, version)
        row = corrections.ended(row, self.working.deletions_of(row.study_instance_uid))
        self.notes.corrections[name] = row
        self.notes.corrected.update(corrections.studies_of(self.index, row))

    def corrections(self, subjects: Sequence[str]) -> list[CorrectionRow]:
        """Corrections of these subjects, those of this step included."""
        rows = {row.correction_id: row for row in self.index.corrections(subjects)}
        mine = self.notes.corrections.values()
        rows |= {row.correction_id: row for row in mine if row.subject in subjects}
        return list(rows.values())

    def _tell(self, study: str, version: int) -> None:
        told = self.notes.told_version
        told[study] = max(told.get(study, 0), version)

    def _decide(self, kind: EntryKind, hold: entries.Hold) -> None:
        self.notes.decisions.append(Decision(kind, hold.study_instance_uid, hold))


class _Apply(Protocol):
    def __call__(self, step: Step, record: Record, message: Message, /) -> None: ...


_APPLY: dict[EntryKind, _Apply] = {
    EntryKind.RECEIPT: cast(_Apply, Step._receipt),
    EntryKind.QUARANTINE: cast(_Apply, Step._quarantine),
    EntryKind.QUARANTINE_HANDLED: cast(_Apply, Step._quarantine_handled),
    EntryKind.DELETION: cast(_Apply, Step._deletion),
    EntryKind.UNDELETION: cast(_Apply, Step._undeletion),
    EntryKind.PURGE: cast(_Apply, Step._purge),
    EntryKind.HOLD_HANDLED: cast(_Apply, Step._hold_handled),
    EntryKind.CORRECTION: cast(_Apply, Step._correction),
}
FOLDED = frozenset(_APPLY)
_WHOLE_STUDY = FOLDED - {
    EntryKind.RECEIPT,
    EntryKind.QUARANTINE,
    EntryKind.QUARANTINE_HANDLED,
    EntryKind.CORRECTION,
}


def identity_of(instance: Instance) -> Identity:
    """What it claims."""
    return Identity(*instance.group, instance.patient)


def _hold(instance: Instance, version: int, why: Contradiction) -> entries.Hold:
    return entries.Hold(
        hold_id=hold_id(instance.digest, version),
        study_instance_uid=instance.study_instance_uid,
        series_instance_uid=instance.series_instance_uid,
        sop_instance_uid=instance.sop_instance_uid,
        digest=instance.digest,
        receipt_version=version,
        reason=why.reason,
        standing_study_instance_uid=why.standing_study_instance_uid,
        standing_series_instance_uid=why.standing_series_instance_uid,
    )


def _hold_row(hold: entries.Hold, state: str, handled_version: int) -> HoldRow:
    return HoldRow(
        hold.hold_id,
        hold.study_instance_uid,
        hold.series_instance_uid,
        hold.sop_instance_uid,
        hold.digest,
        hold.receipt_version,
        hold.reason,
        hold.standing_study_instance_uid,
        hold.standing_series_instance_uid,
        cast(Literal["held", "released", "dropped"], state),
        handled_version,
    )
