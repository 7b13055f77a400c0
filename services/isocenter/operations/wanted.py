"""Objects that journal entries name, and the proof that bytes are the ones that were acknowledged."""

import hashlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.part10 import read_file_meta
from isocenter.errors import IsocenterError
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Record


@dataclass(frozen=True, slots=True)
class Wanted:
    """An object as its entry describes it. Of an instance `digest` is over transfer syntax and data set."""

    key: str
    size_bytes: int
    digest: str
    dataset_offset: int = 0
    transfer_syntax_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""

    @property
    def is_instance(self) -> bool:
        """A DICOM file of ours, not bytes as they came."""
        return bool(self.sop_instance_uid)

    def as_json(self) -> dict[str, Any]:
        """For a state file; `Wanted(**...)` reads it."""
        return asdict(self)


class Proof:
    """Takes an object's bytes in order and tells whether they are those that were acknowledged."""

    def __init__(self, wanted: Wanted) -> None:
        self._wanted = wanted
        self._head = bytearray()
        self._size_bytes = 0
        prefix = f"{wanted.transfer_syntax_uid}\n" if wanted.is_instance else ""
        self._digest = hashlib.sha256(prefix.encode("ascii"))

    def take(self, chunk: bytes) -> None:
        """Go on with the next bytes."""
        self._size_bytes += len(chunk)
        short = self._wanted.dataset_offset - len(self._head)
        if short > 0:
            self._head += chunk[:short]
            chunk = chunk[short:]
        self._digest.update(chunk)

    def holds(self) -> bool:
        """All bytes were taken: size, digest, and for an instance what its File Meta names."""
        wanted = self._wanted
        if self._size_bytes != wanted.size_bytes or self._digest.hexdigest() != wanted.digest:
            return False
        return not wanted.is_instance or names(bytes(self._head)) == (
            wanted.sop_class_uid,
            wanted.sop_instance_uid,
            wanted.transfer_syntax_uid,
        )


def names(head: bytes) -> tuple[str, str, str] | None:
    """SOP class, instance and transfer syntax of the File Meta; None when it is not one of ours."""
    try:
        meta = read_file_meta(head)
    except IsocenterError:
        return None
    if meta.dataset_offset != len(head) or meta.foreign_preamble or meta.findings:
        return None
    return (
        meta.media_storage_sop_class_uid,
        meta.media_storage_sop_instance_uid,
        meta.transfer_syntax_uid,
    )


def of_receipt(receipt: pb.Receipt) -> Wanted:
    """The object of an instance."""
    return Wanted(
        receipt.object_key,
        receipt.size_bytes,
        receipt.digest,
        receipt.dataset_offset,
        receipt.transfer_syntax_uid,
        receipt.sop_class_uid,
        receipt.sop_instance_uid,
    )


def wanted_by(record: Record) -> Wanted | None:
    """The object whose bytes an entry vouches for; None for an entry that names none."""
    entry = record.entry
    if entry.kind is EntryKind.RECEIPT:
        return of_receipt(pb.Receipt.FromString(entry.payload))
    if entry.kind is EntryKind.QUARANTINE:
        kept = pb.Quarantine.FromString(entry.payload)
        return Wanted(kept.object_key, kept.size_bytes, kept.digest)
    return None


def gone_by(record: Record) -> Iterator[str]:
    """What an entry says is gone, on purpose: keys of purged objects, digests of handled quarantine."""
    entry = record.entry
    if entry.kind is EntryKind.PURGE:
        yield from pb.Purge.FromString(entry.payload).object_keys
    elif entry.kind is EntryKind.QUARANTINE_HANDLED:
        yield pb.QuarantineHandled.FromString(entry.payload).digest
