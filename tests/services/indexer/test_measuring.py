"""How far the index is behind the journal is told while it cannot be written, and not by who lost it to another."""

from pathlib import Path

import pytest
from tests.support.indexing import World, receipt

from isocenter.errors import Unavailable
from isocenter.ports.index import MetadataIndex
from isocenter.runtime.metrics import METRICS


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def lag() -> float:
    return METRICS.value("isocenter_journal_lag_commits")


def test_lag_is_told_before_the_index_has_it_and_ends_when_it_does(world: World) -> None:
    indexer = world.start()
    for number in range(3):
        world.tell(receipt(f"1.2.3.{number}"))
    indexer.measure()
    assert lag() == 3
    indexer.follow()
    indexer.measure()
    assert lag() == 0


def test_whose_index_is_another_s_tells_no_lag(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: object) -> MetadataIndex:
        raise Unavailable("somebody else writes this index")

    indexer = world.start()
    world.tell(receipt())
    indexer.measure()
    assert lag() == 1
    monkeypatch.setattr(type(world.generations), "open", refuse)
    with pytest.raises(Unavailable):
        indexer.reopen()
    indexer.measure()
    assert lag() == 0
