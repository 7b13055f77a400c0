"""What arrives becomes streamable by itself; `isocenter transcode` makes it now; killed in between, it goes on."""

from contextlib import suppress
from pathlib import Path

import httpx
import numpy as np
import pytest
from tests.support.commanded import Commanded
from tests.support.senders import fresh_uid
from tests.support.slices import ct_slice

from isocenter.pixels.htj2k import decode_htj2k
from isocenter.renditions import pack
from isocenter.renditions.series_stream import Images, RecordKind, RecordReader, read_index

ROUNDS = 2
SOAK_ROUNDS = 50


def sent(desk: Commanded, folder: Path, count: int, *, side: int = 128) -> str:
    """A CT study of so many slices; its UID."""
    study, series = fresh_uid(), fresh_uid()
    folder.mkdir()
    for number in range(1, count + 1):
        content = ct_slice(fresh_uid(), study, series=series, number=number, side=side)
        (folder / f"{number}.dcm").write_bytes(content)
    desk.json("import", folder)
    desk.until_settled()
    return study


def packs(desk: Commanded, study: str) -> list[Path]:
    return sorted((desk.archive / "renditions" / study).rglob("*.pack"))


def address(desk: Commanded, study: str) -> str:
    (series,) = desk.get(f"/dicom-web/studies/{study}/series").json()
    uid = series["0020000E"]["Value"][0]
    return f"{desk.url}/dicom-web/studies/{study}/series/{uid}/stream"


def stream(url: str) -> tuple[list[Images], dict[int, bytes]]:
    """What there is, and every frame; nothing while there is no such series, or nothing of it is packed."""
    reader, frames, images, ended = RecordReader(), dict[int, bytes](), list[Images](), False
    with httpx.stream("GET", url) as answer:
        if answer.status_code == 404:
            return [], {}
        answer.raise_for_status()
        for chunk in answer.iter_raw():
            for record in reader.feed(chunk):
                if record.kind is RecordKind.INDEX:
                    images = read_index(record)
                elif record.kind is RecordKind.BYTES:
                    frames[record.frame] = frames.get(record.frame, b"") + record.content
                else:
                    ended = True
    assert ended
    return images, frames


def is_packed(url: str) -> bool:
    """Whether every frame can be streamed."""
    images, _ = stream(url)
    return bool(images) and all(one.levels for one in images)


def is_gone(url: str) -> bool:
    try:
        return not stream(url)[0]
    except httpx.RemoteProtocolError:  # it went while it was read
        return False


def test_what_arrives_can_be_streamed_without_anybodys_help(
    desk: Commanded, tmp_path: Path
) -> None:
    study = sent(desk, tmp_path / "sent", 70)
    url = address(desk, study)
    found: list[dict[int, bytes]] = []

    def whole() -> bool:  # a worker that looked before looks again after 2 s
        found.append(stream(url)[1])
        return len(found[-1]) == 70

    desk.until(whole, 90)
    frames = found[-1]
    for frame, content in frames.items():
        stored = (tmp_path / "sent" / f"{frame + 1}.dcm").read_bytes()
        pixels = np.frombuffer(stored[-128 * 128 * 2 :], "<i2").reshape(128, 128)
        assert np.array_equal(decode_htj2k(content), pixels)


def test_on_request_it_is_made_now_and_not_again(desk: Commanded, tmp_path: Path) -> None:
    study = sent(desk, tmp_path / "sent", 3)
    told = desk.json("transcode", study)
    assert (told["studies"], told["instances"], told["as_stored"]) == (1, 3, 0)
    desk.until(lambda: is_packed(address(desk, study)), 90)
    assert desk.json("transcode", study)["made"] == 0
    assert "name studies, or --all" in desk.cli("transcode", code=2).stderr


def test_what_is_deleted_is_not_streamed_and_comes_back_with_the_study(
    desk: Commanded, tmp_path: Path
) -> None:
    study = sent(desk, tmp_path / "sent", 2)
    url = address(desk, study)
    desk.json("transcode", study)
    told = desk.json("delete", study, "--yes")
    desk.until(lambda: is_gone(url), 90)
    desk.json("undelete", told["deletion_id"])
    desk.until(lambda: is_packed(url), 90)


@pytest.mark.timeout(300)
def test_killed_during_a_backfill_every_pack_is_whole_or_absent(tmp_path: Path) -> None:
    backfilled(tmp_path, ROUNDS)


@pytest.mark.soak
def test_killed_fifty_times_during_a_backfill_every_pack_is_whole_or_absent(tmp_path: Path) -> None:
    backfilled(tmp_path, SOAK_ROUNDS)


def backfilled(folder: Path, rounds: int) -> None:
    """Kill the transcoder at every turn of a backfill, then look at what is there."""
    desk = Commanded(folder)
    try:
        desk.start()
        studies = [sent(desk, folder / f"{number}", 40, side=256) for number in range(4)]
        for _ in range(rounds):
            for study in studies:
                for path in packs(desk, study):
                    path.unlink()
            asked = [post(desk, study) for study in studies]
            desk.until(lambda: any(packs(desk, study) for study in studies), 60)
            desk.kill("transcoder")
            for one in asked:
                one.close()
            whole(desk, studies)
            desk.json("transcode", "--all")
        whole(desk, studies)
        assert all(len(packs(desk, study)) == 1 for study in studies)
        assert all(len(stream(address(desk, study))[1]) == 40 for study in studies)
    finally:
        desk.stop()


def post(desk: Commanded, study: str) -> httpx.Client:
    """Ask for a study's packs; nobody waits for the answer."""
    client = httpx.Client(base_url=desk.url, timeout=0.05)
    with suppress(httpx.TimeoutException):
        client.post(f"/api/studies/{study}/renditions?urgency=backfill")
    return client


def whole(desk: Commanded, studies: list[str]) -> None:
    """Every pack that is there can be read to its last frame."""
    for study in studies:
        for path in packs(desk, study):
            content = path.read_bytes()
            index = pack.read_index(reading(content), len(content))
            for instance in index.instances:
                for frame in instance.frames:
                    pack.frame_bytes(reading(content), frame)


def reading(content: bytes) -> pack.Read:
    return lambda start, end: content[start:end]
