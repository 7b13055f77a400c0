from pathlib import Path

import pytest
from tests.support.faulty_disk import BROKEN, FaultyDisk
from tests.support.faulty_objects import FaultyObjects
from tests.support.object_journals import IMPATIENT, entry, open_journal, versions

from isocenter.adapters.journal.files import FileJournal
from isocenter.errors import StorageFailed, Unavailable
from isocenter.ports.journal import StreamEnded
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lasting import LastingWriter


def away(method: str, key: str) -> None:
    raise Unavailable


def test_a_process_goes_on_in_a_new_stream_when_its_store_comes_back(tmp_path: Path) -> None:
    objects = FaultyObjects(tmp_path)
    journal = open_journal(objects, pace=IMPATIENT)
    writer = LastingWriter(journal, "n")
    writer.append([entry(1)])
    first = writer.stream
    objects.before = away
    with pytest.raises(StreamEnded):
        writer.append([entry(2)])
    objects.before = lambda *_: None
    (position,) = writer.append([entry(3)])
    assert position[:3] == (*writer.stream, 1)
    assert writer.stream != first
    writer.close()
    assert versions(journal, first) == [1]
    assert versions(journal, writer.stream) == [3]


def test_a_volume_that_failed_is_not_written_again(tmp_path: Path) -> None:
    disk = FaultyDisk()
    writer = LastingWriter(FileJournal(tmp_path, HybridClock(), disk), "n")
    writer.append([entry(1)])
    disk.failing = {"fdatasync": BROKEN}
    with pytest.raises(StorageFailed):
        writer.append([entry(2)])
    disk.failing = {}
    with pytest.raises(StorageFailed):
        writer.append([entry(3)])
