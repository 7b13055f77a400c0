"""The listener goes away: running messages end, the rest is told, nothing half is acknowledged."""

import socket
import threading
import time

import pytest
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    RawPeer,
    command_pdus,
    data_pdus,
    p_data_pdu,
    request_for,
    store_command,
)
from tests.support.poll import poll
from tests.support.receiving import MemoryReceiver, Running, dicom_address

from isocenter.dimse.commands import Element
from isocenter.dimse.pdu import PduType

REQUEST = request_for(CT_IMAGE_STORAGE)


def drain_aside(running: Running, grace_s: float) -> threading.Thread:
    thread = threading.Thread(target=running.listener.drain, args=(grace_s,))
    thread.start()
    return thread


def until_refused(port: int) -> None:
    def is_refused() -> bool:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
        except ConnectionRefusedError:
            return True
        return False

    poll(is_refused)


def test_idle_association_is_aborted_and_no_other_comes() -> None:
    with dicom_address(MemoryReceiver()) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        started = time.monotonic()
        running.listener.drain(5)
        assert time.monotonic() - started < 2
        assert peer.read_pdu()[0] == PduType.ABORT
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", running.port))


def test_running_message_is_finished_and_answered() -> None:
    receiver = MemoryReceiver(gate=threading.Event())
    assert receiver.gate is not None
    with dicom_address(receiver) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        peer.send(command_pdus(store_command()) + p_data_pdu((1, 0, b"first half")))
        poll(lambda: receiver.begun == 1)
        draining = drain_aside(running, 10)
        until_refused(running.port)
        peer.send(data_pdus(b"second half"))
        receiver.gate.set()
        assert peer.read_command()[Element.STATUS] == 0
        assert peer.read_pdu()[0] == PduType.ABORT
        draining.join(5)
        assert not draining.is_alive()
    assert receiver.stored[0].data_set == b"first halfsecond half"


def test_message_that_does_not_end_in_time_is_discarded() -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver) as running, RawPeer(running.port) as peer:
        peer.associate(REQUEST)
        peer.send(command_pdus(store_command()) + p_data_pdu((1, 0, b"first half")))
        poll(lambda: receiver.begun == 1)
        running.listener.drain(0.4)
        poll(lambda: receiver.discarded == 1)
        assert peer.read_pdu()[0] == 0
    assert receiver.count == 0
