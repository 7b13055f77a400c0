"""The promise, checked on a disk: every receipt that can be read names an object with the right bytes."""

from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.events.entries import EntryKind
from isocenter.ports.clock import Clock


class Broken(AssertionError):
    """A promise is not kept."""


def recovered(disk: Disk, root: Path, clock: Clock) -> set[str]:
    """Digests with a receipt, each proven to have its object. Opens the disk as a starting process does."""
    objects = FilesystemObjects(root, disk)
    journal = FileJournal(root, clock, disk)
    digests: set[str] = set()
    for stream in journal.ends():
        for record in journal.read(stream):
            if record.entry.kind is EntryKind.RECEIPT:
                receipt = pb.Receipt.FromString(record.entry.payload)
                _check_object(objects, receipt)
                digests.add(receipt.digest)
    journal.close()
    return digests


def check_promise(disk: Disk, root: Path, clock: Clock, acknowledged: Iterable[str]) -> None:
    """Raises Broken, or an error of reading, when something acknowledged is not there."""
    missing = set(acknowledged) - recovered(disk, root, clock)
    if missing:
        raise Broken(f"{len(missing)} acknowledged instances have no receipt")


def _check_object(objects: FilesystemObjects, receipt: pb.Receipt) -> None:
    content = objects.read(receipt.object_key)
    if len(content) != receipt.size_bytes:
        raise Broken("an object has another size than its receipt says")
    data_set = content[receipt.dataset_offset :]
    digest = sha256(receipt.transfer_syntax_uid.encode() + b"\n" + data_set).hexdigest()
    if digest != receipt.digest:
        raise Broken("an object has another digest than its receipt says")
