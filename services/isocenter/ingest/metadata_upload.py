"""STOW-RS with metadata and bulk data (PS3.18 10.5.2): metadata, and the values they name by their URIs.

Bulk data go to private files as they come; when the body is over, each instance is written as a data set and takes the
same way as one that came as a file. Nothing is guessed: compressed pixels say their transfer syntax.
"""

from collections.abc import Callable, Sequence
from typing import Any

from isocenter.dicom import part10
from isocenter.dicom.json_attributes import first
from isocenter.dicom.json_writing import Bulk, write_pieces
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, transfer_syntax
from isocenter.dicom.uids import is_valid_uid
from isocenter.dicomweb.media_types import parse_media_type
from isocenter.dicomweb.multipart import MultipartReader, PartEnd, PartStart
from isocenter.errors import InvalidInstance, InvalidRequest, IsocenterError, LimitExceeded
from isocenter.ingest.bulk_value import BulkValue
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.sinks import Incoming
from isocenter.ingest.upload import MAX_INSTANCES, PartResult, Refused

MAX_METADATA_BYTES = 64 << 20
PIXELS = "7FE00010"
_SOP_CLASS, _SOP, _TRANSFER_SYNTAX, _AVAILABLE = "00080016", "00080018", "00020010", "00083002"
_MAX_URI = 4096

ReadMetadata = Callable[[bytes], list[dict[str, Any]]]
"""Instances as DICOM JSON; raises InvalidRequest."""


class MetadataUpload:
    """`workers.Sink` of one body; `close` blocks until all of it is durable."""

    def __init__(
        self,
        boundary: str,
        metadata_type: str,
        read: ReadMetadata,
        begin: Callable[[], Incoming],
        begin_bulk: Callable[[], BulkValue],
    ) -> None:
        self._reader = MultipartReader(boundary)
        self._metadata_type = metadata_type
        self._read = read
        self._instances: list[dict[str, Any]] = []
        self._metadata_bytes = 0
        self._begin = begin
        self._begin_bulk = begin_bulk
        self._metadata: bytearray | None = None  # of the part under way
        self._current: BulkValue | None = None
        self._name = ""
        self._bulk: dict[str, BulkValue] = {}
        self._media_types: dict[str, str] = {}

    def feed(self, chunks: Sequence[bytes]) -> None:
        """Take the next bytes; raises InvalidRequest, LimitExceeded, OutOfSpace, StorageFailed for the whole body."""
        for chunk in chunks:
            for event in self._reader.feed(chunk):
                if isinstance(event, PartStart):
                    self._start(event.headers)
                elif isinstance(event, PartEnd):
                    self._end()
                elif self._current is not None:
                    self._current.write(event)
                else:
                    self._keep(event)

    def close(self) -> list[PartResult]:
        """Store every instance of the metadata; give what became of each, in order."""
        try:
            self._reader.close()
            if not self._instances:
                raise InvalidRequest("the request holds no metadata")
            return [self._stored(instance) for instance in self._instances]
        finally:
            self.abort()

    def abort(self) -> None:
        """Forget what came."""
        for value in (*self._bulk.values(), *([self._current] if self._current else [])):
            value.discard()
        self._bulk.clear()
        self._current = None

    def _start(self, headers: dict[str, str]) -> None:
        text = headers.get("content-type", "")
        if text and parse_media_type(text).name == self._metadata_type:
            self._metadata = bytearray()
            return
        name = headers.get("content-location", "").strip()
        if not name or len(name) > _MAX_URI or name in self._bulk:
            raise InvalidRequest("a part of bulk data needs a Content-Location of its own")
        self._name = name
        self._media_types[name] = text
        self._current = self._begin_bulk()

    def _keep(self, data: memoryview) -> None:
        if self._metadata is None:
            raise InvalidRequest("something before the first part")
        self._metadata_bytes += len(data)
        if self._metadata_bytes > MAX_METADATA_BYTES:
            raise LimitExceeded("the metadata are too large", max_bytes=MAX_METADATA_BYTES)
        self._metadata += data

    def _end(self) -> None:
        current, self._current = self._current, None
        if current is not None:
            self._bulk[self._name] = current
            current.end()
            return
        metadata, self._metadata = self._metadata, None
        self._instances += self._read(bytes(metadata or b""))
        if len(self._instances) > MAX_INSTANCES:
            raise LimitExceeded("too many instances in one request", max_instances=MAX_INSTANCES)

    def _stored(self, instance: dict[str, Any]) -> PartResult:
        sop_class, sop = first(instance, _SOP_CLASS), first(instance, _SOP)
        try:
            return self._store(instance, sop_class, sop)
        except IsocenterError as error:
            return Refused(error, sop_class, sop)

    def _store(self, instance: dict[str, Any], sop_class: str, sop: str) -> Outcome:
        if not is_valid_uid(sop) or not is_valid_uid(sop_class):
            raise InvalidInstance("the metadata name no SOP class and instance")
        syntax = self._transfer_syntax(instance)
        encapsulated = transfer_syntax(syntax).encapsulated
        if encapsulated and first(instance, "00280008") not in ("", "1"):
            raise InvalidRequest("compressed pixels of several frames cannot come as one value")
        data_set = {key: value for key, value in instance.items() if not key.startswith("0002")}
        pieces, _ = write_pieces(data_set, self._find, encapsulated=encapsulated)
        incoming = self._begin()
        try:
            incoming.write(memoryview(part10.write_file_meta(sop_class, sop, syntax)))
            for piece in pieces:
                for chunk in (piece,) if isinstance(piece, bytes) else piece.chunks():
                    incoming.write(memoryview(chunk))
        except BaseException:
            incoming.discard()
            raise
        return incoming.finish()

    def _find(self, uri: str) -> Bulk:
        found = self._bulk.get(uri.strip())
        if found is None:
            raise InvalidRequest("the metadata name bulk data that did not come")
        return found

    def _transfer_syntax(self, instance: dict[str, Any]) -> str:
        """As the part with the pixels says, else as the metadata do; without either nothing is compressed."""
        pixels = instance.get(PIXELS, {})
        uri = str(pixels.get("BulkDataURI", "")).strip() if isinstance(pixels, dict) else ""
        text = self._media_types.get(uri, "")
        media_type = parse_media_type(text) if text else None
        said = media_type.parameter("transfer-syntax") if media_type is not None else ""
        said = said or first(instance, _TRANSFER_SYNTAX) or first(instance, _AVAILABLE)
        is_plain = media_type is None or media_type.name == "application/octet-stream"
        if not said and not is_plain:
            raise InvalidRequest("compressed pixels do not say their transfer syntax")
        syntax = said or EXPLICIT_VR_LITTLE_ENDIAN
        if not is_valid_uid(syntax):
            raise InvalidRequest("the transfer syntax is not a UID")
        # whatever an uncompressed object was written in elsewhere, here it is written explicitly
        return syntax if transfer_syntax(syntax).encapsulated else EXPLICIT_VR_LITTLE_ENDIAN
