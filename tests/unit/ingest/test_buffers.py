"""Data sets pass through buffers, several at once and larger than one, and are stored as they came."""

import ctypes
import mmap
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.part10 import SECONDARY_CAPTURE, data_set, digest_of, part10
from tests.support.receive_core import SENDER, Core

from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.ingest.buffers import BUFFER_BYTES, Buffers
from isocenter.ingest.sinks import Incoming


@pytest.fixture
def core(tmp_path: Path) -> Iterator[Core]:
    core = Core(tmp_path)
    yield core
    assert core.spooled() == []


def begin(core: Core, sop: str) -> Incoming:
    return core.receiver.begin(SENDER, EXPLICIT_VR_LITTLE_ENDIAN, SECONDARY_CAPTURE, sop)


def pour(incoming: Incoming, content: bytes, chunk_bytes: int) -> None:
    buffer = bytearray(chunk_bytes)
    for start in range(0, len(content), chunk_bytes):
        chunk = content[start : start + chunk_bytes]
        buffer[: len(chunk)] = chunk
        incoming.write(memoryview(buffer)[: len(chunk)])


SIZES = [0, 300_000, BUFFER_BYTES - 500, BUFFER_BYTES, 3 * BUFFER_BYTES]


@pytest.mark.parametrize("pixel_bytes", SIZES)
def test_data_sets_that_come_at_once_are_stored_byte_for_byte(core: Core, pixel_bytes: int) -> None:
    contents = [data_set(f"1.2.{n}", pixels=bytes([n]) * (pixel_bytes & ~1)) for n in range(4)]
    incoming = [begin(core, f"1.2.{n}") for n in range(4)]
    for one, content in zip(incoming, contents, strict=True):
        pour(one, content, 70_000)
    outcomes = [one.finish() for one in incoming]
    assert [outcome.digest for outcome in outcomes] == [digest_of(one) for one in contents]
    for receipt, content in zip(core.receipts(), contents, strict=True):
        stored = core.objects.read(receipt.object_key)
        assert stored[receipt.dataset_offset :] == content


def test_one_that_is_given_up_leaves_the_others_alone(core: Core) -> None:
    kept, lost = begin(core, "1.2.1"), begin(core, "1.2.2")
    content = data_set("1.2.1", pixels=b"\1\2" * 50_000)
    pour(lost, data_set("1.2.2"), 100)
    lost.discard()
    lost.discard()
    pour(kept, content, 30_000)
    assert kept.finish().digest == digest_of(content)


def test_every_buffer_is_given_back_whatever_came_of_its_data_set(core: Core) -> None:
    buffers = core.receiver._desk.buffers
    stored, unreadable, lost = begin(core, "1.2.1"), begin(core, "1.2.2"), begin(core, "1.2.3")
    assert buffers.lent == 3
    pour(stored, data_set("1.2.1"), 1000)
    pour(unreadable, b"\xff" * 3000, 1000)
    assert stored.finish().status == "stored"
    assert unreadable.finish().status == "quarantined"
    lost.discard()
    assert buffers.lent == 0


def test_a_data_set_with_another_name_than_its_file_meta_is_stored_under_its_own(
    core: Core,
) -> None:
    content = data_set("1.2.5", pixels=bytes(2 * BUFFER_BYTES))
    incoming = core.receiver.begin_part10(SENDER)
    meta = part10("1.2.4").removesuffix(data_set("1.2.4"))
    pour(incoming, meta + content, 100_000)
    assert incoming.finish().digest == digest_of(content)
    (receipt,) = core.receipts()
    assert core.objects.read(receipt.object_key)[receipt.dataset_offset :] == content
    assert core.receiver._desk.buffers.lent == 0


def test_a_buffer_is_lent_to_one_data_set_however_often_another_gives_up(core: Core) -> None:
    buffers = core.receiver._desk.buffers
    writer = core.receiver._desk.writer(core.objects.spool())
    writer.release()
    writer.release()
    assert buffers.lent == 0
    assert buffers.lend() is not buffers.lend()


def test_buffers_begin_at_a_page_and_are_lent_again() -> None:
    buffers = Buffers()
    first = buffers.lend()
    assert len(first) == BUFFER_BYTES
    assert ctypes.addressof(ctypes.c_char.from_buffer(first)) % mmap.PAGESIZE == 0
    buffers.take_back(first)
    assert buffers.lend() is first
    assert buffers.lend() is not first
