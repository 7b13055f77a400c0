"""When studies are complete, and what is said when they change after that."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.indexing import World, deletion, names, receipt, say_all

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import OutOfSpace
from isocenter.events.entries import EntryKind
from isocenter.ports.index_rows import IndexBatch


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_study_is_complete_after_its_settle_time_and_not_before(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    world.now_ms += 59_000
    assert indexer.complete() == 0
    world.now_ms += 2_000
    assert indexer.complete() == 1
    [completion] = world.decisions(EntryKind.COMPLETION)
    assert isinstance(completion, entries.Completion)
    assert completion.revision == 1
    assert [line.sop_instance_uid for line in completion.manifest] == ["1.2.3.1", "1.2.3.2"]
    row = world.reader.study("1.2.1")
    assert row is not None
    assert row.complete
    assert names(say_all(indexer)) == ["study.arrived", "study.completed"]
    assert indexer.complete() == 0


def test_new_instance_starts_the_settle_time_anew(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.now_ms += 40_000
    world.tell(receipt("1.2.3.2"))
    indexer.follow()
    indexer.refresh()
    world.now_ms += 40_000
    assert indexer.complete() == 0
    world.now_ms += 21_000
    assert indexer.complete() == 1


def test_entry_committed_before_but_not_read_yet_is_in_the_manifest_or_waited_for(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.now_ms += 61_000
    world.tell(receipt("1.2.3.2"))
    assert indexer.complete() == 0
    world.now_ms += 61_000
    assert indexer.complete() == 1
    [completion] = world.decisions(EntryKind.COMPLETION)
    assert isinstance(completion, entries.Completion)
    assert len(completion.manifest) == 2


def test_later_arrival_deletion_and_conflict_are_revisions_with_what_changed(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    world.now_ms += 61_000
    indexer.complete()
    world.tell(
        receipt("1.2.3.3"),
        receipt("1.2.3.2", variant=1),
        deletion("d", series="1.2.2", sop="1.2.3.1"),
    )
    indexer.follow()
    indexer.refresh()
    row = world.reader.study("1.2.1")
    assert row is not None
    assert (row.complete, row.revision) == (False, 1)
    world.now_ms += 61_000
    assert indexer.complete() == 1
    revised = say_all(indexer)[-1].message
    assert isinstance(revised, events.StudyRevised)
    assert revised.revision == 2
    assert list(revised.added_sop_instance_uids) == ["1.2.3.2", "1.2.3.3"]
    assert list(revised.removed_sop_instance_uids) == ["1.2.3.1"]


def test_change_that_was_taken_back_is_no_revision(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    world.now_ms += 61_000
    indexer.complete()
    world.tell(deletion("d", series="1.2.2", sop="1.2.3.1"))
    indexer.follow()
    world.tell(entries.Undeletion(deletion_id="d", study_instance_uid="1.2.1"))
    indexer.follow()
    indexer.refresh()
    world.now_ms += 61_000
    assert indexer.complete() == 1
    row = world.reader.study("1.2.1")
    assert row is not None
    assert (row.complete, row.revision) == (True, 1)
    assert len(world.decisions(EntryKind.COMPLETION)) == 1


def test_settle_time_survives_a_restart(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.now_ms += 61_000
    assert world.start().complete() == 1


def test_completion_written_down_before_a_crash_is_not_a_second_revision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    say_all(indexer)
    world.now_ms += 61_000
    write = indexer._index.write

    def cut(batch: IndexBatch) -> None:
        if any(row.complete for row in batch.studies):
            raise PowerCut
        write(batch)

    monkeypatch.setattr(indexer._index, "write", cut)
    with pytest.raises(PowerCut):
        indexer.complete()
    again = world.start()
    assert again.complete() == 0
    row = world.reader.study("1.2.1")
    assert row is not None
    assert (row.complete, row.revision) == (True, 1)
    assert names(say_all(again))[-1] == "study.completed"


def test_completion_whose_row_could_not_be_written_is_taken_up_by_opening_anew(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    indexer.refresh()
    world.now_ms += 61_000
    write = indexer._index.write

    def refuse(batch: IndexBatch) -> None:
        if any(row.complete for row in batch.studies):
            raise OutOfSpace
        write(batch)

    with monkeypatch.context() as patch, pytest.raises(OutOfSpace):
        patch.setattr(indexer._index, "write", refuse)
        indexer.complete()
    assert "study.completed" not in names(say_all(indexer))  # nothing is said before it shows
    assert not indexer.stands()
    indexer.reopen()
    assert indexer.stands()
    assert indexer.complete() == 0
    assert names(say_all(indexer)) == ["study.completed"]
    assert len(world.decisions(EntryKind.COMPLETION)) == 1


def test_study_that_went_and_came_back_starts_with_revision_one(world: World) -> None:
    indexer = world.start()
    for message in (receipt(), deletion("d"), receipt()):
        world.tell(message)
        indexer.follow()
        indexer.refresh()
        world.now_ms += 61_000
        indexer.complete()
    revisions = [
        c.revision
        for c in world.decisions(EntryKind.COMPLETION)
        if isinstance(c, entries.Completion)
    ]
    assert revisions == [1, 1]
    completed = [event for event in say_all(indexer) if event.fact.name == "study.completed"]
    assert len({event.id for event in completed}) == 2
