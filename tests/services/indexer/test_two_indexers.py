"""Two indexers of one site on one index, on purpose: one writes at a time, the other goes on where it ended."""

import signal
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from tests.support.indexing import World, receipt
from tests.support.nats_server import RunningNats, running_nats
from tests.support.opensearch_server import OpenSearchForTests
from tests.support.two_indexers import NODES, TOKEN, TwoIndexers, two_indexers
from tests.support.wait import until

from isocenter.adapters.open import open_index_reader
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import NotFound, Unavailable
from isocenter.events.entries import EntryKind
from isocenter.ports.index import IndexReader
from isocenter.runtime.rpc_channels import channel
from isocenter.streaming.rpc import IndexerClient

pytestmark = pytest.mark.timeout(600)  # servers are started in it

STUDIES = 120  # a rebuild of them takes seconds
TAKE_OVER_S = 60.0  # the lease lapses in 10 s; the rest is a busy machine's


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path / "data")
    yield world
    world.close()


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[RunningNats]:
    (tmp_path / "nats").mkdir()
    with running_nats(tmp_path / "nats") as server:
        yield server


def on(world: World, nats: RunningNats, **told: str) -> dict[str, str]:
    return {
        "ISOCENTER_BUS_URL": nats.url,
        "ISOCENTER_BUS_TOKEN": nats.token,
        **{f"ISOCENTER_{name.upper()}": value for name, value in told.items()},
    }


class Studies:
    """Studies told to the journal, and what became of them."""

    def __init__(self, world: World, reader: IndexReader) -> None:
        self._world = world
        self._reader = reader
        self.told: list[str] = []

    def tell(self) -> str:
        study = f"1.2.1.{len(self.told) + 1}"
        sop = f"1.2.3.{len(self.told) + 1}"
        self._world.tell(receipt(sop, study=study, series=f"{study}.1"))
        self.told.append(study)
        return study

    def is_found(self, study: str) -> bool:
        try:
            return len(self._reader.instances(study)) == 1
        except Unavailable:  # there is no index yet
            return False

    def are_found(self) -> bool:
        return all(map(self.is_found, self.told))

    def arrivals(self) -> Counter[str]:
        """How often each study's arrival was decided, by whichever indexer."""
        journal = self._world.journal
        return Counter(
            entries.Arrival.FromString(record.entry.payload).study_instance_uid
            for stream in journal.ends()
            if stream.node in NODES
            for record in journal.read(stream)
            if record.entry.kind == EntryKind.ARRIVAL
        )


async def until_one_has_it(indexers: TwoIndexers) -> str:
    found: list[str] = []

    async def look() -> bool:
        found[:] = [node for node in [await indexers.holder()] if node]
        return bool(found)

    await until(look, TAKE_OVER_S)
    return found[0]


def other(node: str) -> str:
    return NODES[1 - NODES.index(node)]


async def test_who_stands_by_sends_askers_on_at_once_and_takes_over_from_a_killed_holder(
    world: World, nats: RunningNats
) -> None:
    studies = Studies(world, world.reader)
    with two_indexers(world.root, on(world, nats)) as indexers:
        holder = await until_one_has_it(indexers)
        await until(lambda: "index_not_open" in indexers.log(other(holder)), TAKE_OVER_S)
        channels = [channel(indexers.run_folder, node, TOKEN) for node in (other(holder), holder)]
        with pytest.raises(NotFound):  # said by the one that has the index
            await IndexerClient(channels).handle("none-1", "drop", "a person", "")
        for one in channels:
            await one.close(None)
        studies.tell()
        await until(studies.are_found, TAKE_OVER_S)
        studies.tell()
        indexers.signal(holder, signal.SIGKILL)
        studies.tell()
        await until(studies.are_found, TAKE_OVER_S)
        assert await until_one_has_it(indexers) == other(holder)
        await until(lambda: studies.arrivals() == Counter(studies.told), TAKE_OVER_S)


async def test_holder_that_was_halted_is_fenced_and_takes_its_turn_when_the_next_is_killed(
    world: World, nats: RunningNats, opensearch: OpenSearchForTests
) -> None:
    url = opensearch.fresh_url()
    reader = open_index_reader(url, **opensearch.secrets)
    secrets = {f"index_{name}": value for name, value in opensearch.secrets.items()}
    studies = Studies(world, reader)
    with two_indexers(world.root, on(world, nats, index_url=url, **secrets)) as indexers:
        first = await until_one_has_it(indexers)
        studies.tell()
        await until(studies.are_found, TAKE_OVER_S)
        indexers.signal(first, signal.SIGSTOP)
        studies.tell()
        await until(studies.are_found, TAKE_OVER_S)  # by the other, once the lease has lapsed
        studies.tell()
        indexers.signal(first, signal.SIGCONT)  # and believes that it still has it
        for _ in range(20):
            await until(partial(studies.is_found, studies.tell()), TAKE_OVER_S)
        assert await until_one_has_it(indexers) == other(first)
        indexers.signal(other(first), signal.SIGKILL)
        studies.tell()
        await until(studies.are_found, TAKE_OVER_S)
        assert await until_one_has_it(indexers) == first
        await until(lambda: studies.arrivals() == Counter(studies.told), TAKE_OVER_S)
    reader.close()


async def test_index_that_was_lost_is_made_anew_by_one_of_them_and_every_study_arrives_once(
    world: World, nats: RunningNats, opensearch: OpenSearchForTests
) -> None:
    url = opensearch.fresh_url()
    reader = open_index_reader(url, **opensearch.secrets)
    secrets = {f"index_{name}": value for name, value in opensearch.secrets.items()}
    studies = Studies(world, reader)
    for _ in range(STUDIES):
        studies.tell()
    with two_indexers(world.root, on(world, nats, index_url=url, **secrets)) as indexers:
        await until(partial(studies.is_found, studies.told[-1]), 2 * TAKE_OVER_S)
        await until_one_has_it(indexers)
        made = [node for node in NODES if "index_rebuilt" in indexers.log(node)]
        assert len(made) == 1
    assert studies.arrivals() == Counter(studies.told)
    reader.close()
