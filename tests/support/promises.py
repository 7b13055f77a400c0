"""The promise, checked on a disk: every receipt that can be read names an object with the right bytes."""

import os
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from tests.support.part10 import digest_of

from isocenter.adapters.disk import Disk
from isocenter.adapters.journal.catalogue import Catalogue
from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.journal.walking import Walker
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
    _check_sealed(disk, root)
    return digests


def check_promise(disk: Disk, root: Path, clock: Clock, acknowledged: Iterable[str]) -> None:
    """Raises Broken, or an error of reading, when something acknowledged is not there."""
    missing = set(acknowledged) - recovered(disk, root, clock)
    if missing:
        raise Broken(f"{len(missing)} acknowledged instances have no receipt")


def _check_sealed(disk: Disk, root: Path) -> None:
    """What has a sealed segment's name ends where the name says, with the end mark that merging rests on."""
    catalogue = Catalogue(disk, str(root))
    catalogue.refresh()
    for segment in catalogue.all():
        if segment.last is None:
            continue
        fd = disk.open(segment.path, os.O_RDONLY)
        walker = Walker(partial(disk.pread, fd), segment.stream, 0, segment.first)
        while walker.step() is not None:
            pass
        disk.close(fd)
        if not walker.ended or walker.sequence != segment.last + 1:
            raise Broken("a sealed segment does not end as its name says")


def _check_object(objects: FilesystemObjects, receipt: pb.Receipt) -> None:
    content = objects.read(receipt.object_key)
    if len(content) != receipt.size_bytes:
        raise Broken("an object has another size than its receipt says")
    data_set = content[receipt.dataset_offset :]
    digest = digest_of(data_set, receipt.transfer_syntax_uid)
    if digest != receipt.digest:
        raise Broken("an object has another digest than its receipt says")
