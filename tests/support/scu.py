"""A DICOM sender of our own: one association, C-STORE of encoded data sets, nothing else (PS3.7 9.1.1, PS3.8 9.3)."""

import socket
import struct
from types import TracebackType
from typing import Self

ASSOCIATE_AC, P_DATA, RELEASE_RQ, RELEASE_RP = 2, 4, 5, 6
CONTEXT = 1
CHUNK_BYTES = 16_000  # below every peer's maximum that we meet
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
CT_IMAGE = "1.2.840.10008.5.1.4.1.1.2"
STATUS = 0x0900


class Lost(Exception):
    """The connection or the association is gone, or was refused; nothing is known of what was under way."""


class Association:
    """Open for as long as the block lasts; left without release after any exception."""

    def __init__(
        self,
        port: int,
        *,
        called: str = "ISOCENTER",
        calling: str = "SENDER",
        sop_class: str = CT_IMAGE,
        timeout_s: float = 20.0,
    ) -> None:
        self._sop_class = sop_class
        self._message = 0
        try:
            self._socket = socket.create_connection(("127.0.0.1", port), timeout=timeout_s)
            self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._socket.sendall(_associate(called, calling, sop_class))
            kind, body = self._pdu()
        except OSError as error:
            raise Lost(str(error)) from error
        if kind != ASSOCIATE_AC or _result(body) != 0:
            self._socket.close()
            raise Lost(f"association refused: PDU {kind}")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._socket.sendall(struct.pack(">BxI", RELEASE_RQ, 4) + bytes(4))
                self._pdu()
        except (OSError, Lost):
            pass
        finally:
            self._socket.close()

    def store(self, sop: str, dataset: bytes) -> int:
        """Send one data set and return the status; raises Lost."""
        self._message = self._message % 65_535 + 1
        command = _store_request(self._sop_class, sop, self._message)
        parts = [_data(command, 3)]
        for start in range(0, len(dataset), CHUNK_BYTES):
            is_last = start + CHUNK_BYTES >= len(dataset)
            parts.append(_data(dataset[start : start + CHUNK_BYTES], 2 if is_last else 0))
        try:
            self._socket.sendall(b"".join(parts))
            kind, body = self._pdu()
        except OSError as error:
            raise Lost(str(error)) from error
        if kind != P_DATA:
            raise Lost(f"PDU {kind} instead of a response")
        return _status(body[6:])

    def _pdu(self) -> tuple[int, bytes]:
        kind, size = struct.unpack(">BxI", self._exactly(6))
        return kind, self._exactly(size)

    def _exactly(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            more = self._socket.recv(size - len(found))
            if not more:
                raise Lost("the peer closed the connection")
            found += more
        return bytes(found)


def dataset_of(part10: bytes) -> bytes:
    """What follows File Meta (PS3.10 7.1); its group length comes first."""
    (size,) = struct.unpack_from("<I", part10, 140)
    return part10[144 + size :]


def _item(kind: int, content: bytes) -> bytes:
    return struct.pack(">BxH", kind, len(content)) + content


def _associate(called: str, calling: str, sop_class: str) -> bytes:
    context = bytes([CONTEXT, 0, 0, 0])
    context += _item(0x30, sop_class.encode()) + _item(0x40, EXPLICIT_LITTLE.encode())
    user = _item(0x51, struct.pack(">I", 65_536)) + _item(0x52, b"2.25.999")
    body = struct.pack(">HH", 1, 0) + called.ljust(16).encode() + calling.ljust(16).encode()
    body += bytes(32) + _item(0x10, b"1.2.840.10008.3.1.1.1")
    body += _item(0x20, context) + _item(0x50, user)
    return struct.pack(">BxI", 1, len(body)) + body


def _result(accepted: bytes) -> int:
    """Result of the one presentation context in an A-ASSOCIATE-AC (PS3.8 9.3.3.2)."""
    at = 68
    while at + 4 <= len(accepted):
        kind, size = struct.unpack_from(">BxH", accepted, at)
        if kind == 0x21:
            return accepted[at + 6]
        at += 4 + size
    return -1


def _element(element: int, content: bytes) -> bytes:
    return struct.pack("<HHI", 0, element, len(content)) + content


def _uid(text: str) -> bytes:
    raw = text.encode()
    return raw + bytes(len(raw) % 2)


def _store_request(sop_class: str, sop: str, message: int) -> bytes:
    body = _element(0x0002, _uid(sop_class)) + _element(0x0100, struct.pack("<H", 1))
    body += _element(0x0110, struct.pack("<H", message)) + _element(0x0700, bytes(2))
    body += _element(0x0800, struct.pack("<H", 1)) + _element(0x1000, _uid(sop))
    return _element(0, struct.pack("<I", len(body))) + body


def _data(content: bytes, flags: int) -> bytes:
    head = struct.pack(">BxIIBB", P_DATA, len(content) + 6, len(content) + 2, CONTEXT, flags)
    return head + content


def _status(command: bytes) -> int:
    at = 0
    while at + 8 <= len(command):
        _, element, size = struct.unpack_from("<HHI", command, at)
        if element == STATUS:
            return int(struct.unpack_from("<H", command, at + 8)[0])
        at += 8 + size
    raise Lost("a response without status")
