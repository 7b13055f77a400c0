"""Several data sets at once: gathered in memory, and stored the same."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.part10 import SECONDARY_CAPTURE, data_set, digest_of
from tests.support.receive_core import SENDER, Core

from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.ingest.gathering import GATHER_BYTES, Gatherings
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


SIZES = [0, 300_000, GATHER_BYTES - 500, GATHER_BYTES, 3 * GATHER_BYTES]


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


def test_a_lone_data_set_is_not_gathered_however_many_came_before(core: Core) -> None:
    gatherings = core.receiver._desk.gatherings
    for one in [begin(core, f"1.2.{n}") for n in range(3)]:
        one.discard()
    assert gatherings.enter() is None
    gatherings.leave()


def test_buffers_are_lent_again_with_nothing_of_the_last_in_them() -> None:
    gatherings = Gatherings()
    gatherings.enter()
    first = gatherings.enter()
    assert first is not None and first.take(memoryview(b"secret"))
    gatherings.give_back(first)
    again = gatherings.enter()
    assert again is not None and bytes(again.content()) == b""
    assert not again.take(memoryview(bytes(GATHER_BYTES + 1)))
