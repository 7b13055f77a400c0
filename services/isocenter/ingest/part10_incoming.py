"""A DICOM file on its way in: a foreign preamble and File Meta are read and left, the data set goes the common way."""

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.part10 import MAX_FILE_META_BYTES, FileMeta, read_file_meta
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidInstance, IsocenterError, LimitExceeded, StorageFailed
from isocenter.ingest.desk import Desk, Said
from isocenter.ingest.incoming import DatasetIncoming
from isocenter.ingest.outcome import Finding, Outcome
from isocenter.ingest.quarantine import Rejected
from isocenter.ingest.sinks import Incoming

FIRST_LOOK_BYTES = 64 << 10  # File Meta is hardly ever longer
LAST_LOOK_BYTES = MAX_FILE_META_BYTES + FIRST_LOOK_BYTES
_ELEMENT_HEADER_BYTES = 8


class Part10Incoming:
    """`sinks.Incoming` of a whole file: Part 10, one without preamble or File Meta, or a bare data set.

    The start is held in memory until File Meta is known, at most a little more than 1 MiB.
    """

    def __init__(self, desk: Desk, sender: pb.Sender, study_instance_uid: str) -> None:
        self._desk = desk
        self._sender = pb.Sender()
        self._sender.CopyFrom(sender)
        self._study_instance_uid = study_instance_uid
        self._start = bytearray()
        self._look_at_bytes = FIRST_LOOK_BYTES
        self._inner: Incoming | None = None

    def write(self, data: memoryview) -> None:
        """Take the next bytes of the file."""
        if self._inner is not None:
            self._inner.write(data)
            return
        self._start += data
        if len(self._start) >= self._look_at_bytes:
            self._look(is_last=len(self._start) >= LAST_LOOK_BYTES)

    def finish(self) -> Outcome:
        """Make the data set durable and say what became of it."""
        if self._inner is None:
            self._look(is_last=True)
        if self._inner is None:
            raise StorageFailed
        return self._inner.finish()

    def discard(self) -> None:
        """Forget it."""
        self._start = bytearray()
        if self._inner is not None:
            self._inner.discard()

    def _look(self, *, is_last: bool) -> None:
        """Try to read File Meta; when it seems cut off there may be more of it to come."""
        self._look_at_bytes = LAST_LOOK_BYTES
        try:
            meta = read_file_meta(self._start)
        except (InvalidInstance, LimitExceeded) as error:
            if is_last:
                self._go_on(_Unreadable(self._desk, self._sender, error), 0)
            return
        if is_last or meta.dataset_offset + _ELEMENT_HEADER_BYTES <= len(self._start):
            self._go_on(DatasetIncoming(self._desk, self._said(meta)), meta.dataset_offset)

    def _go_on(self, inner: Incoming, offset: int) -> None:
        self._inner, start = inner, self._start
        self._start = bytearray()
        inner.write(memoryview(start)[offset:])

    def _said(self, meta: FileMeta) -> Said:
        sender = self._sender
        sender.foreign_preamble = meta.foreign_preamble
        sender.implementation_class_uid = _uid(meta.implementation_class_uid)
        sender.implementation_version_name = meta.implementation_version_name
        sender.source_application_entity_title = meta.source_application_entity_title
        return Said(
            sender,
            meta.transfer_syntax_uid,
            _uid(meta.media_storage_sop_class_uid),
            _uid(meta.media_storage_sop_instance_uid),
            self._study_instance_uid,
            is_command=False,
            findings=tuple(Finding(*finding) for finding in meta.findings),
        )


class _Unreadable:
    """`sinks.Incoming` of what is no DICOM file: kept as it is."""

    def __init__(self, desk: Desk, sender: pb.Sender, error: IsocenterError) -> None:
        self._desk = desk
        self._rejected = Rejected(error, sender)
        self._spool = desk.objects.spool()
        self._writer = desk.writer(self._spool)
        self._is_over = False

    def write(self, data: memoryview) -> None:
        self._writer.write(data)

    def finish(self) -> Outcome:
        try:
            self._writer.end()
            return self._desk.quarantine.keep(self._spool, self._writer.size_bytes, self._rejected)
        finally:
            self.discard()

    def discard(self) -> None:
        if not self._is_over:
            self._is_over = True
            self._writer.release()
            self._spool.discard()


def _uid(text: str) -> str:
    return text if is_valid_uid(text) else ""
