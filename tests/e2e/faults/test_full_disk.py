"""A disk that fills up: senders are sent away, nothing acknowledged is lost, and it goes on when there is room."""

import errno
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.platform import Platform, running
from tests.support.scu import Association, Lost, dataset_of
from tests.support.sending import BOUNDARY, TYPE, Item, Sending, acknowledged

MIB = 1 << 20
DISK_MIB, LOW_MIB, HARD_MIB = 160, 64, 40
SIDE = 256  # 128 KiB
OUT_OF_RESOURCES = 0xA700


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("disk")
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_MIB}m", "tmpfs", str(folder)]
    mounted = subprocess.run(command, capture_output=True, text=True, check=False)
    if mounted.returncode != 0:
        pytest.skip(f"a file system of our own cannot be mounted: {mounted.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.fixture(scope="module")
def platform(disk: Path) -> Iterator[Platform]:
    marks = {
        "ISOCENTER_INGEST_LOW_MARK_BYTES": str(LOW_MIB * MIB),
        "ISOCENTER_INGEST_HARD_MARK_BYTES": str(HARD_MIB * MIB),
    }
    with running(disk / "data", settings=marks) as platform:
        yield platform


def fill(disk: Path, left_bytes: int) -> Path:
    """Something else that takes the room, all but so much."""
    path = disk / "ballast"
    with path.open("ab", buffering=0) as file:
        while (free := os.statvfs(disk).f_bavail * os.statvfs(disk).f_frsize) > left_bytes:
            try:
                file.write(bytes(min(MIB, free - left_bytes)))
            except OSError as error:
                assert error.errno == errno.ENOSPC
                break
    return path


def stow(platform: Platform, part10: bytes) -> int:
    body = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body += part10 + f"\r\n--{BOUNDARY}--\r\n".encode()
    url = f"{platform.url}/dicom-web/studies"
    return httpx.post(url, content=body, headers={"Content-Type": TYPE}, timeout=30).status_code


def all_is_found(platform: Platform, log: Path) -> None:
    until_indexed(platform)
    until_told(platform)
    assert check(collect(platform, acknowledged(log))) == []


def test_marks_turn_senders_away_until_there_is_room(platform: Platform, disk: Path) -> None:
    log, maker = disk.parent / "marks.log", Maker(1, SIDE, SIDE)
    with Association(platform.dicom_port) as association:
        ballast = fill(disk, (LOW_MIB - 4) * MIB)
        platform.until(lambda: is_refused(platform), 10)
        said = [
            (sop, association.store(sop, dataset_of(maker.instance(1, number))))
            for number in range(400)
            if (sop := maker.sop_uid(1, number))
        ]
        log.write_text("".join(f"{sop}\n" for sop, status in said if status == 0))
        statuses = [status for _, status in said]
        assert set(statuses) == {0, OUT_OF_RESOURCES}
        assert stow(platform, maker.instance(2, 0)) in (503, 507)
        all_is_found(platform, log)  # journal, index and broker go on from the reserve
        ballast.unlink()
        sop = maker.sop_uid(1, 999)
        platform.until(lambda: association.store(sop, dataset_of(maker.instance(1, 999))) == 0, 10)
    log.write_text(f"{log.read_text()}{sop}\n")
    platform.until(
        lambda: stow(platform, maker.instance(1, 1000)) == 200, 10
    )  # HTTP looks on its own
    log.write_text(f"{log.read_text()}{maker.sop_uid(1, 1000)}\n")
    all_is_found(platform, log)


def is_refused(platform: Platform) -> bool:
    try:
        with Association(platform.dicom_port):
            return False
    except Lost:
        return True


def test_disk_without_any_room_loses_nothing_acknowledged(platform: Platform, disk: Path) -> None:
    log = disk.parent / "marks.log"
    maker = Maker(2, 100, 100)
    sending = Sending(platform, maker, [Item(n % 4, n // 4) for n in range(800)], log)
    sending.start()
    try:
        platform.until(lambda: sending.acknowledged > 200, 60)
        ballast = fill(disk, 0)
        refused = len(sending.attempts)
        platform.until(
            lambda: any(a.outcome != "acknowledged" for a in sending.attempts[refused:]), 30
        )
        fill(disk, 0)
        ballast.unlink()
    finally:
        sending.finish(120)
    all_is_found(platform, log)
