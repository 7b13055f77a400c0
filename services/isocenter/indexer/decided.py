"""What was decided and written down already: replayed, never decided again, never announced again.

Empty in everyday work. It is filled from the indexer's own streams: with the last commit when a process starts (the
one whose rows may not have been written), with everything for a rebuild.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError, Message

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Corrupted
from isocenter.events.entries import MESSAGES, EntryKind
from isocenter.ports.journal import Position, Record


@dataclass(frozen=True, slots=True)
class Decision:
    """An entry of the indexer's that is not written yet."""

    kind: EntryKind
    study_instance_uid: str
    message: Message


@dataclass(frozen=True, slots=True)
class Completed:
    """The last completion of a study."""

    revision: int = 0
    at: Position | None = None


@dataclass(slots=True)
class Decided:
    """Decisions by what asks for them."""

    holds: dict[str, list[entries.Hold]] = field(default_factory=dict)  # by digest
    handled: dict[str, tuple[str, int]] = field(default_factory=dict)  # state, version
    chosen: dict[tuple[str, str, str], list[entries.CurrentChosen]] = field(default_factory=dict)
    completed: dict[str, Completed] = field(default_factory=dict)
    present: dict[str, bool] = field(default_factory=dict)  # arrived, or departed again

    def learn(self, records: Iterable[Record]) -> None:
        """Take in entries of the indexer's own streams, in their order."""
        for record in records:
            kind = record.entry.kind
            if kind in _LEARN:
                _LEARN[kind](self, decode(record), record)

    def clear(self) -> None:
        """Forget: all of it is in the index."""
        for known in (self.holds, self.handled, self.chosen, self.completed, self.present):
            known.clear()

    def hold_of(self, digest: str, receipt_version: int) -> entries.Hold | None:
        """The hold of these bytes that covers a receipt: the receipt that was read first need not be the oldest."""
        later = [
            hold for hold in self.holds.get(digest, ()) if hold.receipt_version >= receipt_version
        ]
        return min(later, key=lambda hold: hold.receipt_version, default=None)

    def was_chosen(self, choice: entries.CurrentChosen) -> bool:
        """Whether the choice that this receipt asked for was made before."""
        return any(
            made.receipt_version == choice.receipt_version
            and {made.current_digest, made.other_digest}
            == {choice.current_digest, choice.other_digest}
            for made in self.chosen.get(_group(choice), ())
        )

    def met_others(self, choice: entries.CurrentChosen) -> bool:
        """Whether both of these took part in choices before."""
        met = {
            digest
            for made in self.chosen.get(_group(choice), ())
            for digest in (made.current_digest, made.other_digest)
        }
        return {choice.current_digest, choice.other_digest} <= met

    def _hold(self, message: entries.Hold, record: Record) -> None:
        del record
        self.holds.setdefault(message.digest, []).append(message)

    def _handled(self, message: entries.HoldHandled, record: Record) -> None:
        self.handled[message.hold_id] = (message.action, record.entry.version)

    def _chosen(self, message: entries.CurrentChosen, record: Record) -> None:
        del record
        self.chosen.setdefault(_group(message), []).append(message)

    def _completion(self, message: entries.Completion, record: Record) -> None:
        self.completed[message.study_instance_uid] = Completed(message.revision, record.position)

    def _arrival(self, message: entries.Arrival, record: Record) -> None:
        del record
        self.present[message.study_instance_uid] = True

    def _departure(self, message: entries.Departure, record: Record) -> None:
        del record
        self.present[message.study_instance_uid] = False
        self.completed.pop(message.study_instance_uid, None)


_LEARN: dict[EntryKind, Any] = {  # unbound methods, each with the message of its kind
    EntryKind.HOLD: Decided._hold,
    EntryKind.HOLD_HANDLED: Decided._handled,
    EntryKind.CURRENT_CHOSEN: Decided._chosen,
    EntryKind.COMPLETION: Decided._completion,
    EntryKind.ARRIVAL: Decided._arrival,
    EntryKind.DEPARTURE: Decided._departure,
}


def _group(choice: entries.CurrentChosen) -> tuple[str, str, str]:
    return choice.study_instance_uid, choice.series_instance_uid, choice.sop_instance_uid


def decode(record: Record) -> Message:
    """The entry's message; raises Corrupted when it is none."""
    try:
        return MESSAGES[record.entry.kind].FromString(record.entry.payload)
    except DecodeError as error:
        raise Corrupted("a journal entry cannot be decoded") from error
