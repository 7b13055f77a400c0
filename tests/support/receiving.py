"""A receive core that keeps data sets in memory, and a DICOM address in front of it."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dimse.limits import Patience
from isocenter.errors import IsocenterError
from isocenter.ingest.admission import Places
from isocenter.ingest.ae_list import AeList
from isocenter.ingest.associations import Address
from isocenter.ingest.find_scp import Questions
from isocenter.ingest.listener import Listener
from isocenter.ingest.outcome import Outcome

DIGEST = "0" * 64


@dataclass(frozen=True)
class Received:
    sender: pb.Sender
    transfer_syntax_uid: str
    sop_class_uid: str
    sop_instance_uid: str
    data_set: bytes


@dataclass
class MemoryReceiver:
    """Keeps what was finished; fails where it is told to."""

    begin_error: Exception | None = None
    write_error: Exception | None = None  # raised when `write_error_after` bytes are there
    write_error_after: int = 0
    finish_error: Exception | None = None
    quarantine: IsocenterError | None = None
    keep: bool = True  # the bytes; without them only counts
    gate: threading.Event | None = None  # `finish` waits for it
    stored: list[Received] = field(default_factory=list)
    count: int = 0
    begun: int = 0
    discarded: int = 0

    def begin(
        self,
        sender: pb.Sender,
        transfer_syntax_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
    ) -> "MemoryIncoming":
        if self.begin_error is not None:
            raise self.begin_error
        self.begun += 1
        empty = Received(sender, transfer_syntax_uid, sop_class_uid, sop_instance_uid, b"")
        return MemoryIncoming(self, empty)


class MemoryIncoming:
    def __init__(self, receiver: MemoryReceiver, received: Received) -> None:
        self._receiver = receiver
        self._received = received
        self._content = bytearray()
        self._size = 0

    def write(self, data: memoryview) -> None:
        self._size += len(data)
        receiver = self._receiver
        if receiver.write_error is not None and self._size > receiver.write_error_after:
            raise receiver.write_error
        if receiver.keep:
            self._content += data

    def finish(self) -> Outcome:
        receiver = self._receiver
        if receiver.gate is not None:
            receiver.gate.wait(10)
        if receiver.finish_error is not None:
            raise receiver.finish_error
        received = self._received
        names = (received.sop_class_uid, received.sop_instance_uid, "1.2", "1.2.3", DIGEST)
        if receiver.quarantine is not None:
            return Outcome("quarantined", *names, error=receiver.quarantine)
        receiver.count += 1
        if receiver.keep:
            receiver.stored.append(replace(received, data_set=bytes(self._content)))
        return Outcome("stored", *names)

    def discard(self) -> None:
        self._receiver.discarded += 1


@dataclass(frozen=True)
class Running:
    listener: Listener
    port: int
    tls_port: int
    address: Address
    denied: list[str]


@contextmanager
def dicom_address(
    receiver: MemoryReceiver,
    *,
    ae_list: AeList | None = None,
    host: str = "127.0.0.1",
    patience: Patience = Patience(),  # noqa: B008  (immutable)
    tls: ssl.SSLContext | None = None,
    max_associations: int = 64,
    max_per_address: int = 64,
    max_connections: int = 128,
    max_connections_per_address: int = 128,
    strict_called_ae_title: bool = False,
    accepting: Callable[[], bool] = lambda: True,
    questions: Questions | None = None,
) -> Iterator[Running]:
    """A listener on free ports, drained at the end; `denied` collects the actions that were refused."""
    denied: list[str] = []
    address = Address(
        receiver=receiver,
        ae_list=ae_list or AeList(None),
        places=Places(max_associations, max_per_address),
        strict_called_ae_title=strict_called_ae_title,
        accepting=accepting,
        record_denied=lambda caller, action, study: denied.append(f"{caller.name} {action}"),
        questions=questions,
    )
    listener = Listener(address, Places(max_connections, max_connections_per_address), patience)
    port = listener.listen(host, 0)
    tls_port = listener.listen(host, 0, tls) if tls is not None else 0
    listener.start()
    try:
        yield Running(listener, port, tls_port, address, denied)
    finally:
        listener.drain(2.0)
