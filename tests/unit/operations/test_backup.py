"""What a backup owes, and what it forgives: objects that are gone on purpose, and those that are not."""

import hashlib
from pathlib import Path

import pytest

from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.adapters.open import open_journal, open_objects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.events.entries import EntryKind
from isocenter.ingest.ae_entry import read_entry
from isocenter.ingest.ae_journal import AeJournal
from isocenter.operations import manifest
from isocenter.operations.backup import Backup, Report, Source
from isocenter.operations.proving import prove
from isocenter.ports.journal import Entry
from isocenter.runtime.clock import HybridClock

CLOCK = HybridClock()


class Site:
    """An archive in a folder, and a backup of it beside it."""

    def __init__(self, folder: Path) -> None:
        self.objects = open_objects(f"file://{folder}/archive")
        self.journal = open_journal(f"file://{folder}/archive", CLOCK)
        self.store = open_objects(f"file://{folder}/backup")
        self.config = folder / "config"
        self.writer = self.journal.writer("ingest")

    def write(self, kind: EntryKind, message: pb.Quarantine | pb.Purge | pb.Receipt) -> None:
        self.writer.append([Entry(CLOCK.version(), kind, 0, message.SerializeToString())])

    def receive(self, number: int) -> tuple[str, bytes]:
        """Bytes as they came, which an entry names."""
        content = f"bytes {number}".encode()
        digest = hashlib.sha256(content).hexdigest()
        key = f"quarantine/2026/01/01/{digest}.bin"
        self.objects.put(key, content)
        kept = pb.Quarantine(digest=digest, object_key=key, size_bytes=len(content))
        self.write(EntryKind.QUARANTINE, kept)
        return key, content

    def purge(self, key: str) -> None:
        self.objects.delete(key)
        self.write(EntryKind.PURGE, pb.Purge(object_keys=[key]))

    def back_up(self) -> Report:
        source = Source("here", self.journal, self.objects, self.config)
        return Backup(source, self.store, CLOCK, lambda done, total: None).run()

    def wrong(self) -> list[str]:
        return [fault.object_key for fault in prove(self.store, CLOCK, lambda done, total: None)]


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def test_purged_object_is_no_fault(site: Site) -> None:
    key, _ = site.receive(1)
    site.receive(2)
    site.purge(key)
    assert site.back_up().lacking == []
    assert site.wrong() == []


def test_purge_goes_on_to_the_backup(site: Site) -> None:
    key, _ = site.receive(1)
    kept, _ = site.receive(2)
    assert site.back_up().copied_objects == 2
    site.purge(key)
    assert site.back_up().removed_objects == 1
    assert [info.key for info in site.store.list("quarantine/")] == [kept]
    assert site.wrong() == []


def test_header_of_a_purged_instance_is_taken_out_of_the_backup(site: Site) -> None:
    receipt = pb.Receipt(object_key="instances/1/2/3~4.dcm", sop_instance_uid="3", size_bytes=9)
    receipt.head.add(content=b"Doe^Jane")
    site.write(EntryKind.RECEIPT, receipt)
    assert site.back_up().lacking == [receipt.object_key]  # nobody says why it is not there
    assert b"Doe^Jane" in journal_bytes(site)
    site.purge(receipt.object_key)
    assert site.back_up().lacking == []
    assert b"Doe^Jane" not in journal_bytes(site)
    assert site.wrong() == []


def test_missing_object_is_named_and_tried_again(site: Site) -> None:
    key, content = site.receive(1)
    site.objects.delete(key)
    assert site.back_up().lacking == [key]
    assert manifest.read(site.store).lacking == [key]
    assert site.wrong() == [key]
    site.objects.put(key, content)
    assert site.back_up().lacking == []
    assert site.wrong() == []


def test_damaged_object_is_named_and_not_copied(site: Site) -> None:
    key, content = site.receive(1)
    site.objects.put(key, content[:-1] + b"?")
    assert site.back_up().lacking == [key]
    assert list(site.store.list("quarantine/")) == []


def test_journal_of_the_backup_is_the_journal(site: Site) -> None:
    for number in range(5):
        site.receive(number)
        if number % 2:
            site.back_up()
    site.back_up()
    copy = ObjectJournal(site.store, CLOCK)
    assert copy.ends() == site.journal.ends()
    (stream,) = copy.ends()
    assert list(copy.read(stream)) == list(site.journal.read(stream))


def test_ae_list_of_the_backup_is_the_ae_list(site: Site) -> None:
    site.receive(1)
    ae_list = AeJournal(site.journal, CLOCK, "web")
    ae_list.change("CT1", [read_entry({"title": "CT1", "may_send": True}, 1)], "anna")
    ae_list.change("CT2", [], "anna")
    ae_list.close()
    site.back_up()
    assert site.wrong() == []
    copy = AeJournal(ObjectJournal(site.store, CLOCK), CLOCK, "web")
    assert copy.look() == ae_list.known() != {}


def journal_bytes(site: Site) -> bytes:
    return b"".join(site.store.read(info.key) for info in site.store.list("journal/"))
