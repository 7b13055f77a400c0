"""A study's packs follow what can be found of it: made once, whole or absent, whatever happens in between."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.archive import Archive
from tests.support.slices import ct_slice
from tests.support.transcoding import frames, pack_keys, tables, transcoding

from isocenter.errors import Busy, OutOfSpace
from isocenter.pixels import pool
from isocenter.pixels.jobs import Job
from isocenter.ports.index_rows import InstanceRow
from isocenter.renditions.keys import is_series_pack
from isocenter.transcoder.draft import Draft
from isocenter.transcoder.schedule import Urgency
from isocenter.transcoder.transcoding import Outcome, Transcoder

STUDY = "1.2.1"


@pytest.fixture
def archive(tmp_path: Path) -> Iterator[Archive]:
    with Archive(tmp_path) as archive:
        yield archive


def put(archive: Archive, count: int, *, complete: bool, start: int = 1) -> list[InstanceRow]:
    rows = [
        archive.put(ct_slice(f"1.2.3.{number}", STUDY, number=number))
        for number in range(start, start + count)
    ]
    archive.sum_up(complete=complete)
    return rows


async def bring_up(transcoder: Transcoder) -> Outcome:
    return await transcoder.bring_up(STUDY, Urgency.ARRIVING)


def members(archive: Archive) -> list[str]:
    return sorted(
        instance.sop_instance_uid
        for table in tables(archive).values()
        for instance in table.instances
    )


async def test_what_arrives_is_in_chunks_and_what_is_complete_in_one_pack(archive: Archive) -> None:
    put(archive, 70, complete=False)
    async with transcoding(archive) as working:
        arriving = await bring_up(working.transcoder)
        assert [arriving.instances, arriving.made, arriving.as_stored] == [70, 70, 0]
        assert sorted(len(table.instances) for table in tables(archive).values()) == [6, 64]
        assert not any(map(is_series_pack, pack_keys(archive)))

        archive.sum_up(complete=True)
        complete = await bring_up(working.transcoder)
        assert (complete.made, set(complete.made_packs)) == (0, {pack_keys(archive)[0]})
        (key,) = pack_keys(archive)
        assert is_series_pack(key)
        order = [one.sop_instance_uid for one in tables(archive)[key].instances]
        assert order == [f"1.2.3.{number}" for number in range(1, 71)]
        assert tables(archive)[key].thumbnail.sop_instance_uid == "1.2.3.36"


async def test_twice_is_as_once(archive: Archive) -> None:
    put(archive, 5, complete=True)
    async with transcoding(archive) as working:
        once = await bring_up(working.transcoder)
        twice = await bring_up(working.transcoder)
    assert (once.made, twice.made) == (5, 0)
    assert once.made_packs == set(pack_keys(archive))
    assert twice.made_packs == frozenset()


async def test_asked_by_many_at_once_it_is_made_once(archive: Archive) -> None:
    put(archive, 5, complete=True)
    async with transcoding(archive) as working:
        outcomes = await asyncio.gather(*(bring_up(working.transcoder) for _ in range(8)))
    assert sum(outcome.made for outcome in {id(one): one for one in outcomes}.values()) == 5


async def test_a_crash_before_a_pack_stands_leaves_nothing_and_after_it_nothing_to_do(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(archive, 3, complete=True)
    whole = Draft.put

    def dies(draft: Draft, key: str) -> object:
        raise SystemError("killed")

    def dies_after(draft: Draft, key: str) -> object:
        whole(draft, key)
        raise SystemError("killed")

    async with transcoding(archive) as working:
        monkeypatch.setattr(Draft, "put", dies)
        with pytest.raises(SystemError):
            await bring_up(working.transcoder)
        assert pack_keys(archive) == []
        monkeypatch.setattr(Draft, "put", dies_after)
        with pytest.raises(SystemError):
            await bring_up(working.transcoder)
        assert len(pack_keys(archive)) == 1
    monkeypatch.setattr(Draft, "put", whole)
    async with transcoding(archive) as working:
        assert (await bring_up(working.transcoder)).made == 0
    assert len(members(archive)) == 3


async def test_what_is_deleted_or_held_leaves_the_packs(archive: Archive) -> None:
    rows = put(archive, 4, complete=True)
    async with transcoding(archive) as working:
        await bring_up(working.transcoder)
        archive.delete(rows[0])
        await bring_up(working.transcoder)
        assert members(archive) == ["1.2.3.2", "1.2.3.3", "1.2.3.4"]
        archive.hold(rows[1])
        await bring_up(working.transcoder)
        assert members(archive) == ["1.2.3.3", "1.2.3.4"]
        for row in rows[2:]:
            archive.delete(row)
        await bring_up(working.transcoder)
        assert pack_keys(archive) == []


async def test_late_instances_come_beside_the_whole_until_the_study_is_complete_again(
    archive: Archive,
) -> None:
    put(archive, 3, complete=True)
    async with transcoding(archive) as working:
        await bring_up(working.transcoder)
        put(archive, 1, complete=False, start=4)
        assert (await bring_up(working.transcoder)).made == 1
        assert len(pack_keys(archive)) == 2
        archive.sum_up(complete=True)
        assert (await bring_up(working.transcoder)).made == 0
        assert len(pack_keys(archive)) == 1
    assert len(members(archive)) == 4


async def test_a_damaged_pack_is_made_again_from_what_is_stored(archive: Archive) -> None:
    put(archive, 66, complete=False)
    async with transcoding(archive) as working:
        await bring_up(working.transcoder)
        harm(archive, pack_keys(archive)[0], 100)
        archive.sum_up(complete=True)
        with pytest.raises(Busy, match="damaged"):
            await bring_up(working.transcoder)
        await bring_up(working.transcoder)
    (key,) = pack_keys(archive)
    for instance in tables(archive)[key].instances:
        assert len(frames(archive, key, instance)) == 1  # each with its checksum


def harm(archive: Archive, key: str, place: int) -> None:
    path = archive.objects.local_path(key)
    assert path is not None
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.chmod(0o600)
    path.write_bytes(content)


async def test_a_codec_that_crashes_costs_one_instance(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = put(archive, 3, complete=True)
    honest = pool._Child.do

    def crashes(child: pool._Child, job: Job) -> pool.Result:
        if rows[1].object_key in job.source.path:
            child.kill()
        return honest(child, job)

    monkeypatch.setattr(pool._Child, "do", crashes)
    async with transcoding(archive) as working:
        outcome = await bring_up(working.transcoder)
    assert (outcome.instances, outcome.as_stored) == (3, 1)
    (table,) = tables(archive).values()
    assert [one.refused for one in table.instances] == ["", "the codec gave up on this image", ""]


async def test_nothing_is_made_while_receiving_needs_the_room(archive: Archive) -> None:
    put(archive, 1, complete=True)
    async with transcoding(archive) as working:
        working.transcoder._min_free_bytes = 1 << 62
        with pytest.raises(OutOfSpace):
            await bring_up(working.transcoder)
        assert pack_keys(archive) == []
        working.transcoder._min_free_bytes = 0
        assert (await bring_up(working.transcoder)).made == 1
