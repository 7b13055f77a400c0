"""Thousands of mutated and random PDUs against a real acceptor: clean endings, bounded memory, a living process."""

import random
import resource

import pytest
from structlog.testing import capture_logs
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    VERIFICATION,
    RawPeer,
    command_pdus,
    data_pdus,
    echo_command,
    request_for,
    request_pdu,
    store_command,
)
from tests.support.receiving import MemoryReceiver, Running, dicom_address

from isocenter.dimse.pdu import RELEASE_RQ, PduType

STREAM = (
    request_pdu(request_for(CT_IMAGE_STORAGE, VERIFICATION)),
    command_pdus(store_command()),
    data_pdus(bytes(range(256)) * 100),
    command_pdus(echo_command(), context_id=3),
    RELEASE_RQ,
)
ANSWERS = {PduType.ASSOCIATE_AC, PduType.ASSOCIATE_RJ, PduType.P_DATA_TF, PduType.RELEASE_RP}
MAX_GROWTH_KIB = 64 * 1024


@pytest.mark.parametrize("seed", range(4))
def test_mutated_streams_end_cleanly(seed: int) -> None:
    play_mutated(seed, 1_500)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 104))
def test_a_million_mutated_pdus_end_cleanly(seed: int) -> None:
    play_mutated(seed, 50_000)


def play_mutated(seed: int, streams: int) -> None:
    chance = random.Random(seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with capture_logs() as logs, dicom_address(MemoryReceiver(keep=False)) as running:
        for _ in range(streams):
            play(running, mutated(chance))
        play(running, b"".join(STREAM), expected=(2, 4, 4, 6))
    failures = [line for line in logs if line["event"] in ("association_failed", "store_failed")]
    assert not failures
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < MAX_GROWTH_KIB


def test_random_streams_end_cleanly() -> None:
    chance = random.Random(99)
    with capture_logs() as logs, dicom_address(MemoryReceiver()) as running:
        for _ in range(1500):
            play(
                running, STREAM[0] * chance.randint(0, 1) + chance.randbytes(chance.randint(1, 300))
            )
        play(running, b"".join(STREAM), expected=(2, 4, 4, 6))
    assert not [line for line in logs if line["event"] == "association_failed"]


def mutated(chance: random.Random) -> bytes:
    pdus = [bytearray(pdu) for pdu in STREAM]
    for _ in range(chance.randint(1, 3)):
        pdu = chance.choice(pdus)
        match chance.randrange(6):
            case 0:  # near the front, where the structure is
                pdu[chance.randrange(min(len(pdu), 40))] = chance.randrange(256)
            case 1:
                pdu[chance.randrange(len(pdu))] ^= 1 << chance.randrange(8)
            case 2:
                at = chance.randrange(len(pdu))
                pdu[at : at + 4] = chance.choice((b"\xff" * 4, bytes(4), b"\0\0\x10\0"))
            case 3:
                del pdu[chance.randrange(len(pdu)) :]
                pdu += b"\x05"
            case 4:
                at = chance.randrange(len(pdu))
                pdu[at:at] = chance.randbytes(chance.randint(1, 12))
            case _:
                chance.shuffle(pdus)
    return b"".join(pdus)


def play(running: Running, stream: bytes, expected: tuple[int, ...] | None = None) -> None:
    """Say all of it, hang up, and look at what was answered."""
    answers: list[int] = []
    with RawPeer(running.port) as peer:
        try:
            peer.send(stream)
            if expected is None:
                peer.socket.shutdown(1)
        except OSError:
            pass  # it hung up first, which is its right
        while kind := peer.read_pdu()[0]:
            answers.append(kind)
            if kind == PduType.RELEASE_RP and expected is not None:
                break
    assert set(answers) <= ANSWERS | {PduType.ABORT}
    assert PduType.ABORT not in answers[:-1]
    if expected is not None:
        assert tuple(answers) == expected
