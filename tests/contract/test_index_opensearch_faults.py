"""OpenSearch killed in the middle of writes, robbed of its data, and given back with a damaged disk."""

import shutil
import threading
from itertools import count

import pytest
from tests.contract.index_write_suite import NOTHING
from tests.support.index_rows import Study, batch_of
from tests.support.opensearch_server import RunningOpenSearch
from tests.support.poll import poll

from isocenter.adapters.index.opensearch import (
    OpenSearchGenerations,
    OpenSearchReader,
    health,
    located,
)
from isocenter.errors import Corrupted, Unavailable
from isocenter.ports.index import MetadataIndex, Query
from isocenter.ports.journal import Stream

STREAM = Stream("writer", "0" * 16)
ROUNDS, SOAK_ROUNDS = 2, 20
WRITTEN_PER_ROUND = 15


class Writer:
    """Writes one study and the next position per batch, and again until it is acknowledged, as the indexer does."""

    def __init__(self, index: MetadataIndex) -> None:
        self._index = index
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.acknowledged = 0
        self.refused = 0

    def __enter__(self) -> "Writer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        for sequence in count(1):
            batch = batch_of([Study(f"1.9.{sequence}")])
            batch.positions[STREAM] = sequence
            while not self._wrote(batch):
                if self._stop.wait(0.05):
                    return
            self.acknowledged = sequence
            if self._stop.is_set():
                return

    def _wrote(self, batch: object) -> bool:
        try:
            self._index.write(batch)  # type: ignore[arg-type]
        except Unavailable:
            self.refused += 1
            return False
        return True


@pytest.mark.parametrize("rounds", [ROUNDS, pytest.param(SOAK_ROUNDS, marks=pytest.mark.soak)])
def test_nothing_acknowledged_is_lost_when_the_server_is_killed(
    opensearch_to_harm: RunningOpenSearch, rounds: int
) -> None:
    server = opensearch_to_harm
    place = located(f"opensearch+{server.address}/killed-{rounds}")
    index, reader = OpenSearchGenerations(*place).open(), OpenSearchReader(*place)
    with Writer(index) as writer:
        for _ in range(rounds):
            goal = writer.acknowledged + WRITTEN_PER_ROUND
            poll(lambda: writer.acknowledged >= goal, 60)  # noqa: B023  (called at once)
            server.kill()
            before = writer.acknowledged
            with pytest.raises(Unavailable):
                reader.totals()
            server.start()
            applied = reader.positions()[STREAM]
            assert applied >= before
            found = {study for study in range(1, applied + 1) if reader.study(f"1.9.{study}")}
            assert found == set(range(1, applied + 1))
            poll(lambda: writer.acknowledged > before, 30)  # noqa: B023
    assert writer.refused > 0
    total = reader.totals()
    assert total["studies"] == total["instances"] == writer.acknowledged
    assert index.positions() == {STREAM: writer.acknowledged}
    index.close()
    reader.close()


def test_a_server_that_lost_its_data_gives_an_empty_index(
    opensearch_to_harm: RunningOpenSearch,
) -> None:
    server = opensearch_to_harm
    place = located(f"opensearch+{server.address}/wiped")
    generations, reader = OpenSearchGenerations(*place), OpenSearchReader(*place)
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    before = reader.generation()
    server.wipe()
    server.start()
    with pytest.raises(Unavailable):
        index.write(batch_of([Study("1.3")]))
    assert not generations.serves(index)
    with pytest.raises(Unavailable):
        reader.totals()
    index.close()
    again = generations.open()
    assert (again.positions(), again.totals()) == ({}, NOTHING)
    poll(lambda: reader.totals() == NOTHING)
    assert reader.generation() > before
    again.close()


def test_a_damaged_index_is_called_so_and_another_takes_its_place(
    opensearch_to_harm: RunningOpenSearch,
) -> None:
    server = opensearch_to_harm
    place = located(f"opensearch+{server.address}/damaged")
    generations, reader = OpenSearchGenerations(*place), OpenSearchReader(*place)
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    server.kill()
    for path in (server.folder / "data").glob("nodes/0/indices/*/0/index/segments_*"):
        path.write_bytes(b"\0" * path.stat().st_size)
    server.start("red")
    with pytest.raises(Corrupted):
        generations.open()
    with pytest.raises(Unavailable):
        reader.search(Query("study"))
    fresh = generations.create()
    fresh.write(batch_of([Study("1.3"), Study("1.4")]))
    generations.swap(fresh)
    poll(lambda: reader.totals()["instances"] == 2)
    assert generations.serves(fresh)
    fresh.close()
    reader.close()


def test_a_part_that_no_node_has_is_waited_for(
    opensearch_to_harm: RunningOpenSearch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(health, "GIVE_UP_AFTER_S", 1)
    server = opensearch_to_harm
    generations = OpenSearchGenerations(*located(f"opensearch+{server.address}/away"))
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    server.kill()
    shards = server.folder / "data/nodes/0/indices"
    shards.rename(server.folder / "elsewhere")
    server.start("red")
    with pytest.raises(Unavailable):
        generations.open()
    server.kill()
    shutil.rmtree(shards, ignore_errors=True)
    (server.folder / "elsewhere").rename(shards)
    server.start()
    again = generations.open()
    assert again.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}
    again.close()
