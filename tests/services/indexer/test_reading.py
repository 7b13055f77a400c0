"""How what the journal has grown by is taken: in batches of whole commits, bounded in number and in time."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.indexing import World, receipt

from isocenter.indexer.reading import Batch, batches


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    for number in range(1, 7):
        world.tell(receipt(f"1.2.3.{number}", number=number))
    yield world
    world.close()


def taken(world: World, max_records: int, max_s: float) -> list[Batch]:
    journal = world.journal
    return list(batches(journal, {}, journal.ends(), max_records, max_s))


@pytest.mark.parametrize(
    ("max_records", "max_s", "sizes"),
    [(500, 60.0, [6]), (4, 60.0, [4, 2]), (500, 0.0, [1] * 6)],
    ids=["small and quick", "large", "slow"],
)
def test_batch_ends_when_it_is_large_or_came_slowly(
    world: World, max_records: int, max_s: float, sizes: list[int]
) -> None:
    found = taken(world, max_records, max_s)
    assert [len(batch.records) for batch in found] == sizes
    versions = [record.entry.version for batch in found for record in batch.records]
    assert versions == sorted(versions)
    assert found[-1].positions == world.journal.ends()
