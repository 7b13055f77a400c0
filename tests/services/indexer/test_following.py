"""What becomes of journal entries: rows, studies, decisions; once, twice, and with a crash between."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.support.indexing import JPEG_LS, World, deletion, names, receipt, say_all

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import StorageFailed, Unavailable
from isocenter.events.entries import EntryKind
from isocenter.indexer.indexing import Indexer
from isocenter.ports.index_rows import IndexBatch
from isocenter.ports.journal import AE, Entry, commits_behind


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def study_answer(world: World, study: str = "1.2.1") -> dict[str, Any]:
    row = world.reader.study(study)
    assert row is not None
    answer: dict[str, Any] = json.loads(row.answer)
    return answer


def test_first_instance_makes_its_study_findable_in_the_same_write(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", number=2))
    indexer.follow()
    row = world.reader.study("1.2.1")
    assert row is not None
    assert row.provisional
    assert row.instances == 2
    assert study_answer(world)["00201208"]["Value"] == [2]
    assert len(world.visible()) == 2


def test_redelivered_receipt_leaves_one_row_and_says_nothing_new(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    indexer.refresh()
    assert names(say_all(indexer)) == ["study.arrived"]
    for _ in range(5):
        world.tell(receipt())
        indexer.follow()
    indexer.refresh()
    assert len(world.states("1.2.1")) == 1
    assert study_answer(world)["00201208"]["Value"] == [1]
    assert say_all(indexer) == []


def test_following_twice_applies_nothing_twice(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    assert indexer.follow() == 2
    assert indexer.follow() == 0


def test_recomputed_counts_are_those_of_what_is_visible(world: World) -> None:
    indexer = world.start()
    for number in range(3):
        world.tell(receipt(f"1.2.3.{number}", series=f"1.2.2.{number % 2}", modality="CT"))
        indexer.follow()
    world.tell(deletion("d", sop="1.2.3.0", series="1.2.2.0"))
    indexer.follow()
    indexer.refresh()
    answer = study_answer(world)
    assert answer["00201206"]["Value"] == [2]
    assert answer["00201208"]["Value"] == [2]
    row = world.reader.study("1.2.1")
    assert row is not None
    assert not row.provisional


def test_series_without_visible_instances_is_gone_at_once(world: World) -> None:
    indexer = world.start()
    world.tell(receipt("1.2.3.1", series="1.2.2.1"), receipt("1.2.3.2", series="1.2.2.2"))
    indexer.follow()
    world.tell(deletion("d", series="1.2.2.1"))
    indexer.follow()
    indexer.refresh()
    assert len(world.answers("1.2.1")) == 2 + 2 + 2


def test_other_bytes_are_kept_and_the_newest_are_shown(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    world.tell(receipt(variant=1))
    indexer.follow()
    assert world.visible() == [("1.2.3.1", receipt(variant=1).digest)]
    assert len(world.states("1.2.1")) == 2
    assert names(say_all(indexer)).count("instance.conflicted") == 1
    [chosen] = world.decisions(EntryKind.CURRENT_CHOSEN)
    assert isinstance(chosen, entries.CurrentChosen)
    assert (chosen.current_digest, chosen.other_digest, chosen.reason) == (
        receipt(variant=1).digest,
        receipt().digest,
        "newer_bytes",
    )


def test_newest_is_by_version_whatever_was_read_first(world: World) -> None:
    indexer = world.start()
    early, late = world.clock.version(), world.clock.version()
    world.tell(receipt(variant=1), node="ingest-b", version=late)
    indexer.follow()
    world.tell(receipt(), node="ingest-a", version=early)
    indexer.follow()
    assert world.visible() == [("1.2.3.1", receipt(variant=1).digest)]
    assert names(say_all(indexer)).count("instance.conflicted") == 1


def test_other_transfer_syntax_waits_behind_the_first(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.tell(receipt(syntax=JPEG_LS))
    indexer.follow()
    assert world.visible() == [("1.2.3.1", receipt().digest)]
    [chosen] = world.decisions(EntryKind.CURRENT_CHOSEN)
    assert isinstance(chosen, entries.CurrentChosen)
    assert chosen.reason == "other_transfer_syntax"


def test_deleted_study_is_gone_and_said_so_once(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    world.tell(deletion("d"))
    indexer.follow()
    assert world.reader.study("1.2.1") is None
    assert world.visible() == []
    assert world.answers("1.2.1") == []
    assert names(say_all(indexer)) == ["study.arrived", "study.deleted"]
    indexer.refresh()
    assert world.reader.study("1.2.1") is None


def test_late_receipt_older_than_the_deletion_never_resurrects(world: World) -> None:
    indexer = world.start()
    old = world.clock.version()
    world.tell(receipt())
    world.tell(deletion("d"))
    indexer.follow()
    world.tell(receipt("1.2.3.9"), node="ingest-b", version=old)
    indexer.follow()
    indexer.refresh()
    assert world.visible() == []
    assert world.reader.study("1.2.1") is None


def test_storing_again_after_a_deletion_says_something_new(world: World) -> None:
    indexer = world.start()
    for message in (receipt(), deletion("d"), receipt()):
        world.tell(message)
        indexer.follow()
    assert len(world.visible()) == 1
    arrived, gone, again = say_all(indexer)
    assert names([arrived, gone, again]) == ["study.arrived", "study.deleted", "study.arrived"]
    assert arrived.id != again.id


def test_undeleted_study_is_back_with_all_its_documents(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    indexer.refresh()
    before = world.answers("1.2.1")
    world.tell(deletion("d"))
    indexer.follow()
    world.tell(entries.Undeletion(deletion_id="d", study_instance_uid="1.2.1"))
    indexer.follow()
    indexer.refresh()
    assert world.answers("1.2.1") == before


def test_purge_forgets_rows_and_gives_their_uids_back(world: World) -> None:
    indexer = world.start()
    for message in (
        receipt(),
        deletion("d"),
        entries.Purge(deletion_id="d", study_instance_uid="1.2.1"),
    ):
        world.tell(message)
        indexer.follow()
    assert world.states("1.2.1") == []
    world.tell(receipt(study="1.2.99", patient="somebody else"))
    indexer.follow()
    assert len(world.visible("1.2.99")) == 1
    assert world.reader.totals()["holds"] == 0


def test_purge_spares_what_was_stored_again_after_the_deletion(world: World) -> None:
    indexer = world.start()
    for message in (
        receipt(),
        deletion("d"),
        receipt(),
        entries.Purge(deletion_id="d", study_instance_uid="1.2.1"),
    ):
        world.tell(message)
        indexer.follow()
    assert len(world.visible()) == 1


def test_quarantined_bytes_are_folded_and_counted(world: World) -> None:
    indexer = world.start()
    quarantine = entries.Quarantine(digest="ab" * 32, reason="no_study_instance_uid", size_bytes=9)
    for _ in range(3):
        world.tell(quarantine)
        indexer.follow()
    [row] = world.reader.quarantines()
    assert row.repeats == 3
    world.tell(entries.QuarantineHandled(digest="ab" * 32, action="dropped", caller="a person"))
    indexer.follow()
    assert world.reader.quarantines() == []
    world.tell(quarantine)
    indexer.follow()
    [row] = world.reader.quarantines()
    assert row.repeats == 4


class PowerCut(BaseException):
    """The process ends here."""


def crash_at_next_write(indexer: Indexer, monkeypatch: pytest.MonkeyPatch) -> None:
    def cut(_: IndexBatch) -> None:
        raise PowerCut

    monkeypatch.setattr(indexer._index, "write", cut)


@pytest.mark.parametrize(
    ("first", "then"),
    [
        (None, receipt()),
        (receipt(), receipt(variant=1)),
        (receipt(), receipt(patient="another")),
        (receipt(), deletion("d")),
    ],
    ids=["arrival", "choice", "hold", "departure"],
)
def test_decision_written_down_before_a_crash_is_not_made_again(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    first: entries.Receipt | None,
    then: entries.Receipt | entries.Deletion,
) -> None:
    indexer = world.start()
    said = []
    if first is not None:
        world.tell(first)
        indexer.follow()
        said += say_all(indexer)
    world.tell(then)
    crash_at_next_write(indexer, monkeypatch)
    with pytest.raises(PowerCut):
        indexer.follow()
    written = sum(len(world.decisions(kind)) for kind in EntryKind if kind != EntryKind.AUDIT)
    again = world.start()
    assert (
        sum(len(world.decisions(kind)) for kind in EntryKind if kind != EntryKind.AUDIT) == written
    )
    said += say_all(again)
    assert len({event.id for event in said}) == written
    again.refresh()
    world.tell(receipt("1.2.3.77"))
    again.follow()
    assert world.reader.study("1.2.1") is not None


def test_crash_between_the_rows_and_the_publishing_says_it_after_the_restart(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt(variant=1))
    indexer.follow()  # killed here
    again = world.start()
    events = say_all(again)
    assert sorted(names(events)) == ["instance.conflicted", "study.arrived"]


def test_crash_after_the_publishing_says_the_same_again(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    first = say_all(indexer)  # published, and killed before that was kept
    again = world.start()
    assert [event.id for event in say_all(again)] == [event.id for event in first]


def test_what_was_said_and_kept_is_not_said_again(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    say_all(indexer)
    indexer.close()
    assert say_all(world.start()) == []


def test_write_that_fails_is_done_again_without_another_decision(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt(variant=1), receipt("1.2.3.2", patient="another"))

    def fail(_: IndexBatch) -> None:
        raise StorageFailed

    with monkeypatch.context() as patch:
        patch.setattr(indexer._index, "write", fail)
        for _ in range(3):
            with pytest.raises(StorageFailed):
                indexer.follow()
    indexer.follow()
    assert len(world.visible()) == 1
    for kind in (EntryKind.ARRIVAL, EntryKind.CURRENT_CHOSEN, EntryKind.HOLD):
        assert len(world.decisions(kind)) == 1


@pytest.mark.parametrize("with_positions", [True, False])
def test_decision_whose_rows_were_written_and_not_confirmed_is_said_all_the_same(
    world: World, monkeypatch: pytest.MonkeyPatch, with_positions: bool
) -> None:
    """A server's rows are there before its positions, and before its answer: what is left may be nothing."""
    indexer = world.start()
    world.tell(receipt())
    write = indexer._index.write

    def write_and_lose_the_answer(batch: IndexBatch) -> None:
        write(batch if with_positions else replace(batch, positions={}))
        raise Unavailable("the answer was lost")

    with monkeypatch.context() as patch:
        patch.setattr(indexer._index, "write", write_and_lose_the_answer)
        with pytest.raises(Unavailable):
            indexer.follow()
    assert say_all(indexer) == []
    indexer.follow()
    assert names(say_all(indexer)) == ["study.arrived"]
    assert len(world.decisions(EntryKind.ARRIVAL)) == 1


def test_entry_that_cannot_be_decoded_does_not_stop_the_others(world: World) -> None:
    indexer = world.start()
    writer = world.journal.writer("ingest-b")
    writer.append([Entry(world.clock.version(), EntryKind.RECEIPT, 0, b"\xff no message")])
    world.tell(receipt())
    indexer.follow()
    assert len(world.visible()) == 1


def test_changes_of_the_ae_list_are_passed_over_and_wait_for_nobody(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    world.tell(entries.AeChanged(title="CT1", caller="anna"), node=f"web{AE}")
    indexer.follow()
    assert len(world.visible()) == 1
    ends = world.journal.ends()
    assert sorted(stream.is_ae for stream in ends) == [False, False, True]
    indexer.save()
    assert commits_behind(ends, world.reader.positions(), ("indexer",)) == 0


def test_header_that_cannot_be_read_is_kept_with_its_uids_and_held(world: World) -> None:
    """Whose it is cannot be told, so it is not shown in somebody's study."""
    indexer = world.start()
    broken = receipt("1.2.3.2")
    broken.head[0].content = b"\x08\x00\x18\x00UI\xff"
    world.tell(receipt(), broken)
    indexer.follow()
    assert world.visible() == [("1.2.3.1", receipt().digest)]
    assert world.reader.totals()["holds"] == 1
