"""Asked over DIMSE, beside Orthanc on the same data: C-FIND over many studies, C-GET and C-MOVE of a CT series.

The client of C-FIND counts answers and reads nothing of them; DCMTK's getscu and storescp throw away what they get.
"""

import subprocess
import time
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.filebase import DicomIO
from pydicom.filewriter import write_dataset
from tests.perf import peers
from tests.perf.peers import NO_NAGLE, Peer, until
from tests.perf.questions import fill
from tests.perf.report import Report, middle
from tests.perf.scans import Maker
from tests.perf.store import storescu
from tests.support.associations import RawPeer, command_pdus, data_pdus, request_for
from tests.support.ports import free_port, until_open

from isocenter.dimse.commands import A_DATA_SET, CommandField, CommandSet, Element
from isocenter.dimse.sop_classes import STUDY_ROOT_FIND

SLICES = 300
QUESTIONS = 200
STATUS = b"\0\0\0\x09\2\0\0\0"  # (0000,0900) before its value


def identifier(**keys: str) -> bytes:
    """A question at the level of studies, Explicit VR Little Endian."""
    asked = Dataset()
    asked.QueryRetrieveLevel = "STUDY"
    for keyword in ("StudyInstanceUID", "PatientName", "StudyDate"):
        setattr(asked, keyword, "")
    for keyword, value in keys.items():
        setattr(asked, keyword, value)
    content = BytesIO()
    file = DicomIO(content)
    file.is_little_endian, file.is_implicit_VR = True, False
    write_dataset(file, asked)
    return content.getvalue()


def find(peer: RawPeer, content: bytes) -> int:
    """Ask; give the number of matches, counting statuses in what comes and reading nothing else of it."""
    command: CommandSet = {
        Element.AFFECTED_SOP_CLASS_UID: STUDY_ROOT_FIND,
        Element.COMMAND_FIELD: CommandField.C_FIND_RQ,
        Element.MESSAGE_ID: 1,
        Element.PRIORITY: 0,
        Element.COMMAND_DATA_SET_TYPE: A_DATA_SET,
    }
    peer.send(command_pdus(command) + data_pdus(content))
    count, rest = 0, b""
    while True:
        rest += peer.socket.recv(1 << 20)
        count += rest.count(STATUS + b"\0\xff")
        if STATUS + b"\0\0" in rest:
            return count
        rest = rest[
            max(rest.rfind(STATUS + b"\0\xff") + len(STATUS) + 2, len(rest) - len(STATUS)) :
        ]


def finding(report: Report, servers: list[Peer], studies: int) -> None:
    """One question that all studies match, then many that match one."""
    some = range(0, studies, studies // QUESTIONS)
    questions = {
        "all studies": ([identifier()], studies),
        "one patient": ([identifier(PatientID=f"PATIENT-{n:08d}") for n in some], 1),
        "name wild card": ([identifier(PatientName=f"Family{n // 10:07d}*") for n in some], 10),
    }
    for what, (contents, matches) in questions.items():
        took: dict[str, float] = {}
        for server in servers:
            with RawPeer(server.dicom_port, timeout_s=300) as peer:
                peer.associate(request_for(STUDY_ROOT_FIND, called=server.ae_title))
                started = time.monotonic()
                for content in contents:
                    found = find(peer, content)
                    if found != matches:
                        raise RuntimeError(f"{server.name}: {found} matches instead of {matches}")
                took[server.name] = time.monotonic() - started
        ours, theirs = (took[name] / len(contents) * 1000 for name in ("isocenter", "orthanc"))
        report.line(f"C-FIND, {what}: ours {ours:.1f} ms, orthanc {theirs:.1f} ms a question")
        report.bar(f"C-FIND, {what}, to Orthanc", theirs / ours, 10, unit="x")


def _run(*command: str) -> float:
    started = time.monotonic()
    done = subprocess.run(command, env=NO_NAGLE, capture_output=True, text=True, check=False)
    if done.returncode != 0 or "Success" not in done.stdout + done.stderr:
        raise RuntimeError(f"{command[0]}: {(done.stdout + done.stderr)[-400:]}")
    return time.monotonic() - started


def retrieving(report: Report, servers: list[Peer], maker: Maker, rounds: int) -> None:
    """The whole series, by C-GET and by C-MOVE."""
    key = ["-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={maker.study_uid(0)}"]
    took: dict[tuple[str, str], list[float]] = {}
    for _ in range(rounds):
        for server in servers:
            at = ["-aec", server.ae_title, "127.0.0.1", str(server.dicom_port)]
            gets = took.setdefault(("C-GET", server.name), [])
            gets.append(_run("getscu", "-v", "-S", "--ignore", *key, *at))
            moves = took.setdefault(("C-MOVE", server.name), [])
            moves.append(_run("movescu", "-v", "-S", "-aet", "WS1", "-aem", "WS1", *key, *at))
    for what in ("C-GET", "C-MOVE"):
        ours, theirs = (middle(took[what, name]) for name in ("isocenter", "orthanc"))
        report.line(f"{what} of {SLICES} slices: ours {ours:.2f} s, orthanc {theirs:.2f} s")
        report.bar(f"{what} to Orthanc", theirs / ours, 2, unit="x")


def run(report: Report, scratch: Path, studies: int, rounds: int) -> None:
    """The whole section."""
    report.title(f"Asked over DIMSE: {studies} studies, and a CT of {SLICES} slices of 525 KB")
    port = free_port()
    with ExitStack() as stack:
        servers = [
            stack.enter_context(peers.isocenter(scratch / "dimse-isocenter", port)),
            stack.enter_context(peers.orthanc(scratch / "dimse-orthanc", port)),
        ]
        for server in servers:
            fill(server, scratch, studies)
        finding(report, servers, studies)
        receiver = subprocess.Popen(
            ["storescp", "--fork", "--ignore", str(port)], env=NO_NAGLE, stderr=subprocess.DEVNULL
        )
        stack.callback(receiver.wait)
        stack.callback(receiver.terminate)
        until_open(port)
        maker = Maker(run=8)
        maker.write(scratch / "dimse-series", 0, SLICES)
        for server in servers:
            storescu(server, scratch / "dimse-series", nagle=False)
            until(lambda server=server: server.instances_of(maker.study_uid(0)) == SLICES)  # type: ignore[misc]
        retrieving(report, servers, maker, rounds)
