"""A pack on its way to the store: written to a private file, an object once all of it is there."""

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.api.renditions.v1 import pack_pb2 as pb
from isocenter.ports.objects import ObjectStore
from isocenter.renditions.pack import PackWriter

BUFFER_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Frames:
    """Frames of one instance, the first of them or those that follow. `refused` tells why there are none."""

    instance: pb.PackedInstance
    is_first: bool
    # of each its bytes, the ends of its levels, the digest of its samples
    contents: Sequence[tuple[bytes, Sequence[int], bytes]] = ()
    refused: str = ""


class Draft:
    """Takes frames in order. Blocking, but for the disk's cache."""

    def __init__(self, objects: ObjectStore, study: str, series: str) -> None:
        self._objects = objects
        self._spool = objects.spool()
        self._buffer = bytearray()
        self._is_refused = False
        self.writer = PackWriter(study, series, self._append)

    def write(self, frames: Frames) -> None:
        """Add them; once one of an instance is refused, those that follow are left out."""
        if frames.is_first:
            self.writer.add(frames.instance)
            self._is_refused = False
        if frames.refused and not self._is_refused:
            self.writer.refuse(frames.refused)
            self._is_refused = True
        if self._is_refused:
            return
        instance = frames.instance
        self.writer.describe(instance.transfer_syntax_uid, instance.photometric_interpretation)
        for content, ends, proof in frames.contents:
            self.writer.add_frame(content, ends, proof)

    def put(self, key: str) -> pb.PackIndex:
        """Finish; the object stands, whole and durable, when this returns its table."""
        index = self.writer.finish()
        self._write_out()
        self._objects.put_file(self._spool, key, sha256="")
        return index

    def discard(self) -> None:
        """Forget it; harmless once it was put."""
        self._spool.discard()

    def _append(self, content: bytes) -> None:
        self._buffer += content
        if len(self._buffer) >= BUFFER_BYTES:
            self._write_out()

    def _write_out(self) -> None:
        if self._buffer:
            self._spool.append(memoryview(self._buffer), len(self._buffer))
            self._buffer = bytearray()
