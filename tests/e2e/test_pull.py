"""`isocenter pull` from an Orthanc, as a hospital leaves its old archive: all of it, resumable, and held against it."""

from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import httpx
import pytest
from pydicom import dcmread
from tests.perf import peers
from tests.perf.peers import Peer
from tests.support.commanded import Commanded
from tests.support.dicom_files import real_files
from tests.support.part10 import part10
from tests.support.senders import fresh_uid

EXPLICIT = ("1.2.840.10008.1.2.1", "1.2.840.10008.1.2", "1.2.840.10008.1.2.4.90")


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Peer]:
    """An Orthanc with some real files."""
    with peers.orthanc(tmp_path_factory.mktemp("old")) as peer:
        chosen = [
            one for one in real_files() if one.is_readable and one.transfer_syntax in EXPLICIT
        ]
        for file in chosen[:25]:
            give(peer, file.path.read_bytes())
        yield peer


@contextmanager
def withholding(peer: Peer, sop: str) -> Iterator[str]:
    """The same archive behind a server that does not give one instance; its DICOMweb root."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.path.endswith(f"/instances/{sop}"):
                self.send_error(404)
                return
            kept = {"Accept": self.headers["Accept"]}
            answer = httpx.get(f"{peer.url}{self.path}", headers=kept, timeout=60)
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers.get("content-type", ""))
            self.send_header("Content-Length", str(len(answer.content)))
            self.end_headers()
            self.wfile.write(answer.content)

        def log_message(self, *arguments: object) -> None:
            del arguments

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/dicom-web"
        server.shutdown()


def give(peer: Peer, content: bytes) -> str:
    answer = httpx.post(f"{peer.url}/instances", content=content, timeout=60)
    return str(answer.json().get("ID", "")) if answer.is_success else ""


def held_as(peer: Peer, sop: str) -> str:
    """Orthanc's own name of an instance."""
    asked = {"Level": "Instance", "Query": {"SOPInstanceUID": sop}}
    found: list[str] = httpx.post(f"{peer.url}/tools/find", json=asked).json()
    return found[0]


def held_by(peer: Peer) -> set[str]:
    found = httpx.get(f"{peer.dicomweb}/instances", params={"limit": 1000}, timeout=60).json()
    return {one["00080018"]["Value"][0] for one in found}


def pulled(desk: Commanded, peer: Peer, *words: object, code: int = 0) -> dict[str, Any]:
    found: dict[str, Any] = desk.json("pull", peer.dicomweb, *words, code=code)
    desk.until_settled()
    return found


def test_all_of_an_old_archive_comes_over_and_is_the_same(desk: Commanded, old: Peer) -> None:
    there = held_by(old)
    assert len(there) > 10
    found = pulled(desk, old, "--verify")
    assert found["verified"] == len(there)
    assert found.get("stored", 0) + found["here_already"] == len(there)
    again = pulled(desk, old)
    assert again["here_already"] == len(there)
    assert "stored" not in again


def test_only_what_is_asked_for_comes(desk: Commanded, old: Peer, tmp_path: Path) -> None:
    study = fresh_uid()
    content = part10(fresh_uid(), study, fresh_uid())
    give(old, content)
    assert pulled(desk, old, "--study", study)["studies"] == 1
    assert pulled(desk, old, "--dates", "19000101-19000102")["studies"] == 0
    (found,) = desk.get("/dicom-web/instances", params={"StudyInstanceUID": study}).json()
    path = tmp_path / "one.dcm"
    path.write_bytes(content)
    assert found["00080018"]["Value"] == [dcmread(path).SOPInstanceUID]


def test_instance_that_is_withheld_and_one_that_was_altered_are_told(
    desk: Commanded, old: Peer
) -> None:
    study, series, altered = fresh_uid(), fresh_uid(), fresh_uid()
    give(old, part10(altered, study, series))
    pulled(desk, old, "--study", study)
    withheld = fresh_uid()
    give(old, part10(withheld, study, series))
    httpx.delete(f"{old.url}/instances/{held_as(old, altered)}")  # Orthanc keeps the first of two
    give(old, part10(altered, study, series, pixels=b"\2" * 64))
    with withholding(old, withheld) as url:
        found = desk.json("pull", url, "--study", study, "--verify", code=1)
    told = {(one["instance"], one["problem"]) for one in found["problems"]}
    assert (altered, "differs") in told
    assert (withheld, "not_given") in told


def test_archive_that_does_not_answer_is_said(desk: Commanded) -> None:
    done = desk.cli("pull", "http://127.0.0.1:9/dicom-web", code=1)
    assert "does not answer" in done.stderr
