"""The indexer where journal and decisions are objects in a store that is away now and then."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.faulty_objects import FaultyObjects
from tests.support.indexing import World, receipt

from isocenter.adapters.journal.objects import ObjectJournal, Pace
from isocenter.errors import Unavailable
from isocenter.events.entries import EntryKind
from isocenter.indexer.indexing import Indexer
from isocenter.ports.journal import Journal, StreamEnded


class ObjectWorld(World):
    def open_journal(self) -> Journal:
        self.objects = FaultyObjects(self.root / "archive")
        return ObjectJournal(self.objects, self.clock, Pace(patience_s=0.2))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[ObjectWorld]:
    made = ObjectWorld(tmp_path)
    yield made
    made.close()


def said(indexer: Indexer) -> list[str]:
    found = indexer.unsaid()
    for saying in found:
        indexer.said(saying)
    return [event.fact.name for saying in found for event in saying.events]


def away(method: str, key: str) -> None:
    if method == "put":
        raise Unavailable


@pytest.mark.parametrize("is_stored", [True, False])
def test_a_decision_of_unknown_outcome_is_taken_up_once(
    world: ObjectWorld, is_stored: bool
) -> None:
    indexer = world.start()
    world.tell(receipt("1.2.3.1"))
    indexer.follow()
    assert said(indexer) == ["study.arrived"]
    world.tell(receipt("1.2.3.1", study="1.2.9", series="1.2.9.1"))
    if is_stored:
        world.objects.after = away
    else:
        world.objects.before = away
    with pytest.raises(StreamEnded):
        indexer.follow()
    world.objects.before = world.objects.after = lambda *_: None
    assert not indexer.stands()
    indexer.reopen()
    assert indexer.stands()
    indexer.follow()
    assert len(world.decisions(EntryKind.HOLD)) == 1
    assert said(indexer) == ["instance.held"]
    assert len(world.visible("1.2.1")) == 1
    assert world.visible("1.2.9") == []
    world.tell(receipt("1.2.3.2", number=2))
    indexer.follow()
    assert len(world.visible("1.2.1")) == 2


def test_an_index_that_was_lost_is_the_same_after_merging(world: ObjectWorld) -> None:
    indexer = world.start()
    for number in range(1, 30):
        world.tell(receipt(f"1.2.3.{number}", number=number))
        indexer.follow()
    indexer.refresh()
    before = world.states("1.2.1")
    assert len(before) == 29
    indexer.close()
    tidier = ObjectJournal(world.objects, world.clock, Pace(rest_s=0.0))
    assert tidier.seal_abandoned(0) == 29  # of the receipts; the indexer wrote less
    for path in (world.root / "index").rglob("*"):
        path.unlink()
    world.start()
    assert world.states("1.2.1") == before


def test_an_idle_indexer_asks_the_store_once_a_sweep(world: ObjectWorld) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    said(indexer)
    world.objects.count_anew()
    for _ in range(20):
        indexer.follow()
        indexer.overdue()
        indexer.complete()
        assert said(indexer) == []
    assert world.objects.calls == {"list": 20}
