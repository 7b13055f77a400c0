"""Write what people decided into the journal: deletions, corrections, what became of quarantined things, purges."""

from collections.abc import Sequence

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.uids import partition_of
from isocenter.events.entries import EntryKind
from isocenter.ingest.announce import Announcer
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, JournalWriter

Decision = (
    entries.QuarantineHandled
    | entries.Deletion
    | entries.Undeletion
    | entries.Purge
    | entries.Correction
)

_KINDS: dict[type[Decision], EntryKind] = {
    entries.QuarantineHandled: EntryKind.QUARANTINE_HANDLED,
    entries.Deletion: EntryKind.DELETION,
    entries.Undeletion: EntryKind.UNDELETION,
    entries.Purge: EntryKind.PURGE,
    entries.Correction: EntryKind.CORRECTION,
}


class Recorder:
    """Appends decisions and announces them; blocking, safe to call from many threads."""

    def __init__(self, writer: JournalWriter, clock: Clock, announcer: Announcer) -> None:
        self._writer = writer
        self._clock = clock
        self._announcer = announcer

    def record(self, study: str, messages: Sequence[Decision], version: int | None = None) -> int:
        """Write all in one commit; return the version of the last, durable. `study` is empty when it is not known.

        Only a single message may be given its `version`.
        """
        partition = partition_of(study) if study else 0
        written = [
            Entry(
                version or self._clock.version(),
                _KINDS[type(message)],
                partition,
                message.SerializeToString(),
            )
            for message in messages
        ]
        positions = self._writer.append(written)
        for position, entry, message in zip(positions, written, messages, strict=True):
            self._announcer.announce(position, entry, message)
        return written[-1].version
