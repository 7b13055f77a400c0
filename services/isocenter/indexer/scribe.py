"""The indexer's own stream of the journal: every decision is written down before anything shows it."""

from collections.abc import Sequence

from isocenter.dicom.uids import partition_of
from isocenter.errors import StorageFailed
from isocenter.indexer.decided import Decision
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, JournalWriter, Record, Stream


class Scribe:
    """Writes decisions; the last commit is the only one whose rows may be missing after a crash."""

    def __init__(self, writer: JournalWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self.written = 0  # last sequence
        self.has_ended = (
            False  # what was written last is perhaps in the journal; nothing more can be
        )

    @property
    def stream(self) -> Stream:
        """Where it writes."""
        return self._writer.stream

    def write(self, decisions: Sequence[Decision], first_version: int = 0) -> list[Record]:
        """Write all in one commit, durable on return. `first_version` is the first one's, when it was given out."""
        entries = [
            Entry(
                first_version if first_version and place == 0 else self._clock.version(),
                decision.kind,
                partition_of(decision.study_instance_uid),
                decision.message.SerializeToString(deterministic=True),
            )
            for place, decision in enumerate(decisions)
        ]
        try:
            positions = self._writer.append(entries)
        except StorageFailed:
            self.has_ended = True
            raise
        self.written = max(self.written, positions[-1].sequence)
        return [Record(position, entry) for position, entry in zip(positions, entries, strict=True)]

    def close(self) -> None:
        """Seal the stream."""
        self._writer.close()
