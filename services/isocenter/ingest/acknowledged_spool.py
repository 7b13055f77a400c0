"""Instances that were acknowledged from the spool: on this process's own volume, until the object store has them.

Only where an operator says that the volume lasts (`acknowledge_from_spool`). A file and then its receipt are made
durable under a name that holds version, digest and a checksum of the receipt; a file without a receipt was never
acknowledged.
"""

import hashlib
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from google.protobuf.message import DecodeError

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import Corrupted, NotFound
from isocenter.ingest.existing import sound_dataset_offset
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore, Spool
from isocenter.runtime.metrics import METRICS

FOLDER = "acknowledged"
RECEIPT, FILE, DAMAGED = ".receipt", ".dcm", ".damaged"
_CHECKSUM_DIGITS = 32


@dataclass(frozen=True, slots=True)
class Kept:
    """One of them. `name` is its key in the local store without an ending; `version` is that of its receipt.

    Not `has_file`, the store has the object already, and only the receipt waits.
    """

    name: str
    version: int
    has_file: bool


class KeptFile:
    """`ports.objects.Spool` of a file that is whole and durable, and stays when it is discarded."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._descriptor = -1

    def append(self, memory: memoryview, size_bytes: int) -> None:
        """Not to be called: nothing is added to what was acknowledged."""
        raise NotImplementedError

    def fileno(self) -> int:
        """Descriptor open for reading."""
        if self._descriptor < 0:
            self._descriptor = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC)
        return self._descriptor

    def flush(self) -> None:
        """It is durable."""

    def discard(self) -> None:
        """Close the file."""
        descriptor, self._descriptor = self._descriptor, -1
        if descriptor >= 0:
            os.close(descriptor)


class AcknowledgedSpool:
    """Those of one process, named by its node; safe to use from many threads."""

    def __init__(self, files: ObjectStore, node: str, clock: Clock) -> None:
        self._files = files
        self._folder = f"{FOLDER}/{node}/"
        self._clock = clock
        self._lock = threading.Lock()
        self._waiting: dict[str, Kept] = {}
        self.store_is_away = False
        for kept in self._found():
            self._waiting[kept.name] = kept
            clock.observe(kept.version)
        self._show()

    def keep(self, spool: Spool, receipt: pb.Receipt) -> None:
        """Make both durable here; the spool is consumed. One that was put already needs its receipt only.

        Raises OutOfSpace, StorageFailed: nothing is acknowledged.
        """
        version, content = self._clock.version(), receipt.SerializeToString()
        name = f"{self._folder}{version:020d}-{receipt.digest[:32]}-{_checksum(content)}"
        has_file = spool.fileno() >= 0
        if has_file:
            self._files.put_file(spool, name + FILE, sha256="")
        self._files.put(name + RECEIPT, content)
        with self._lock:
            self._waiting[name] = Kept(name, version, has_file)
            self.store_is_away = True
        self._show()

    def waiting(self) -> list[Kept]:
        """All that the store does not have, oldest first."""
        with self._lock:
            return sorted(self._waiting.values(), key=lambda kept: kept.version)

    def read(self, kept: Kept) -> tuple[pb.Receipt, Spool | None]:
        """Its receipt and its file, both proven. Raises Corrupted."""
        content = self._files.read(kept.name + RECEIPT)
        if not kept.name.endswith(_checksum(content)):
            raise Corrupted("a receipt in the spool is not what was acknowledged")
        try:
            receipt = pb.Receipt.FromString(content)
        except DecodeError as error:
            raise Corrupted("a receipt in the spool cannot be read") from error
        return receipt, self._file(kept, receipt) if kept.has_file else None

    def forget(self, kept: Kept) -> None:
        """The store has it: remove the receipt, then the file."""
        self._files.delete(kept.name + RECEIPT)
        self._files.delete(kept.name + FILE)
        self._drop(kept)
        self.store_is_away = False

    def set_aside(self, kept: Kept) -> None:
        """What is not as it was acknowledged stays for a person to look at, and is not tried again."""
        for ending in (FILE, RECEIPT):
            with suppress(NotFound):
                self._files.move(kept.name + ending, kept.name + ending + DAMAGED)
        self._drop(kept)

    def _file(self, kept: Kept, receipt: pb.Receipt) -> Spool:
        key, syntax = kept.name + FILE, receipt.transfer_syntax_uid
        try:
            offset = sound_dataset_offset(self._files, key, receipt.digest, syntax)
        except NotFound as error:
            raise Corrupted("a file in the spool is gone") from error
        path = self._files.local_path(key)
        if offset is None or path is None:
            raise Corrupted("a file in the spool is not what was acknowledged")
        return KeptFile(path)

    def _found(self) -> Iterator[Kept]:
        """What an earlier start of this process left; files that were never acknowledged are removed."""
        keys = {info.key for info in self._files.list(self._folder)}
        for key in sorted(keys):
            name, dot, ending = key.rpartition(".")
            if dot + ending == RECEIPT:
                version = int(name.removeprefix(self._folder).partition("-")[0])
                yield Kept(name, version, name + FILE in keys)
            elif dot + ending == FILE and name + RECEIPT not in keys:
                self._files.delete(key)

    def _drop(self, kept: Kept) -> None:
        with self._lock:
            self._waiting.pop(kept.name, None)
        self._show()

    def _show(self) -> None:
        METRICS.set("isocenter_spool_acknowledged_instances", len(self._waiting))


def _checksum(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:_CHECKSUM_DIGITS]
