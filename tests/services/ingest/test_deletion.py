"""Deleting: gone from what is shown at once, back on undo, and after the grace time really gone - but nothing else."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.support.ingesting import Site, site
from tests.support.part10 import part10
from tests.support.wait import until

from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.runtime.caller import NOBODY
from isocenter.runtime.clock import HybridClock, wall_ms

HOUR_MS = 3_600_000
WEEK_MS = 7 * 24 * HOUR_MS


class Wall:
    """A wall clock that a test moves."""

    def __init__(self) -> None:
        self.later_ms = 0

    def __call__(self) -> int:
        return wall_ms() + self.later_ms


@pytest.fixture
def wall() -> Wall:
    return Wall()


@pytest.fixture
def here(tmp_path: Path, wall: Wall) -> Iterator[Site]:
    with site(tmp_path, clock=HybridClock(wall)) as made:
        yield made


async def send(here: Site, *sops: str, study: str = "1.2.3", series: str = "1.2.3.4") -> None:
    async with here.client() as client:
        for sop in sops:
            answer = await client.post("/api/import", content=part10(sop, study, series))
            assert answer.json()["status"] in ("stored", "duplicate")
    await until(lambda: set(sops) <= shown(here, study))


def shown(here: Site, study: str = "1.2.3") -> set[str]:
    return {row.sop_instance_uid for row in here.ports.index.instances(study)}


async def ask(here: Site, method: str, path: str, **arguments: Any) -> httpx.Response:
    async with here.client() as client:
        return await client.request(method, path, **arguments)


async def delete(here: Site, path: str = "1.2.3") -> str:
    answer = await ask(here, "DELETE", f"/api/studies/{path}", params={"reason": "sent by mistake"})
    assert answer.status_code == 200, answer.text
    deletion_id = str(answer.json()["deletion_id"])
    await until(lambda: deletion_id in {row.deletion_id for row in here.ports.index.deletions()})
    return deletion_id


async def test_a_deleted_study_is_gone_at_once_and_its_bytes_are_not(here: Site) -> None:
    await send(here, "1.2.3.4.1", "1.2.3.4.2")
    await delete(here)
    await until(lambda: not shown(here))
    assert len(here.objects()) == 2
    (entry,) = here.entries(EntryKind.DELETION)
    assert isinstance(entry, entries.Deletion)
    assert (entry.caller, entry.reason) == ("local", "sent by mistake")
    audits = [audit for audit in here.entries(EntryKind.AUDIT) if isinstance(audit, entries.Audit)]
    assert any(audit.action == "delete" and entry.deletion_id in audit.detail for audit in audits)


async def test_what_is_deleted_can_be_a_series_or_an_instance(here: Site) -> None:
    await send(here, "1.2.3.4.1", "1.2.3.4.2")
    await send(here, "1.2.3.5.1", series="1.2.3.5")
    await delete(here, "1.2.3/series/1.2.3.4/instances/1.2.3.4.1")
    await until(lambda: shown(here) == {"1.2.3.4.2", "1.2.3.5.1"})
    await delete(here, "1.2.3/series/1.2.3.4")
    await until(lambda: shown(here) == {"1.2.3.5.1"})


async def test_an_undone_deletion_shows_everything_again_and_only_once(here: Site) -> None:
    await send(here, "1.2.3.4.1")
    deletion_id = await delete(here)
    assert (await ask(here, "POST", f"/api/deletions/{deletion_id}/undo")).status_code == 200
    await until(lambda: shown(here) == {"1.2.3.4.1"})
    assert (await ask(here, "POST", f"/api/deletions/{deletion_id}/undo")).status_code == 404


async def test_deletions_in_force_are_listed(here: Site) -> None:
    await send(here, "1.2.3.4.1")
    deletion_id = await delete(here)
    (listed,) = (await ask(here, "GET", "/api/deletions")).json()
    assert (listed["deletion_id"], listed["reason"]) == (deletion_id, "sent by mistake")


async def test_an_instance_sent_after_the_deletion_is_shown(here: Site) -> None:
    await send(here, "1.2.3.4.1")
    await delete(here)
    await until(lambda: not shown(here))
    await send(here, "1.2.3.4.1")


@pytest.mark.parametrize(
    ("path", "status"), [("1.2.99", 404), ("1.2.3/series/1.2.99", 404), ("not-a-uid", 400)]
)
async def test_what_is_not_shown_cannot_be_deleted(here: Site, path: str, status: int) -> None:
    await send(here, "1.2.3.4.1")
    assert (await ask(here, "DELETE", f"/api/studies/{path}")).status_code == status
    assert not here.entries(EntryKind.DELETION)


@pytest.mark.parametrize("deletion_id", ["0" * 32, "nonsense", "..%2f"])
async def test_an_unknown_deletion_cannot_be_undone(here: Site, deletion_id: str) -> None:
    answer = await ask(here, "POST", f"/api/deletions/{deletion_id}/undo")
    assert answer.status_code in (400, 404)


async def test_nobody_may_delete_or_undo(here: Site) -> None:
    await send(here, "1.2.3.4.1")
    here.caller = NOBODY
    for method, path in (
        ("DELETE", "/api/studies/1.2.3"),
        ("POST", f"/api/deletions/{'0' * 32}/undo"),
        ("GET", "/api/deletions"),
    ):
        assert (await ask(here, method, path)).status_code == 401
    assert not here.entries(EntryKind.DELETION)


async def test_after_the_grace_time_bytes_projections_and_header_are_gone(
    here: Site, wall: Wall
) -> None:
    await send(here, "1.2.3.4.1", "1.2.3.4.2")
    await send(here, "1.2.9.4.1", study="1.2.9", series="1.2.9.4")
    for key in (
        "renditions/1.2.3/1.2.3.4/a.pack",
        "series/1.2.3/1.2.3.4.1.json.gz",
        "series/1.2.9/x.gz",
    ):
        here.ports.objects.put(key, b"made")
    deletion_id = await delete(here)
    assert await here.ingest.purger().purge_due() == 0
    assert len(here.objects()) == 3
    wall.later_ms = WEEK_MS + HOUR_MS
    await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")  # the hour's file is sealed
    assert await here.ingest.purger().purge_due() == 1
    assert [key.split("/")[1] for key in here.objects("") if key.startswith("instances/")] == [
        "1.2.9"
    ] * 2
    assert here.objects("renditions/") == here.objects("purged/") == []
    assert here.objects("series/") == ["series/1.2.9/x.gz"]
    (purge,) = here.entries(EntryKind.PURGE)
    assert isinstance(purge, entries.Purge)
    assert (purge.deletion_id, len(purge.object_keys)) == (deletion_id, 2)
    receipts = [r for r in here.entries(EntryKind.RECEIPT) if isinstance(r, entries.Receipt)]
    assert {receipt.study_instance_uid for receipt in receipts} == {"1.2.9"}
    await until(lambda: not here.ports.index.deletions())
    assert await here.ingest.purger().purge_due() == 0


async def test_a_deletion_cannot_be_undone_when_its_bytes_may_be_gone(
    here: Site, wall: Wall
) -> None:
    await send(here, "1.2.3.4.1")
    deletion_id = await delete(here)
    wall.later_ms = WEEK_MS + 1
    assert (await ask(here, "POST", f"/api/deletions/{deletion_id}/undo")).status_code == 409


async def test_an_undone_deletion_is_never_purged(here: Site, wall: Wall) -> None:
    await send(here, "1.2.3.4.1")
    deletion_id = await delete(here)
    await ask(here, "POST", f"/api/deletions/{deletion_id}/undo")
    wall.later_ms = WEEK_MS + HOUR_MS
    assert await here.ingest.purger().purge_due() == 0
    assert len(here.objects()) == 1


async def test_what_was_sent_again_survives_the_purge_of_its_earlier_deletion(
    here: Site, wall: Wall
) -> None:
    await send(here, "1.2.3.4.1", "1.2.3.4.2")
    await delete(here)
    await until(lambda: not shown(here))
    await send(here, "1.2.3.4.1")
    wall.later_ms = WEEK_MS + HOUR_MS
    await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")
    assert await here.ingest.purger().purge_due() == 1
    assert shown(here) == {"1.2.3.4.1"}
    (row,) = here.ports.index.instances("1.2.3")
    assert here.ports.objects.read(row.object_key) == part10("1.2.3.4.1")


class SendsMeanwhile(FilesystemObjects):
    """Somebody sends the same instance in the moment its bytes are moved aside."""

    meanwhile: Any = None

    def move(self, key: str, new_key: str) -> None:
        super().move(key, new_key)
        if new_key.startswith("purged/") and self.meanwhile is not None:
            send_now, self.meanwhile = self.meanwhile, None
            send_now()


async def test_an_instance_sent_while_its_bytes_stand_aside_keeps_them(
    tmp_path: Path, wall: Wall
) -> None:
    (tmp_path / "archive").mkdir()
    objects = SendsMeanwhile(tmp_path / "archive")
    with site(tmp_path, clock=HybridClock(wall), objects=objects) as here:
        await send(here, "1.2.3.4.1")
        await delete(here)
        await until(lambda: not shown(here))
        wall.later_ms = WEEK_MS + HOUR_MS
        await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")

        def arrive() -> None:
            incoming = here.ingest.receiver.begin_part10(entries.Sender(protocol="stow"))
            incoming.write(memoryview(part10("1.2.3.4.1")))
            incoming.finish()

        objects.meanwhile = arrive
        await here.ingest.purger().purge_due()
        assert shown(here) == {"1.2.3.4.1"}
        (row,) = here.ports.index.instances("1.2.3")
        assert here.ports.objects.read(row.object_key) == part10("1.2.3.4.1")
        assert here.objects("purged/") == []


class Killed(BaseException):
    """The process is gone."""


class Dying(FilesystemObjects):
    """Does so many more changes, then the process is gone; half of the time just before, half just after one."""

    left: int | None = None

    def _spend(self) -> None:
        if self.left is not None:
            if self.left == 0:
                raise Killed
            self.left -= 1

    def move(self, key: str, new_key: str) -> None:
        self._spend()
        super().move(key, new_key)
        self._spend()

    def delete(self, key: str) -> None:
        self._spend()
        super().delete(key)
        self._spend()


@pytest.mark.parametrize("changes", range(10))
async def test_a_purge_killed_anywhere_is_finished_by_the_next_and_harms_nothing(
    tmp_path: Path, wall: Wall, changes: int
) -> None:
    clock = HybridClock(wall)
    (tmp_path / "archive").mkdir()
    objects = Dying(tmp_path / "archive")
    with site(tmp_path, clock=clock, objects=objects) as here:
        await send(here, "1.2.3.4.1", "1.2.3.4.2")
        await send(here, "1.2.3.5.1", series="1.2.3.5")
        here.ports.objects.put("series/1.2.3/1.2.3.4.1.json.gz", b"made")
        await delete(here, "1.2.3/series/1.2.3.4")
        wall.later_ms = WEEK_MS + HOUR_MS
        await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")
        objects.left = changes
        with pytest.raises(Killed):
            await here.ingest.purger().purge_due()
            raise Killed  # there were not so many changes
        assert shown(here) == {"1.2.3.5.1"}
    with site(tmp_path, clock=clock) as here:
        await until(lambda: shown(here) == {"1.2.3.5.1"})
        await here.ingest.purger().purge_due()
        await until(lambda: not here.ports.index.deletions())
        assert sorted(key.split("/")[2] for key in here.objects()) == ["1.2.3.5", "1.2.9.4"]
        assert here.objects("purged/") == here.objects("series/") == []
        assert {
            entry.deletion_id
            for entry in here.entries(EntryKind.PURGE)
            if isinstance(entry, entries.Purge)
        }
        await send(here, "1.2.3.4.1")
        assert here.ports.objects.read(here.ports.index.instances("1.2.3", "1.2.3.4")[0].object_key)


async def test_the_purge_waits_for_the_index(here: Site, wall: Wall) -> None:
    await send(here, "1.2.3.4.1")
    await delete(here)
    wall.later_ms = WEEK_MS + HOUR_MS
    await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")
    positions, caught_up = here.ports.index.positions, asyncio.Event()
    here.ports.index.positions = lambda: positions() if caught_up.is_set() else {}  # type: ignore[method-assign]
    purge = asyncio.ensure_future(here.ingest.purger().purge_due())
    await asyncio.wait([purge], timeout=0.2)
    assert not purge.done()
    assert here.objects("purged/") == []
    caught_up.set()
    assert await purge == 1


async def test_a_purge_killed_before_it_is_in_the_journal_is_said_by_the_next(
    here: Site, wall: Wall, monkeypatch: pytest.MonkeyPatch
) -> None:
    await send(here, "1.2.3.4.1")
    deletion_id = await delete(here)
    wall.later_ms = WEEK_MS + HOUR_MS
    await send(here, "1.2.9.4.2", study="1.2.9", series="1.2.9.4")

    def die(*_: object) -> int:
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(here.ingest.recorder, "record", die)
        with pytest.raises(Killed):
            await here.ingest.purger().purge_due()
    assert not here.entries(EntryKind.PURGE)
    assert await here.ingest.purger().purge_due() == 1
    (purge,) = here.entries(EntryKind.PURGE)
    assert isinstance(purge, entries.Purge)
    assert purge.deletion_id == deletion_id
    assert len(purge.object_keys) == 1
