"""Broken files, bombs, traversal and hostile peers against a live platform: it lives, and nothing is lost count of."""

import os
import socket
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.support.commanded import Commanded, platform
from tests.support.data_sets import SEQUENCE_END, UNDEFINED, element, identity, implicit, item, text
from tests.support.dicom_files import real_files
from tests.support.part10 import SECONDARY_CAPTURE, data_set, multipart, part10
from tests.support.platform import PARTS
from tests.support.scu import Association, Lost
from tests.support.senders import fresh_uid, give, give_study

from isocenter.dicom.part10 import write_file_meta

DEFLATED = "1.2.840.10008.1.2.1.99"
EXPLICIT = "1.2.840.10008.1.2.1"
RLE = "1.2.840.10008.1.2.5"
MAX_PEAK_BYTES = 400 << 20  # of any one process, with all that its libraries take
STOW = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=b0undary'}


@pytest.fixture(scope="module")
def besieged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Commanded]:
    """A platform whose processes have to be the same ones at the end, with room to spare."""
    with platform(tmp_path_factory.mktemp("besieged")) as running:
        before = running.pids()
        assert before.keys() == set(PARTS)
        yield running
        assert running.pids() == before
        peaks = {name: peak_bytes(pid) for name, pid in before.items()}
        assert max(peaks.values()) < MAX_PEAK_BYTES, peaks
        study = give_study(running.url, 2)
        running.until_settled()
        assert len(running.get(f"/dicom-web/studies/{study}/instances").json()) == 2
        assert running.json("verify") == []


def peak_bytes(pid: int) -> int:
    status = Path(f"/proc/{pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def meta(syntax: str, sop: str) -> bytes:
    return write_file_meta(SECONDARY_CAPTURE, sop, syntax)


def parts(sop: str) -> tuple[bytes, bytes]:
    return identity(sop=sop, study=fresh_uid(), series=fresh_uid())


def deflate_bomb() -> bytes:
    """1 GiB of zeros in a value, deflated to a megabyte."""
    sop = fresh_uid()
    before, after = parts(sop)
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    out = [packer.compress(before + after + element(0x00420011, "OB", b"", 1 << 30))]
    zeros = bytes(1 << 24)
    out += [packer.compress(zeros) for _ in range(64)]
    return meta(DEFLATED, sop) + b"".join(out) + packer.flush()


def nested_sequences() -> bytes:
    sop = fresh_uid()
    before, after = parts(sop)
    opening = element(0x0040A730, "SQ", b"", UNDEFINED) + implicit(0xFFFEE000, b"", UNDEFINED)
    return meta(EXPLICIT, sop) + before + after + opening * 50_000


def forged_length() -> bytes:
    sop = fresh_uid()
    before, after = parts(sop)
    return meta(EXPLICIT, sop) + before + after + element(0x7FE00010, "OW", bytes(16), 0xFFFFFFF0)


def forged_meta() -> bytes:
    return bytes(128) + b"DICM" + struct.pack("<HH2sxxI", 2, 1, b"OB", 0xFFFFFF00) + bytes(64)


def many_elements() -> bytes:
    sop = fresh_uid()
    before, after = parts(sop)
    private = b"".join(struct.pack("<HH2sH", 0x0021, n, b"LO", 0) for n in range(0x1000, 0xFFFF))
    return meta(EXPLICIT, sop) + before + after + private * 8


def many_items() -> bytes:
    sop = fresh_uid()
    before, after = parts(sop)
    sequence = element(0x00081140, "SQ", item(b"") * 500_000, UNDEFINED) + SEQUENCE_END
    return meta(EXPLICIT, sop) + before + sequence + after


BOMBS = (deflate_bomb, nested_sequences, forged_length, forged_meta, many_elements, many_items)


@pytest.mark.parametrize("bomb", BOMBS)
def test_bomb_is_stored_as_it_is_or_quarantined_in_bounded_time(
    bomb: object, besieged: Commanded
) -> None:
    assert callable(bomb)
    outcome = give(besieged.url, bomb())
    assert outcome["status"] in ("stored", "quarantined"), outcome
    if outcome["status"] == "quarantined":
        assert outcome["reason"] and outcome["message"]


def test_every_broken_file_is_stored_or_quarantined_and_counts_add_up(besieged: Commanded) -> None:
    files = [file.path for file in real_files() if file.path.parent.name == "broken"]
    outcomes = [give(besieged.url, path.read_bytes()) for path in files]
    told = {outcome["status"] for outcome in outcomes}
    assert told <= {"stored", "duplicate", "quarantined"}
    for outcome in outcomes:
        if outcome["status"] == "quarantined":
            assert outcome["reason"] and outcome["message"] and outcome["digest"]
    refused = {one["digest"] for one in outcomes if one["status"] == "quarantined"}
    besieged.until(lambda: refused <= in_quarantine(besieged), 30)
    besieged.until_settled()
    for outcome in outcomes:
        if outcome["status"] != "quarantined":
            keys = {"SOPInstanceUID": outcome["sop_instance_uid"]}
            assert len(besieged.get("/dicom-web/instances", params=keys).json()) == 1
            assert outcome["digest"] not in in_quarantine(besieged)


def in_quarantine(running: Commanded) -> set[str]:
    lines = running.get("/api/quarantine", params={"limit": 1000}).json()
    return {line["digest"] for line in lines}


def test_picture_that_claims_to_be_huge_is_refused(besieged: Commanded) -> None:
    sop, study, series = fresh_uid(), fresh_uid(), fresh_uid()
    before, after = identity(sop=sop, study=study, series=series)
    image = b"".join(
        (
            element(0x00280002, "US", b"\1\0"),
            text(0x00280004, "CS", "MONOCHROME2"),
            element(0x00280010, "US", b"\xff\xff"),
            element(0x00280011, "US", b"\xff\xff"),
            element(0x00280100, "US", b"\x10\0"),
            element(0x00280101, "US", b"\x10\0"),
            element(0x00280102, "US", b"\x0f\0"),
            element(0x00280103, "US", b"\0\0"),
        )
    )
    frame = struct.pack("<16L", 2, 64, 1000, *([0] * 13)) + b"\x81\x00" * 2000
    pixels = element(0x7FE00010, "OB", item(b"") + item(frame) + SEQUENCE_END, UNDEFINED)
    content = meta(RLE, sop) + before + after + image + pixels
    assert give(besieged.url, content)["status"] in ("stored", "quarantined")
    besieged.until_settled()
    instance = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
    for suffix in ("/rendered", "/thumbnail", "/frames/1/rendered"):
        assert 400 <= besieged.get(instance + suffix).status_code < 600
    decoded = f'multipart/related; type="application/octet-stream"; transfer-syntax={EXPLICIT}'
    answer = besieged.get(f"{instance}/frames/1", headers={"Accept": decoded})
    assert 400 <= answer.status_code < 600


TRAVERSALS = ("../../../../tmp/x", "..", "/etc/passwd", "1.2.3/../../x", "1.2\\..\\x", "1.2.\x00.3")


@pytest.mark.parametrize("uid", TRAVERSALS)
def test_uid_that_is_a_path_reaches_no_file(uid: str, besieged: Commanded) -> None:
    before = files_outside(besieged)
    for content in (
        part10(uid, fresh_uid(), fresh_uid()),
        part10(fresh_uid(), uid, fresh_uid()),
        part10(fresh_uid(), fresh_uid(), uid),
    ):
        assert give(besieged.url, content)["status"] == "quarantined"
        answer = httpx.post(
            f"{besieged.url}/dicom-web/studies", content=multipart([content]), headers=STOW
        )
        assert answer.status_code == 409
    with Association(besieged.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
        status = association.store(uid[:60], data_set(uid, fresh_uid(), fresh_uid()))
        assert status >> 12 in (0xA, 0xC) or status in (0x0117, 0x0106)
    assert files_outside(besieged) == before


def files_outside(running: Commanded) -> list[Path]:
    """Everything around the data folder, and unknown things in it."""
    around = [path for path in running.home.iterdir() if path != running.data]
    known = {"archive", "index", "bus", "logs", "config", "run", "lock", "platform.json", "up.log"}
    return sorted(around + [path for path in running.data.iterdir() if path.name not in known])


@pytest.mark.parametrize(
    "path",
    [
        "/viewer/../../../../etc/passwd",
        "/viewer/..%2f..%2f..%2fetc%2fpasswd",
        "/viewer/%2e%2e/%2e%2e/etc/passwd",
        "/dicom-web/studies/..%2f..%2f..%2fetc/metadata",
        "/dicom-web/studies/1.2.3%00/metadata",
        "/api/quarantine/..%2f..%2fconfig%2fsecrets.json",
        "/api/held/..%2f..",
        "/dicom-web/studies?limit=99999999999999999999999",
        "/dicom-web/studies?PatientName=" + "*" * 5000,
        "/dicom-web/studies?" + "&".join(f"0010{n:04x}=x" for n in range(600)),
    ],
)
def test_address_that_is_a_trick_gives_no_file_and_no_failure(
    path: str, besieged: Commanded
) -> None:
    with socket.create_connection(("127.0.0.1", besieged.http_port), timeout=30) as peer:
        request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{besieged.http_port}\r\nConnection: close\r\n\r\n"
        peer.sendall(request.encode())
        answer = b"".join(iter(lambda: peer.recv(65536), b""))
    status = int(answer.split()[1])
    assert status < 500
    assert b"root:" not in answer and b'"rpc"' not in answer


@pytest.mark.parametrize("title", ["../../../x", "A\\B", "\x00\x01", "x" * 16, " ", "é"])
def test_odd_ae_title_is_served_or_refused_and_writes_no_file(
    title: str, besieged: Commanded
) -> None:
    before = files_outside(besieged)
    try:
        raw = title.encode("latin-1").ljust(16)[:16].decode("ascii", "replace")
        with Association(besieged.dicom_port, calling=raw, sop_class=SECONDARY_CAPTURE) as peer:
            sop = fresh_uid()
            assert peer.store(sop, data_set(sop, fresh_uid(), fresh_uid())) == 0
    except (Lost, UnicodeEncodeError):
        pass
    assert files_outside(besieged) == before


HOSTILE = {
    "huge PDU": struct.pack(">BxI", 1, 0xFFFFFFFF),
    "huge P-DATA first": struct.pack(">BxI", 4, 0xFFFFFFF0) + bytes(1000),
    "garbage": os.urandom(4096),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    "tls": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "truncated": struct.pack(">BxI", 1, 200) + bytes(50),
    "items that overrun": struct.pack(">BxI", 1, 84)
    + struct.pack(">HH", 1, 0)
    + b"ISOCENTER".ljust(16)
    + b"X".ljust(16)
    + bytes(32)
    + struct.pack(">BxH", 0x20, 0xFFFF)
    + bytes(12),
    "nothing": b"",
}


@pytest.mark.parametrize("port", ["dicom", "http"])
@pytest.mark.parametrize("sent", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_peers_do_not_keep_others_out(sent: bytes, port: str, besieged: Commanded) -> None:
    number = besieged.dicom_port if port == "dicom" else besieged.http_port
    peers = [socket.create_connection(("127.0.0.1", number), timeout=10) for _ in range(20)]
    try:
        for peer in peers:
            try:
                peer.sendall(sent)
            except OSError:
                continue  # it was thrown out before it had finished
        with Association(besieged.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
            sop = fresh_uid()
            assert association.store(sop, data_set(sop, fresh_uid(), fresh_uid())) == 0
        assert besieged.get("/api/state").status_code == 200
    finally:
        for peer in peers:
            peer.close()
