"""The kinds of journal entries: number on disk, message, and the service that owns the decision."""

from enum import IntEnum

from google.protobuf.message import Message

from isocenter.api.journal.v1 import entries_pb2 as pb


class EntryKind(IntEnum):
    """Kind of a journal entry. Numbers are on disk for ever: add, never change."""

    RECEIPT = 1
    QUARANTINE = 2
    QUARANTINE_HANDLED = 3
    DELETION = 4
    UNDELETION = 5
    PURGE = 6
    HOLD = 7
    HOLD_HANDLED = 8
    CURRENT_CHOSEN = 9
    COMPLETION = 10
    AUDIT = 11
    ARRIVAL = 12
    DEPARTURE = 13
    REDACTED = 14  # takes the place of a purged header; says nothing
    CORRECTION = 15
    AE_CHANGED = 16


MESSAGES: dict[EntryKind, type[Message]] = {
    EntryKind.RECEIPT: pb.Receipt,
    EntryKind.QUARANTINE: pb.Quarantine,
    EntryKind.QUARANTINE_HANDLED: pb.QuarantineHandled,
    EntryKind.DELETION: pb.Deletion,
    EntryKind.UNDELETION: pb.Undeletion,
    EntryKind.PURGE: pb.Purge,
    EntryKind.HOLD: pb.Hold,
    EntryKind.HOLD_HANDLED: pb.HoldHandled,
    EntryKind.CURRENT_CHOSEN: pb.CurrentChosen,
    EntryKind.COMPLETION: pb.Completion,
    EntryKind.AUDIT: pb.Audit,
    EntryKind.ARRIVAL: pb.Arrival,
    EntryKind.DEPARTURE: pb.Departure,
    EntryKind.REDACTED: pb.Redacted,
    EntryKind.CORRECTION: pb.Correction,
    EntryKind.AE_CHANGED: pb.AeChanged,
}
