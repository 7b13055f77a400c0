"""`python -m tests.perf.sink PORT FOLDER`: receive, write, sync each file, answer; nothing else."""

import os
import sys
import threading
from itertools import count
from pathlib import Path

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.dimse.limits import Patience
from isocenter.ingest.admission import Places
from isocenter.ingest.ae_list import AeList
from isocenter.ingest.associations import Address
from isocenter.ingest.listener import Listener
from isocenter.ingest.outcome import Outcome

NUMBERS = count()


class SinkIncoming:
    """One file."""

    def __init__(self, folder: Path, sop_class_uid: str, sop_instance_uid: str) -> None:
        self._path = folder / f"{next(NUMBERS)}.dcm"
        self._file = os.open(self._path, os.O_WRONLY | os.O_CREAT, 0o600)
        self._names = (sop_class_uid, sop_instance_uid)

    def write(self, data: memoryview) -> None:
        """Straight to the file."""
        os.write(self._file, data)

    def finish(self) -> Outcome:
        """Sync it."""
        os.fdatasync(self._file)
        os.close(self._file)
        return Outcome("stored", *self._names, "", "", "0" * 64)

    def discard(self) -> None:
        """Forget it."""
        os.close(self._file)
        self._path.unlink()


class Sink:
    """A receiver that keeps no promise but the write."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def begin(
        self, sender: pb.Sender, transfer_syntax_uid: str, sop_class_uid: str, sop_instance_uid: str
    ) -> SinkIncoming:
        """Open a file."""
        del sender, transfer_syntax_uid
        return SinkIncoming(self._folder, sop_class_uid, sop_instance_uid)


def main() -> None:
    """Serve until ended."""
    port, folder = int(sys.argv[1]), Path(sys.argv[2])
    address = Address(Sink(folder), AeList(folder / "ae.toml"), Places(64, 64))
    listener = Listener(address, Places(256, 256), Patience())
    listener.listen("127.0.0.1", port)
    listener.start()
    threading.Event().wait()


if __name__ == "__main__":
    main()
