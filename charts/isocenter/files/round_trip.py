"""What `helm test` runs in a pod of the product's image: C-ECHO, STOW-RS, QIDO-RS and WADO-RS, each really asked.

The instance it stores says that it is a test and is the same each time, so that running it again adds nothing.
"""

import argparse
import json
import socket
import struct
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

VERIFICATION = "1.2.840.10008.1.1"
IMPLICIT = "1.2.840.10008.1.2"
EXPLICIT = "1.2.840.10008.1.2.1"
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"
ROOT = "2.25.329800735698586629295641978511506172917"
STUDY, SERIES, INSTANCE = (f"{ROOT}.{number}" for number in (1, 2, 3))
OURS = "HELM_TEST"
BOUNDARY = "helm-test-part"
PATIENCE_S = 60.0
MAX_PDU_BYTES = 1 << 16
MAX_ANSWER_BYTES = 1 << 20
ASSOCIATE_AC, DATA, RELEASE_RP = 2, 4, 6


def item(kind: int, value: bytes) -> bytes:
    """An item of an association request (PS3.8 9.3.2)."""
    return struct.pack(">BxH", kind, len(value)) + value


def association(called: str) -> bytes:
    """A-ASSOCIATE-RQ for Verification."""
    context = item(0x30, VERIFICATION.encode()) + item(0x40, IMPLICIT.encode())
    user = item(0x51, struct.pack(">I", MAX_PDU_BYTES)) + item(0x52, f"{ROOT}.4".encode())
    items = item(0x10, b"1.2.840.10008.3.1.1.1") + item(0x20, b"\1\0\0\0" + context)
    titles = called.encode().ljust(16) + OURS.encode().ljust(16)
    return struct.pack(">HH", 1, 0) + titles + bytes(32) + items + item(0x50, user)


def echo_command() -> bytes:
    """P-DATA-TF with a C-ECHO-RQ (PS3.7 9.3.5.1)."""

    def element(number: int, value: bytes) -> bytes:
        return struct.pack("<HHI", 0, number, len(value)) + value

    uid = VERIFICATION.encode() + b"\0" * (len(VERIFICATION) % 2)
    rest = element(2, uid)
    rest += b"".join(
        element(number, struct.pack("<H", value))
        for number, value in ((0x100, 0x30), (0x110, 1), (0x800, 0x101))
    )
    command = element(0, struct.pack("<I", len(rest))) + rest
    return struct.pack(">IBB", len(command) + 2, 1, 3) + command


def exactly(connection: socket.socket, size: int) -> bytes:
    """So many bytes of what comes."""
    got = b""
    while len(got) < size:
        piece = connection.recv(size - len(got))
        if not piece:
            raise ConnectionError("the connection was closed")
        got += piece
    return got


def exchange(connection: socket.socket, kind: int, content: bytes, expected: int) -> bytes:
    """Send a PDU and give the content of the answer."""
    connection.sendall(struct.pack(">BxI", kind, len(content)) + content)
    got, size = struct.unpack(">BxI", exactly(connection, 6))
    if got != expected or size > MAX_PDU_BYTES:
        raise ConnectionError(f"answered with PDU {got} instead of {expected}")
    return exactly(connection, size)


def echo(address: str, called: str) -> str:
    """C-ECHO; raises when it is not answered with Success."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port)), timeout=10) as connection:
        exchange(connection, 1, association(called), ASSOCIATE_AC)
        answer = exchange(connection, 4, echo_command(), DATA)
        status = answer.find(struct.pack("<HHI", 0, 0x900, 2))
        if status < 0 or answer[status + 8 : status + 10] != b"\0\0":
            raise ValueError("C-ECHO was not answered with Success")
        exchange(connection, 5, bytes(4), RELEASE_RP)
    return f"from {address}"


def data_set() -> bytes:
    """A Secondary Capture of 4 by 4 pixels in Explicit VR Little Endian."""
    elements: list[tuple[int, int, bytes, str | int]] = [
        (0x0008, 0x0016, b"UI", SECONDARY_CAPTURE), (0x0008, 0x0018, b"UI", INSTANCE),
        (0x0008, 0x0060, b"CS", "OT"), (0x0008, 0x0064, b"CS", "SYN"),
        (0x0010, 0x0010, b"PN", "HELM^TEST"), (0x0010, 0x0020, b"LO", "HELM-TEST"),
        (0x0020, 0x000D, b"UI", STUDY), (0x0020, 0x000E, b"UI", SERIES), (0x0020, 0x0013, b"IS", "1"),
        (0x0028, 0x0002, b"US", 1), (0x0028, 0x0004, b"CS", "MONOCHROME2"),
        (0x0028, 0x0010, b"US", 4), (0x0028, 0x0011, b"US", 4), (0x0028, 0x0100, b"US", 8),
        (0x0028, 0x0101, b"US", 8), (0x0028, 0x0102, b"US", 7), (0x0028, 0x0103, b"US", 0),
    ]  # fmt: skip
    return b"".join(element(*one) for one in elements) + pixels()


def element(group: int, number: int, vr: bytes, value: str | int) -> bytes:
    """An element with a short length (PS3.5 7.1.2)."""
    coded = struct.pack("<H", value) if isinstance(value, int) else value.encode()
    coded += (b"\0" if vr == b"UI" else b" ") * (len(coded) % 2)
    return struct.pack("<HH2sH", group, number, vr, len(coded)) + coded


def pixels() -> bytes:
    """Pixel Data: a slope."""
    return struct.pack("<HH2s2xI", 0x7FE0, 0x0010, b"OB", 16) + bytes(range(0, 256, 16))


def part10() -> bytes:
    """The instance as a file."""
    meta = struct.pack("<HH2s2xI2s", 2, 1, b"OB", 2, b"\0\1")
    meta += element(2, 2, b"UI", SECONDARY_CAPTURE) + element(2, 3, b"UI", INSTANCE)
    meta += element(2, 0x10, b"UI", EXPLICIT) + element(2, 0x12, b"UI", f"{ROOT}.4")
    length = struct.pack("<HH2sHI", 2, 0, b"UL", 4, len(meta))
    return bytes(128) + b"DICM" + length + meta + data_set()


class Web:
    """Asks over HTTP, with a token where there is one."""

    def __init__(self, token: str) -> None:
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}

    def ask(self, url: str, accept: str, body: bytes | None = None, kind: str = "") -> bytes:
        """Give the answer's body; raises OSError for any status but a good one."""
        headers = {**self._headers, "Accept": accept, **({"Content-Type": kind} if kind else {})}
        request = urllib.request.Request(url, body, headers)  # noqa: S310  (the chart says which)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        with opener.open(request, timeout=20) as answer:
            return bytes(answer.read(MAX_ANSWER_BYTES))


def store(web: Web, base: str) -> str:
    """STOW-RS; raises when the instance was not taken."""
    head = f"--{BOUNDARY}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    body = head + part10() + f"\r\n--{BOUNDARY}--\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={BOUNDARY}'
    answer = json.loads(web.ask(f"{base}/dicom-web/studies", "application/dicom+json", body, kind))
    stored = answer["00081199"]["Value"][0]["00081155"]["Value"][0]
    if stored != INSTANCE or "00081198" in answer:
        raise ValueError("the instance was not taken")
    return "one instance"


def search(web: Web, base: str) -> str:
    """QIDO-RS until the study is found; raises TimeoutError."""
    began_s = time.monotonic()
    url = f"{base}/dicom-web/studies?StudyInstanceUID={STUDY}"
    while time.monotonic() - began_s < PATIENCE_S:
        rows = json.loads(web.ask(url, "application/dicom+json") or b"[]")
        if rows:
            return f"found after {time.monotonic() - began_s:.1f} s"
        time.sleep(0.5)
    raise TimeoutError(f"the study cannot be found after {PATIENCE_S:.0f} s")


def retrieve(web: Web, base: str) -> str:
    """WADO-RS; raises when other bytes come back."""
    url = f"{base}/dicom-web/studies/{STUDY}/series/{SERIES}/instances/{INSTANCE}"
    body = web.ask(url, 'multipart/related; type="application/dicom"; transfer-syntax=*')
    if data_set() not in body:
        raise ValueError("other bytes came back")
    return "the same bytes"


def main() -> int:
    """Do all four; 1 and a line on stderr when one of them fails."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("--dicom", "--called", "--store", "--read"):
        parser.add_argument(name, required=True)
    parser.add_argument("--token-file", type=Path)
    given = parser.parse_args()
    web = Web(given.token_file.read_text().strip() if given.token_file else "")
    steps: tuple[tuple[str, Callable[[], str]], ...] = (
        ("C-ECHO", lambda: echo(given.dicom, given.called)),
        ("STOW-RS", lambda: store(web, given.store)),
        ("QIDO-RS", lambda: search(web, given.read)),
        ("WADO-RS", lambda: retrieve(web, given.read)),
    )
    for name, step in steps:
        try:
            sys.stdout.write(f"{name}: {step()}\n")
        except (OSError, ValueError, KeyError, IndexError) as error:
            sys.stderr.write(f"{name}: {type(error).__name__}: {error}\n")
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
