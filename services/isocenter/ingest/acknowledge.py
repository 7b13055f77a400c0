"""The acknowledgement path: what has to be durable, in which order, before a sender hears Success.

Pure over its two ports. When `Acknowledger.store` returns, the object and the receipt survive loss of power; when it
raises, nothing was promised, and whatever it left is harmless: an object without a receipt, which the next attempt
finds under the same key.
"""

from collections.abc import Callable
from typing import Literal

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.uids import partition_of
from isocenter.errors import Corrupted, NotFound, StorageFailed, Unavailable
from isocenter.events.entries import EntryKind
from isocenter.ingest.acknowledged_spool import AcknowledgedSpool
from isocenter.ingest.existing import exists, sound_dataset_offset
from isocenter.ingest.receipt import move_dataset
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, JournalWriter, Position
from isocenter.ports.objects import ObjectStore, Spool
from isocenter.runtime.log import logger
from isocenter.runtime.tracing import span_within

Told = pb.Receipt | pb.Quarantine
Announce = Callable[[Position, Entry, Told], None]
AWAY = (Unavailable, StorageFailed)  # of the store: it does not answer, or nobody knows what it did
DAMAGED_PREFIX = "damaged/"  # objects that stood under a key without being what it says

log = logger(__name__)


class Acknowledger:
    """Makes things durable and says so to `announce`, which must not wait or raise; safe to use from many threads.

    `announce(position, entry, message)` is called after each commit, in the receiving thread.
    With `kept`, what cannot be made durable where everything is, because the store is away, is made so there.
    """

    def __init__(
        self,
        objects: ObjectStore,
        writer: JournalWriter,
        clock: Clock,
        announce: Announce,
        kept: AcknowledgedSpool | None = None,
    ) -> None:
        self._objects = objects
        self._writer = writer
        self._clock = clock
        self._announce = announce
        self._kept = kept

    def store(self, spool: Spool, receipt: pb.Receipt) -> Literal["stored", "duplicate"]:
        """Make the object durable, then its receipt. The spool is consumed.

        `receipt.size_bytes` and `dataset_offset` are the spool's; they are changed where another object stands.
        A receipt is written for a repeated data set too: it counts when the instance was deleted meanwhile, and the
        indexer folds it otherwise. A damaged object gives way to the good bytes.

        Raises OutOfSpace, StorageFailed, Unavailable: nothing is acknowledged.
        """
        with span_within("receipt") as traced:
            outcome = self._store(spool, receipt)
            traced.set("outcome", outcome)
        return outcome

    def store_later(self, spool: Spool | None, receipt: pb.Receipt, version: int) -> None:
        """Do the same for what was acknowledged from the spool under `version`; may be repeated.

        Without a spool the object stands already, and only the receipt is missing. Raises Corrupted when it does not;
        what `store` raises; then it is to be tried again.
        """
        if spool is not None:
            self._put(spool, receipt)
        else:
            standing = self._standing_dataset_offset(receipt)
            if standing is None:
                raise Corrupted("an object that was acknowledged does not stand")
            move_dataset(receipt, standing)
        self._append(EntryKind.RECEIPT, receipt.study_instance_uid, receipt, version)

    def _store(self, spool: Spool, receipt: pb.Receipt) -> Literal["stored", "duplicate"]:
        if self._kept is None:
            return self._store_there(spool, receipt)
        if not self._kept.store_is_away:
            try:
                return self._store_there(spool, receipt)
            except AWAY:
                log.warning("acknowledged_from_the_spool")
        self._kept.keep(spool, receipt)
        return "stored"

    def _store_there(self, spool: Spool, receipt: pb.Receipt) -> Literal["stored", "duplicate"]:
        outcome = self._put(spool, receipt)
        self.append(EntryKind.RECEIPT, receipt.study_instance_uid, receipt)
        return outcome

    def _put(self, spool: Spool, receipt: pb.Receipt) -> Literal["stored", "duplicate"]:
        """Make the object durable; the receipt's places are those of the object that stands."""
        standing = self._standing_dataset_offset(receipt)
        is_new = standing is None
        info = self._objects.put_file(spool, receipt.object_key, sha256="")
        if is_new and info.size_bytes != receipt.size_bytes:  # somebody was quicker
            standing = self._standing_dataset_offset(receipt)
        if standing is not None and standing != receipt.dataset_offset:
            move_dataset(receipt, standing)
        return "stored" if is_new else "duplicate"

    def append(self, kind: EntryKind, study_instance_uid: str, message: Told) -> None:
        """Write one entry and return when it is durable; `study_instance_uid` is empty when not known."""
        self._append(kind, study_instance_uid, message, self._clock.version())

    def _append(
        self, kind: EntryKind, study_instance_uid: str, message: Told, version: int
    ) -> None:
        partition = partition_of(study_instance_uid) if study_instance_uid else 0
        entry = Entry(version, kind, partition, message.SerializeToString())
        with span_within("journal commit"):
            (position,) = self._writer.append([entry])
        self._announce(position, entry, message)

    def _standing_dataset_offset(self, receipt: pb.Receipt) -> int | None:
        """Place of the data set in the object that stands already, None when there is none; damage is put aside."""
        key = receipt.object_key
        if not exists(self._objects, key):
            return None
        try:
            offset = sound_dataset_offset(
                self._objects, key, receipt.digest, receipt.transfer_syntax_uid
            )
            if offset is None:
                self._objects.move(key, f"{DAMAGED_PREFIX}{self._clock.version()}/{key}")
        except NotFound:  # moved aside by a purge this moment
            return None
        return offset
