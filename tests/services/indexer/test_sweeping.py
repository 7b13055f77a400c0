"""Entries whose writer died before it could say them: said on its behalf, whatever crashed meanwhile."""

import time
from pathlib import Path

import pytest
from tests.support.indexing import World, deletion, names, receipt

from isocenter.api.events.v1 import events_pb2 as events
from isocenter.events.event import Event
from isocenter.indexer import untold
from isocenter.indexer.indexing import Indexer


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    monkeypatch.setattr(untold, "PATIENCE_S", -1.0)  # every look comes late enough
    return World(tmp_path)


def instances(said: list[Event]) -> int:
    return sum(
        count.instances
        for event in said
        if isinstance(event.message, events.InstanceStored)
        for count in event.message.studies
    )


def say(indexer: Indexer) -> list[Event]:
    said: list[Event] = []
    while overdue := indexer.overdue():
        said += overdue
        indexer.named(overdue)
    return said


def test_entries_that_nobody_named_are_said_once(world: World) -> None:
    indexer = world.start()
    world.tell(*(receipt(f"1.2.3.{n}", study=f"1.2.1.{n % 3}") for n in range(9)))
    world.tell(deletion("d", "1.2.1.0"))
    indexer.follow()
    said = say(indexer)
    assert instances(said) == 9
    assert names(said).count("instance.deleted") == 1
    assert all(event.fact.producer == "ingest" for event in said)
    assert say(indexer) == []


def test_entries_that_were_named_are_left_alone(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"))
    indexer.follow()
    events_of_writer = indexer.overdue()
    world.start()
    indexer = world.start()
    indexer.named(events_of_writer)  # before or after they are read: it comes to the same
    indexer.follow()
    assert say(indexer) == []


def test_partition_that_was_not_named_is_found_beside_one_that_was(world: World) -> None:
    indexer = world.start()
    world.tell(receipt("1.2.3.1", study="1.2.1.1"), receipt("1.2.3.2", study="1.2.1.2"))
    indexer.follow()
    first, second = indexer.overdue()
    indexer.named([first])
    [missing] = say(indexer)
    assert missing.id == second.id


def test_what_was_applied_but_never_said_is_said_after_a_crash_of_the_indexer_too(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.kill_writer("ingest")
    again = world.start()
    [event] = say(again)
    assert instances([event]) == 1
    again.follow()
    world.tell(receipt("1.2.3.2"), node="ingest-b")
    again.follow()
    assert instances(say(again)) == 1
    world.tell(receipt("1.2.3.3"), node="ingest-b")
    again.follow()
    say(again)
    again.follow()
    again.close()


def test_what_was_never_said_is_not_forgotten_for_what_came_while_the_indexer_was_down(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    world.tell(receipt("1.2.3.2"))
    world.start()  # applies the second before anything is said, and is killed too
    assert instances(say(world.start())) == 2


def test_large_backlog_is_said_in_bounded_events(world: World) -> None:
    indexer = world.start()
    for start in range(0, 450, 150):
        world.tell(*(receipt(f"1.2.3.{n}") for n in range(start, start + 150)))
    indexer.follow()
    said = say(indexer)
    assert [instances([event]) for event in said] == [200, 200, 50]


def test_patience_is_counted_from_the_last_event_of_the_stream() -> None:
    registry = untold.Untold()
    assert registry.overdue(time.monotonic()) == {}
