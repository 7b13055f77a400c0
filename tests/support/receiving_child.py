"""A process that receives: `python -m tests.support.receiving_child ROOT ACKS COUNT SEED THREADS`.

Writes each acknowledged digest as a line to ACKS, after the receive core said so.
"""

import os
import sys
import threading
from pathlib import Path

from tests.support.part10 import SECONDARY_CAPTURE, data_set

from isocenter.adapters.journal.files import FileJournal
from isocenter.adapters.objects.filesystem import FilesystemObjects
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.receive import Receiver
from isocenter.runtime.clock import HybridClock


def receive(receiver: Receiver, acks: int, numbers: range, seed: str) -> None:
    sender = pb.Sender(protocol="dimse", address="127.0.0.1", calling_ae_title="CHILD")
    for number in numbers:
        sop = f"1.2.{seed}.{number}"
        pixels = b"\1" * (200 if number % 2 else 100_000)  # through the page cache, and past it
        content = data_set(sop, f"1.2.{number % 2}", f"1.2.3.{number % 3}", pixels=pixels)
        incoming = receiver.begin(sender, EXPLICIT_VR_LITTLE_ENDIAN, SECONDARY_CAPTURE, sop)
        incoming.write(memoryview(content))
        outcome = incoming.finish()
        os.write(acks, f"{outcome.digest}\n".encode())


def main(root: Path, acks_path: str, count: int, seed: str, threads: int) -> None:
    root.mkdir(exist_ok=True)
    clock = HybridClock()
    writer = FileJournal(root, clock).writer("child")
    objects = FilesystemObjects(root)
    receiver = Receiver(objects, Acknowledger(objects, writer, clock, lambda *_: None), clock)
    acks = os.open(acks_path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    running = [
        threading.Thread(target=receive, args=(receiver, acks, range(n, count, threads), seed))
        for n in range(threads)
    ]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    writer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), sys.argv[4], int(sys.argv[5]))
