"""Events to packs: once, twice, with a crash before the acknowledgement, and without any event at all."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from tests.support.archive import Archive
from tests.support.buses import RecordingBus
from tests.support.nats_server import RunningNats, running_nats
from tests.support.slices import ct_slice
from tests.support.transcoding import pack_keys, tables, transcoding
from tests.support.wait import until

from isocenter.adapters.bus.nats import NatsBus
from isocenter.api.events.v1 import events_pb2 as pb
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.uids import partition_of
from isocenter.errors import Busy
from isocenter.events import catalog
from isocenter.events.entries import EntryKind
from isocenter.events.event import Event
from isocenter.ports.index_rows import IndexBatch
from isocenter.ports.journal import Entry, Stream
from isocenter.runtime.clock import HybridClock
from isocenter.runtime.lifecycle import Process, live
from isocenter.runtime.run_folder import prepare
from isocenter.transcoder import listening
from isocenter.transcoder.expiring import DAY_MS, Expiry
from isocenter.transcoder.listening import Listener
from isocenter.transcoder.service import Ports, build, pool_of
from isocenter.transcoder.settings import TranscoderSettings
from isocenter.transcoder.sweeping import POSITIONS_KEY, Sweep, SweepOf

STUDY = "1.2.1"
INGEST = Stream("ingest", "00000000000000ab")


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as archive:
        yield archive


def put(archive: Archive, *numbers: int, study: str = STUDY, complete: bool = True) -> None:
    for number in numbers:
        archive.put(ct_slice(f"{study}.3.{number}", study, number=number, side=64))
    archive.sum_up(complete=complete)


def stored(sequence: int, study: str = STUDY) -> Event:
    message = pb.InstanceStored(
        range=pb.JournalRange(
            node=INGEST.node,
            epoch=INGEST.epoch,
            first_sequence=sequence,
            last_sequence=sequence,
        ),
        studies=[pb.StudyCount(study_instance_uid=study, instances=1)],
        first_version=1,
        last_version=1,
    )
    partition = partition_of(study)
    return Event(catalog.INSTANCE_STORED, "local", partition, f"{study}/{sequence}", message)


def applied(archive: Archive, sequence: int) -> None:
    archive.index.write(IndexBatch(positions={INGEST: sequence}))


@asynccontextmanager
async def listening_to(archive: Archive) -> AsyncIterator[Listener]:
    async with transcoding(archive) as working:
        yield Listener(working.transcoder, archive.reader, "local", pause_s=0)


async def test_an_event_makes_its_study_streamable_and_says_so(archive: Archive) -> None:
    put(archive, 1, 2)
    applied(archive, 1)
    async with listening_to(archive) as listener:
        (ready,) = await listener.on_events([stored(1)])
    assert ready.fact is catalog.RENDITION_READY
    assert isinstance(ready.message, pb.RenditionReady)
    (key,) = pack_keys(archive)
    assert (ready.message.pack_key, ready.message.instances) == (key, 2)
    assert ready.message.whole_series


async def test_twice_it_says_the_same_and_makes_nothing(archive: Archive) -> None:
    put(archive, 1)
    applied(archive, 1)
    async with listening_to(archive) as listener:
        once = await listener.on_events([stored(1)])
        before = pack_keys(archive)
        twice = await listener.on_events([stored(1), stored(1)])
    assert [event.id for event in once] == [event.id for event in twice]
    assert pack_keys(archive) == before


async def test_after_a_crash_before_the_acknowledgement_the_event_comes_again_and_is_said(
    archive: Archive,
) -> None:
    put(archive, 1)
    applied(archive, 1)
    async with listening_to(archive) as listener:
        said = await listener.on_events([stored(1)])  # and nobody heard it
    async with listening_to(archive) as listener:
        again = await listener.on_events([stored(1)])
    assert [event.id for event in again] == [event.id for event in said]
    assert len(pack_keys(archive)) == 1


async def test_what_the_index_does_not_show_yet_is_waited_for(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archive, 1)
    monkeypatch.setattr(listening, "INDEX_WAIT_S", 0.2)
    async with listening_to(archive) as listener:
        with pytest.raises(Busy):
            await listener.on_events([stored(1)])
        assert pack_keys(archive) == []
        applied(archive, 1)
        await listener.on_events([stored(1)])
    assert len(pack_keys(archive)) == 1


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[RunningNats]:
    (tmp_path / "nats").mkdir()
    with running_nats(tmp_path / "nats") as server:
        yield server


async def test_the_whole_service_listens_on_a_real_broker_and_sweeps(
    archive: Archive, nats: RunningNats
) -> None:
    settings = TranscoderSettings(
        data_folder=archive.root, run_folder=archive.root / "run", rpc_token="0123456789abcdef",
        min_free_bytes=0, arriving_pause_s=0.1, sweep_s=0.2,
    )  # fmt: skip
    prepare(settings.run_folder)
    bus = NatsBus(nats.url, site="local", token=nats.token)
    pool = pool_of(settings)
    ports = Ports(archive.reader, archive.journal, archive.objects, bus, HybridClock())
    stop, started = asyncio.Event(), asyncio.Event()
    put(archive, 1, complete=False)
    put(archive, 1, study="1.2.7")
    applied(archive, 1)
    async with asyncio.TaskGroup() as group:
        service = build(ports, settings, pool)
        process = group.create_task(live(Process(service, bus), settings, stop, started))
        await started.wait()
        await bus.publish(stored(1))
        await until(lambda: len(tables(archive)) == 1)
        complete(archive, "1.2.7")  # of which no event says anything
        await until(lambda: len(tables(archive)) == 2)
        stop.set()
        assert await process == 0
    pool.close()
    await bus.close()


def complete(archive: Archive, study: str) -> None:
    """Write the completion as an indexer does."""
    message = entries.Completion(study_instance_uid=study, revision=1)
    writer = archive.journal.writer("indexer")
    payload = message.SerializeToString()
    writer.append([Entry(1, EntryKind.COMPLETION, partition_of(study), payload)])
    writer.close()


def sweeping(archive: Archive, working: object, keep_days: int = 0) -> Sweep:
    clock = HybridClock()
    expiry = Expiry(archive.reader, archive.journal, archive.objects, clock, keep_days)
    of = SweepOf("transcoder", "local", ("indexer",), 1.0)
    transcoder = working.transcoder  # type: ignore[attr-defined]
    return Sweep(of, archive.journal, archive.objects, RecordingBus(), transcoder, expiry)


async def test_a_sweep_looks_at_each_completion_once(archive: Archive) -> None:
    for study in ("1.2.1", "1.2.7", "1.2.8"):
        put(archive, 1, study=study)
        complete(archive, study)
    async with transcoding(archive) as working:
        sweep = sweeping(archive, working)
        assert await sweep.look() == 3
        assert len(pack_keys(archive)) == 3
        assert await sweep.look() == 0
        archive.objects.delete(POSITIONS_KEY)
        assert await sweep.look() == 3
        assert len(pack_keys(archive)) == 3


async def test_packs_of_old_studies_expire_and_are_not_made_without_being_asked_for(
    archive: Archive,
) -> None:
    put(archive, 1)  # the archive's rows are from 1970
    complete(archive, STUDY)
    ends = archive.journal.ends()
    archive.index.write(IndexBatch(positions=dict(ends)))
    async with transcoding(archive) as working:
        await sweeping(archive, working).look()
        assert len(pack_keys(archive)) == 1
        clock = HybridClock()
        kept = Expiry(archive.reader, archive.journal, archive.objects, clock, 0)
        assert await kept.expire() == 0
        days = clock.now_ms() // DAY_MS
        young = Expiry(archive.reader, archive.journal, archive.objects, clock, days + 1)
        assert await young.expire() == 0
        old = Expiry(archive.reader, archive.journal, archive.objects, clock, 30)
        assert await old.expire() == 1
        assert pack_keys(archive) == []
        archive.objects.delete(POSITIONS_KEY)
        await sweeping(archive, working, keep_days=30).look()
        assert pack_keys(archive) == []
