"""Nothing that anybody sends makes the scan or the JSON model fail, hang, or take memory."""

import contextlib
import mmap
import random
import resource
import struct
import time
import tracemalloc
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.support.data_sets import (
    EXPLICIT,
    IMPLICIT,
    UNDEFINED,
    element,
    encapsulated,
    identity,
    image_of,
    implicit,
    instance,
    item,
)
from tests.support.dicom_files import real_files
from tests.support.images import layout_of

from isocenter.dicom import header as header_module
from isocenter.dicom.encoding import FORMS
from isocenter.dicom.header import scan
from isocenter.dicom.json_model import dumps, to_json
from isocenter.dicom.limits import ScanLimits
from isocenter.dicom.part10 import read_file_meta
from isocenter.dicom.quick_walk import Odd
from isocenter.dicom.transfer_syntaxes import TRANSFER_SYNTAXES
from isocenter.errors import InvalidInstance, IsocenterError, LimitExceeded

DEFLATED = "1.2.840.10008.1.2.1.99"
JPEG = "1.2.840.10008.1.2.4.50"
MIB = 1 << 20


def whole_way(data: bytes, dataset_offset: int, syntax: str) -> bool:
    """Scan, make JSON, find frames; tells whether it was accepted. Only our errors may come, and only from the scan."""
    try:
        header = scan(data, dataset_offset, syntax)
    except IsocenterError as refused:
        assert refused.fields["code"]
        return False
    document = to_json(
        header.pieces,
        dataset_offset=dataset_offset,
        transfer_syntax_uid=syntax,
        bulk_data_uri=lambda offset, length: f"{offset}-{length}",
        findings=[],
    )
    dumps(document)
    assert document["00080018"]["Value"][0] == header.sop_instance_uid
    assert document["0020000D"]["Value"][0] == header.study_instance_uid
    if header.pixel_data is not None:
        with contextlib.suppress(IsocenterError):
            layout_of(header.pixel_data, document, syntax).frame(1)
    return True


def test_the_quick_walk_finds_what_the_careful_walk_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    small = [
        file.path.read_bytes() for file in real_files() if file.path.stat().st_size < SMALL_BYTES
    ]
    rng = random.Random(7)
    compared = 0
    for _ in range(MUTATIONS):
        content = mutated(rng, rng.choice(small))
        with contextlib.suppress(IsocenterError):
            meta = read_file_meta(content)
            quick = scan(content, meta.dataset_offset, meta.transfer_syntax_uid)
            with monkeypatch.context() as patch:
                patch.setattr(header_module, "QuickWalk", refuse)
                assert scan(content, meta.dataset_offset, meta.transfer_syntax_uid) == quick
            compared += 1
    assert compared > MUTATIONS / 10


def refuse(*_args: object, **_keywords: object) -> None:
    raise Odd


def limit(data: bytes, syntax: str, limits: ScanLimits | None = None) -> tuple[object, int, float]:
    started = time.process_time()
    tracemalloc.start()
    with pytest.raises(LimitExceeded) as caught:
        scan(data, 0, syntax, limits or ScanLimits())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return caught.value.fields["code"], peak, time.process_time() - started


def test_a_deflate_bomb_is_refused_before_it_takes_memory_or_time() -> None:
    packer = zlib.compressobj(9, wbits=-15)
    bomb = packer.compress(instance(late=element(0x7FE00010, "OW", b"", 0xFFFFFFFE)))
    bomb += b"".join(packer.compress(b"\0" * MIB) for _ in range(200)) + packer.flush()
    code, peak, seconds = limit(bomb, DEFLATED)
    assert code == "inflate_ratio"
    assert peak < 8 * MIB
    assert seconds < 1


def test_a_deflated_header_without_end_is_refused_at_the_cap() -> None:
    noise = b"".join(
        zlib.crc32(n.to_bytes(4, "little")).to_bytes(4, "little") for n in range(1 << 18)
    )
    endless = instance(late=element(0x00420011, "SQ", noise * 4, 0xFFFFFFFE))
    packer = zlib.compressobj(1, wbits=-15)
    code, peak, _ = limit(
        packer.compress(endless) + packer.flush(), DEFLATED, ScanLimits(max_header_bytes=2 * MIB)
    )
    assert code == "header_too_large"
    assert peak < 16 * MIB


@pytest.mark.parametrize("undefined", [True, False])
def test_nesting_without_end_is_refused_at_the_cap(undefined: bool) -> None:
    nested = b""
    for _ in range(100):
        inner = item(nested, undefined=undefined)
        nested = element(
            0x00081140,
            "SQ",
            inner + (implicit(0xFFFEE0DD, b"") if undefined else b""),
            UNDEFINED if undefined else None,
        )
    before, after = identity()
    assert limit(before + nested + after, EXPLICIT)[0] == "nesting"
    opened = (
        before
        + (element(0x00081140, "SQ", b"", UNDEFINED) + implicit(0xFFFEE000, b"", UNDEFINED))
        * 100_000
    )
    assert limit(opened, EXPLICIT)[0] == "nesting"


def test_the_depth_that_is_allowed_is_read_by_the_json_model_too() -> None:
    nested = b""
    for _ in range(64):
        nested = element(0x00081140, "SQ", item(nested))
    before, after = identity()
    assert whole_way(before + nested + after, 0, EXPLICIT)


@pytest.mark.parametrize("length", [0xFFFFFFFE, 0x7FFFFFFF, 0xFFFFFFFF])
@pytest.mark.parametrize("vr", ["OB", "UN", "UT", "SQ"])
def test_a_forged_length_takes_no_memory(vr: str, length: int) -> None:
    before, after = identity()
    tracemalloc.start()
    with pytest.raises(InvalidInstance):
        scan(before + element(0x00091001, vr, b"abcd", length) + after, 0, EXPLICIT)
    assert tracemalloc.get_traced_memory()[1] < MIB
    tracemalloc.stop()


def test_too_many_elements_items_or_fragments_are_refused_at_the_cap() -> None:
    few = ScanLimits(max_elements=1000, max_fragments=1000, max_header_bytes=MIB - 1)
    many = instance(late=element(0x00420010, "SQ", item(b"") * 5000))
    assert limit(many, EXPLICIT, few)[0] == "too_many_elements"
    assert limit(instance(late=encapsulated([b""] * 5000)), JPEG, few)[0] == "too_many_fragments"
    large = instance(
        late=b"".join(element(0x00430000 + n, "OB", b"x" * 4000) for n in range(16, 600))
    )
    assert limit(large, EXPLICIT, few)[0] == "header_too_large"


def test_findings_are_bounded() -> None:
    odd = b"".join(element(0x00430000 + n, "LO", b"x") for n in range(16, 3000))
    assert len(scan(instance(late=odd), 0, EXPLICIT).findings) == ScanLimits().max_findings


def test_a_forged_number_of_frames_makes_no_list() -> None:
    native = instance(
        image=image_of(frames=2_000_000_000), late=element(0x7FE00010, "OW", b"\0" * 8)
    )
    assert whole_way(native, 0, EXPLICIT)
    assert whole_way(
        instance(image=image_of(frames=2_000_000_000), late=encapsulated([b"a"])), 0, JPEG
    )


def test_a_4_gb_object_is_scanned_with_flat_memory(tmp_path: Path) -> None:
    frames, size = 8000, 512 * 1024
    path = tmp_path / "large"
    head = instance(image=image_of(512, 512, frames, 16)) + element(
        0x7FE00010, "OB", implicit(0xFFFEE000, b""), UNDEFINED
    )
    with path.open("wb") as file:  # sparse: only the item headers are on the disk
        file.write(head)
        for n in range(frames):
            file.seek(len(head) + n * (size + 8))
            file.write(struct.pack("<HHL", 0xFFFE, 0xE000, size))
        file.seek(len(head) + frames * (size + 8))
        file.write(struct.pack("<HHL", 0xFFFE, 0xE0DD, 0))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with path.open("rb") as stored, mmap.mmap(stored.fileno(), 0, access=mmap.ACCESS_READ) as data:
        found = scan(data, 0, JPEG)
    assert found.pixel_data is not None
    assert len(found.pixel_data.fragment_lengths) == frames
    assert found.findings == ()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024  # KiB


SMALL_BYTES = 12_000
MUTATIONS = 3000
_PATTERNS = (
    b"\xff\xff\xff\xff",
    b"\xfe\xff\xff\xff",
    b"\0\0\0\0",
    b"\xfe\xff\x00\xe0",
    b"\xfe\xff\xdd\xe0",
    b"SQ\0\0",
    b"UN\0\0",
)


def mutated(rng: random.Random, content: bytes) -> bytes:
    changed = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at = rng.randrange(132, max(133, min(len(changed), 1500)))
        match rng.randrange(5):
            case 0 if at < len(changed):
                changed[at] ^= 1 << rng.randrange(8)
            case 1:
                changed[at : at + 4] = rng.choice(_PATTERNS)
            case 2:
                del changed[at : at + rng.choice((1, 2, 8, 100))]
            case 3:
                changed[at:at] = rng.randbytes(rng.choice((1, 2, 8)))
            case _:
                del changed[rng.randrange(132, max(133, len(changed))) :]
    return bytes(changed)


def test_thousands_of_mutated_real_files_are_refused_by_our_errors_or_read() -> None:
    small = [
        file.path.read_bytes() for file in real_files() if file.path.stat().st_size < SMALL_BYTES
    ]
    rng = random.Random(20240)
    accepted = 0
    slowest = 0.0
    for _ in range(MUTATIONS):
        content = mutated(rng, rng.choice(small))
        started = time.process_time()
        try:
            meta = read_file_meta(content)
        except IsocenterError:
            continue
        accepted += whole_way(content, meta.dataset_offset, meta.transfer_syntax_uid)
        slowest = max(slowest, time.process_time() - started)
    assert accepted > MUTATIONS / 10
    assert slowest < 1


@settings(max_examples=200, deadline=None)
@given(
    st.binary(max_size=200),
    st.integers(0, 60),
    st.sampled_from([EXPLICIT, IMPLICIT, DEFLATED, JPEG, "1.2.840.10008.1.2.2"]),
)
def test_any_bytes_inside_an_instance_are_refused_or_read(
    noise: bytes, keep: int, syntax: str
) -> None:
    before, after = identity()
    whole_way(before + noise + after, 0, syntax)
    whole_way(noise[:keep] + before + after + noise, 0, syntax)


tags = st.sampled_from(
    [
        0x00080005,
        0x00091001,
        0x00100010,
        0x00100050,
        0x00281101,
        0x00420011,
        0x54000100,
        0x60003000,
        0x7FE00010,
    ]
)
vrs = st.sampled_from([*sorted(vr.decode() for vr in FORMS), "ZZ"])


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(tags, vrs, st.binary(max_size=24)), max_size=6),
    st.sampled_from(sorted(TRANSFER_SYNTAXES)),
)
def test_any_element_in_any_representation_is_refused_or_read(
    elements: list[tuple[int, str, bytes]], syntax: str
) -> None:
    extra = b"".join(element(tag, vr, value) for tag, vr, value in elements)
    before, after = identity()
    inside = element(0x00081140, "SQ", item(extra))
    whole_way(before + inside + after + extra, 0, syntax)
