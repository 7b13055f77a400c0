"""Packs as readers get them: frame by frame, and as a series stream read by a client written from its page alone."""

import asyncio
import gzip
import io
import json
import struct
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
import pytest
from pydicom.encaps import encapsulate
from pydicom.uid import JPEG2000Lossless
from tests.support.archive import Archive
from tests.support.poll import poll
from tests.support.slices import ct_file, ct_slice
from tests.support.streaming import Serving, streaming
from tests.support.transcoding import pack_keys, tables, transcoding

from isocenter.pixels.htj2k import decode_htj2k
from isocenter.streaming.objects_view import ObjectsView
from isocenter.transcoder.schedule import Urgency

STUDY, SERIES = "1.2.1", "1.2.2"
SLICES = 12
RPCL = "1.2.840.10008.1.2.4.202"
STREAM = f"/studies/{STUDY}/series/{SERIES}/stream"
FRAME = f"/studies/{STUDY}/series/{SERIES}/instances/1.2.3.7/frames/1"


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Archive]:
    with Archive(tmp_path_factory.mktemp("packed")) as archive:
        for number in range(1, SLICES + 1):
            archive.put(ct_slice(f"1.2.3.{number}", number=number, side=256))
        archive.put(ct_slice("1.2.9.1", "1.2.8", series="1.2.7"))
        archive.sum_up()
        asyncio.run(pack(archive))
        yield archive


async def pack(archive: Archive) -> None:
    async with transcoding(archive) as working:
        await working.transcoder.bring_up(STUDY, Urgency.READING)


@pytest.fixture(scope="module")
def serving(archive: Archive) -> Iterator[Serving]:
    with streaming(archive) as serving:
        yield serving


@pytest.fixture
def http(serving: Serving) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=serving.dicomweb, timeout=30) as client:
        yield client


def read(body: bytes) -> tuple[dict[str, Any], dict[int, bytes], list[tuple[int, int]], bool]:
    """Index, codestreams by frame, (frame, level) in order, whether it ended: as `SERIES_STREAM.md` says."""
    index: dict[str, Any] = {}
    streams: dict[int, bytes] = {}
    order: list[tuple[int, int]] = []
    place, ended = 0, False
    while place < len(body):
        kind, level, zero, frame, offset, length = struct.unpack_from("<BBHIII", body, place)
        content = body[place + 16 : place + 16 + length]
        place += 16 + length
        assert zero == 0
        if kind == 0:
            assert not index
            index = json.loads(gzip.decompress(content))
        elif kind == 1:
            assert offset == len(streams.get(frame, b""))
            streams[frame] = streams.get(frame, b"") + content
            order.append((frame, level))
        elif kind != 3:
            ended = kind == 2
    return index, streams, order, ended


def documents(body: bytes) -> list[tuple[int, list[Any], tuple[int, ...]]]:
    """Of each record of documents its level, the documents, and the frames of which bytes came before it."""
    found: list[tuple[int, list[Any], tuple[int, ...]]] = []
    before: list[int] = []
    place = 0
    while place < len(body):
        kind, level, _, frame, _, length = struct.unpack_from("<BBHIII", body, place)
        content = body[place + 16 : place + 16 + length]
        place += 16 + length
        if kind == 1:
            before.append(frame)
        elif kind == 3:
            told = json.loads(gzip.decompress(content))
            found.append((level, [told["common"] | own for own in told["own"]], tuple(before)))
    return found


def pixels(archive: Archive, sop: str) -> Any:
    row = archive.rows[sop]
    content = archive.objects.read(row.object_key)
    return np.frombuffer(content[-256 * 256 * 2 :], "<i2").reshape(256, 256)


def test_the_whole_stream_is_every_slice_bit_by_bit(http: httpx.Client, archive: Archive) -> None:
    answer = http.get(STREAM, params={"focus": 4})
    assert answer.headers["content-type"] == "application/vnd.isocenter.series-stream"
    index, streams, order, ended = read(answer.content)
    assert ended
    assert (index["version"], index["focus"]) == (1, 4)
    (images,) = index["images"]
    assert images["sops"] == [f"1.2.3.{number}" for number in range(1, SLICES + 1)]
    assert (images["syntax"], images["rows"], images["columns"]) == (RPCL, 256, 256)
    assert index["bytes"] == sum(map(len, streams.values()))
    for frame, sop in enumerate(images["sops"]):
        assert np.array_equal(decode_htj2k(streams[frame]), pixels(archive, sop))
    assert [frame for frame, _ in order[:5]] == [4, 5, 3, 6, 2]


def test_each_record_completes_a_resolution_that_decodes(http: httpx.Client) -> None:
    body = http.get(STREAM, params={"from": 0, "to": 2}).content
    index, streams, order, _ = read(body)
    levels = index["images"][0]["levels"]
    assert {level for _, level in order} == {0, 1, 2}
    for frame, stream in streams.items():
        small = decode_htj2k(stream, levels - 1 - 2)
        assert small.shape == (256 >> (levels - 1 - 2),) * 2, frame


def test_a_client_that_was_cut_off_gets_the_rest(http: httpx.Client, archive: Archive) -> None:
    index, first, order, _ = read(http.get(STREAM, params={"to": 1}).content)
    reached = dict(order)
    have = ",".join(f"{frame}:{level}" for frame, level in reached.items())
    answer = http.get(STREAM, params={"focus": 0, "of": index["of"], "have": have}).content
    records = []
    place = 0
    while place < len(answer):
        kind, _, _, frame, offset, length = struct.unpack_from("<BBHIII", answer, place)
        if kind == 1:
            assert offset == len(first[frame])
            first[frame] += answer[place + 16 : place + 16 + length]
            records.append(frame)
        place += 16 + length
    assert records[0] == 0
    for frame, stream in first.items():
        assert np.array_equal(decode_htj2k(stream), pixels(archive, f"1.2.3.{frame + 1}"))


def test_what_a_client_has_of_other_frames_is_left_aside(http: httpx.Client) -> None:
    told: dict[str, str | int] = {"focus": 4, "of": "0123456789abcdef", "have": "0-11:4"}
    assert http.get(STREAM, params=told).content == http.get(STREAM, params={"focus": 4}).content


def test_documents_come_with_the_pixels_when_they_are_asked_for(http: httpx.Client) -> None:
    metadata = http.get(f"/studies/{STUDY}/series/{SERIES}/metadata").json()
    by_uid = {one["00080018"]["Value"][0]: one for one in metadata}
    assert documents(http.get(STREAM).content) == []
    body = http.get(STREAM, params={"focus": 4, "documents": 1}).content
    (some, first, nothing), (every, all_, before) = documents(body)
    assert (some, every, nothing) == (0, 1, ())
    uids = [[one["00080018"]["Value"][0] for one in told] for told in (first, all_)]
    assert uids == [
        [f"1.2.3.{number}" for number in (5, 6, 4, 7, 3)],
        [f"1.2.3.{number}" for number in range(1, SLICES + 1)],
    ]
    assert [*first, *all_] == [by_uid[uid] for uid in (*uids[0], *uids[1])]
    assert before[:5] == (4, 5, 3, 6, 2)
    assert set(before[5:]) == {4}  # whole by then


def test_private_attributes_are_left_out_of_documents(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        ds = pydicom.dcmread(io.BytesIO(ct_slice("1.2.3.1", number=1, side=64)))
        ds.private_block(0x0029, "MAKER", create=True).add_new(1, "LO", "theirs")
        out = io.BytesIO()
        ds.save_as(out)
        archive.put(out.getvalue())
        archive.sum_up()
        asyncio.run(pack(archive))
        with streaming(archive) as serving:
            body = httpx.get(f"{serving.dicomweb}{STREAM}?documents=1").content
    for _, told, _ in documents(body):
        assert [tag for one in told for tag in one if tag.startswith("0029")] == []


def test_of_several_series_the_one_that_is_read_first_comes(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        for series, kernel in ((1, "BONE"), (2, "STANDARD"), (3, "LUNG")):
            for number in range(1, 4):
                content = ct_slice(
                    f"1.2.3.{series}.{number}", series=f"1.2.2.{series}", number=number, side=64
                )
                ds = pydicom.dcmread(io.BytesIO(content))
                ds.Manufacturer, ds.ConvolutionKernel = "GE MEDICAL SYSTEMS", kernel
                out = io.BytesIO()
                ds.save_as(out)
                archive.put(out.getvalue())
        archive.sum_up()
        asyncio.run(pack(archive))
        with streaming(archive) as serving:
            index, *_ = read(httpx.get(f"{serving.dicomweb}/studies/{STUDY}/stream").content)
            arranged = httpx.get(f"{serving.url}/api/studies/{STUDY}/arrangement").json()
    assert index["series"] == arranged["series"][0]["seriesInstanceUID"] == "1.2.2.2"


def test_what_stays_as_stored_is_a_finding_of_its_header(tmp_path: Path) -> None:
    ds = pydicom.dcmread(io.BytesIO(ct_slice("1.2.3.1", number=1, side=64)))
    ds.PixelData = encapsulate([b"\xff\x4f\xff\x51" + bytes(60)])  # says that it is JPEG 2000
    ds["PixelData"].VR = "OB"
    ds.file_meta.TransferSyntaxUID = JPEG2000Lossless
    out = io.BytesIO()
    ds.save_as(out)
    with Archive(tmp_path) as archive:
        archive.put(out.getvalue())
        archive.sum_up()
        asyncio.run(pack(archive))
        with streaming(archive) as serving:
            path = f"/api/studies/{STUDY}/series/{SERIES}/instances/1.2.3.1/header"
            findings = httpx.get(f"{serving.url}{path}").json()["findings"]
    assert [one["code"] for one in findings] == ["stays_as_stored"]
    assert findings[0]["message"].startswith("not made ready to be streamed: ")


def test_a_study_alone_names_its_first_series(http: httpx.Client) -> None:
    answer = http.get(f"/studies/{STUDY}/stream", params={"documents": 1})
    index, streams, order, ended = read(answer.content)
    assert ended
    assert index["series"] == SERIES
    assert (index["focus"], order[0][0], len(streams)) == (SLICES // 2, SLICES // 2, SLICES)
    assert http.get("/studies/1.2.99/stream").status_code == 404


@pytest.mark.parametrize(
    "query", ["have=0:1", "focus=-1", "from=x", "have=1", "width=3", "documents=2"]
)
def test_what_is_no_question_is_refused_with_a_sentence(http: httpx.Client, query: str) -> None:
    answer = http.get(f"{STREAM}?{query}")
    assert answer.status_code == 400
    assert "detail" in answer.json()


def test_a_series_that_is_not_packed_is_said_so_and_packed_next(
    http: httpx.Client, serving: Serving
) -> None:
    assert http.get("/studies/1.2.8/series/1.2.7/stream").status_code == 404
    assert http.get("/studies/1.2.8/series/1.2.6/stream").status_code == 404
    poll(lambda: ("1.2.8", "transcode", "", "reading") in serving.decisions.asked, 5)


def test_a_frame_comes_from_the_pack_when_its_syntax_is_named(
    http: httpx.Client, archive: Archive
) -> None:
    accept = f"image/jphc;transfer-syntax={RPCL}"
    alone = http.get(FRAME, headers={"Accept": accept})
    assert alone.headers["content-type"] == accept
    assert np.array_equal(decode_htj2k(alone.content), pixels(archive, "1.2.3.7"))
    by_query = http.get(f"{FRAME}?accept=image/jphc")
    assert by_query.content == alone.content
    multipart = f'multipart/related; type="image/jphc"; transfer-syntax={RPCL}'
    parts = http.get(FRAME, headers={"Accept": multipart})
    assert f"Content-Type: image/jphc;transfer-syntax={RPCL}".encode() in parts.content


def test_as_stored_stays_as_stored(http: httpx.Client, archive: Archive) -> None:
    every = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'
    answer = http.get(FRAME, headers={"Accept": every})
    assert (
        sha256(pixels(archive, "1.2.3.7").tobytes()).digest()
        == sha256(answer.content.split(b"\r\n\r\n", 1)[1].rsplit(b"\r\n--", 1)[0]).digest()
    )


def test_a_range_that_ends_at_a_resolution_is_that_resolution(
    http: httpx.Client, archive: Archive
) -> None:
    (key,) = pack_keys(archive)
    instance = tables(archive)[key].instances[6]
    ends = instance.frames[0].level_ends
    accept = {"Accept": "image/jphc"}
    for level, end in enumerate(ends):
        part = http.get(FRAME, headers={**accept, "Range": f"bytes=0-{end - 1}"})
        assert part.status_code == 206
        skipped = len(ends) - 1 - level
        assert decode_htj2k(part.content, skipped).shape == (256 >> skipped,) * 2
    rest = http.get(FRAME, headers={**accept, "Range": f"bytes={ends[1]}-"})
    assert rest.headers["content-range"] == f"bytes {ends[1]}-{ends[-1] - 1}/{ends[-1]}"
    etag = rest.headers["etag"]
    again = http.get(FRAME, headers={**accept, "If-None-Match": etag})
    assert again.status_code == 304


def test_a_pack_that_was_made_anew_is_found_where_it_is_now(
    http: httpx.Client, archive: Archive
) -> None:
    accept = {"Accept": "image/jphc"}
    before = http.get(FRAME, headers=accept).content
    (key,) = pack_keys(archive)
    archive.objects.move(key, key.replace("/series.", "/chunk."))
    try:
        with streaming(archive) as fresh, httpx.Client(base_url=fresh.dicomweb) as client:
            assert client.get(FRAME, headers=accept).content == before
            archive.objects.move(key.replace("/series.", "/chunk."), key)
            other = FRAME.replace("1.2.3.7", "1.2.3.8")
            assert client.get(other, headers=accept).status_code == 200
    finally:
        if key not in pack_keys(archive):
            archive.objects.move(key.replace("/series.", "/chunk."), key)


def test_what_can_be_streamed_is_told(serving: Serving) -> None:
    told = httpx.get(f"{serving.url}/api/studies/{STUDY}/renditions").json()
    assert told == {"streamed": SLICES, "waiting": 0, "as_stored": []}
    told = httpx.get(f"{serving.url}/api/studies/1.2.8/renditions").json()
    assert told == {"streamed": 0, "waiting": 1, "as_stored": []}


def test_the_picture_of_a_series_comes_out_of_its_pack(
    http: httpx.Client, archive: Archive
) -> None:
    (key,) = pack_keys(archive)
    place = tables(archive)[key].thumbnail
    picture = archive.objects.read(key, place.offset, place.offset + place.length)
    answer = http.get(f"/studies/{STUDY}/series/{SERIES}/thumbnail")
    assert (answer.headers["content-type"], answer.content) == ("image/jpeg", picture)
    etag = {"If-None-Match": answer.headers["etag"]}
    assert http.get(f"/studies/{STUDY}/series/{SERIES}/thumbnail", headers=etag).status_code == 304
    png = http.get(f"/studies/{STUDY}/series/{SERIES}/thumbnail", headers={"Accept": "image/png"})
    assert png.content.startswith(b"\x89PNG")
    other = http.get("/studies/1.2.8/series/1.2.7/thumbnail")  # of which no pack is
    assert other.status_code == 200


def test_renditions_are_made_when_somebody_asks(serving: Serving) -> None:
    path = f"{serving.url}/api/studies/{STUDY}/renditions"
    answer = httpx.post(path)
    assert answer.json() == {"instances": 3, "made": 2, "as_stored": 1}
    assert httpx.post(f"{path}?urgency=soon").status_code == 400
    assert httpx.post(path.replace(STUDY, "x")).status_code == 400


def test_a_stream_goes_on_when_its_pack_is_put_together_with_others(
    archive: Archive, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key,) = pack_keys(archive)
    moved = key.replace("/series.", "/chunk.")
    honest = ObjectsView.piece
    reads = 0

    async def moves(view: ObjectsView, *place: Any) -> Any:
        nonlocal reads
        reads += 1
        if reads == 3:
            archive.objects.move(key, moved)
            view._maps.clear()
        return await honest(view, *place)

    monkeypatch.setattr(ObjectsView, "piece", moves)
    try:
        with streaming(archive) as fresh:
            body = httpx.get(f"{fresh.dicomweb}{STREAM}").content
        _, streams, _, ended = read(body)
        assert ended
        assert len(streams) == SLICES
        assert moved in pack_keys(archive)
    finally:
        archive.objects.move(moved, key)


async def test_slices_come_as_they_lie_and_not_as_they_are_numbered(tmp_path: Path) -> None:
    with Archive(tmp_path) as archive:
        for number in range(1, 4):
            content = ct_file(
                np.zeros((64, 64), "<i2"), f"1.2.3.{number}", STUDY, number=number, z_mm=-number
            )
            archive.put(content)
        archive.sum_up()
        await pack(archive)
        with streaming(archive) as serving:
            async with httpx.AsyncClient() as client:
                body = (await client.get(f"{serving.dicomweb}{STREAM}")).content
    index, _, _, _ = read(body)
    assert index["images"][0]["sops"] == ["1.2.3.3", "1.2.3.2", "1.2.3.1"]
