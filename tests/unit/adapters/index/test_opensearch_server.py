"""What a real server is hard to be brought to say, that it is too busy or full; and what it is told over TLS."""

import json
import ssl
import subprocess
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from isocenter.adapters.index.opensearch import located
from isocenter.adapters.index.opensearch import server as module
from isocenter.adapters.index.opensearch.server import Access, Operation, Server
from isocenter.errors import InvalidRequest, IsocenterError, OutOfSpace, Unavailable

Answer = tuple[int, object]


class Scripted(ThreadingHTTPServer):
    """Gives the answers it was told, in turn, and keeps how many writes each request had."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: list[Answer] = []
        self.asked: list[int] = []
        self.proofs: list[str] = []


class Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.asked.append(body.count(b"\n") // 2)
        self.server.proofs.append(self.headers.get("Authorization", ""))
        status, answer = self.server.answers.pop(0)
        content = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Scripted]:
    monkeypatch.setattr(module, "PAUSES_S", (0.001, 0.001, 0.001))
    with Scripted() as peer:
        thread = threading.Thread(target=peer.serve_forever)
        thread.start()
        yield peer
        peer.shutdown()
        thread.join()


def client(peer: Scripted) -> Server:
    return Server(Access("127.0.0.1", peer.server_port))


def item(status: int, failed: str = "") -> dict[str, object]:
    error = {"error": {"type": failed}} if failed else {}
    return {"index": {"status": status, "_seq_no": 1, "_primary_term": 1, **error}}


WRITES = [Operation("index", "x.w", name, {"a": 1}) for name in "abc"]
PRESSED = (429, {"error": {"type": "circuit_breaking_exception"}, "status": 429})


def test_only_what_was_refused_is_written_again(scripted: Scripted) -> None:
    busy = item(429, "opensearch_rejected_execution_exception")
    scripted.answers = [
        PRESSED,
        (200, {"items": [item(201), busy, item(409, "version_conflict_engine_exception")]}),
        (200, {"items": [item(200)]}),
    ]
    written = client(scripted).bulk(WRITES)
    assert [one.status for one in written] == [201, 200, 409]
    assert scripted.asked == [3, 3, 1]


def test_a_server_that_stays_busy_is_unavailable(scripted: Scripted) -> None:
    scripted.answers = [PRESSED] * 4
    with pytest.raises(Unavailable):
        client(scripted).bulk(WRITES)
    assert scripted.asked == [3] * 4


@pytest.mark.parametrize(
    ("answer", "meaning"),
    [
        (item(403, "cluster_block_exception"), OutOfSpace),
        (item(400, "mapper_parsing_exception"), InvalidRequest),
        (item(404, "index_not_found_exception"), Unavailable),
        (item(503, "unavailable_shards_exception"), Unavailable),
    ],
)
def test_one_write_that_fails_is_told_by_what_it_means(
    scripted: Scripted, answer: dict[str, object], meaning: type[IsocenterError]
) -> None:
    scripted.answers = [(200, {"items": [item(201), answer, item(201)]})]
    with pytest.raises(meaning):
        client(scripted).bulk(WRITES)


def test_a_server_that_is_not_there_is_unavailable(scripted: Scripted) -> None:
    there = client(scripted)
    scripted.answers = [(503, "no JSON at all"), (401, {"error": "nobody"})]
    for _ in range(2):
        with pytest.raises(Unavailable):
            there.bulk(WRITES)
    with pytest.raises(Unavailable):
        Server(Access("127.0.0.1", 1)).bulk(WRITES)


def test_the_server_proves_itself_and_is_told_the_password(
    scripted: Scripted, tmp_path: Path
) -> None:
    made = (
        "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=x -addext subjectAltName=IP:127.0.0.1"
    )
    subprocess.run(
        ["openssl", *made.split(), "-keyout", "key", "-out", "cert"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    scripted.socket = context.wrap_socket(scripted.socket, server_side=True)
    scripted.answers = [(200, {"items": [item(201)] * 3})]
    url = f"opensearch+https://127.0.0.1:{scripted.server_port}/x"
    with pytest.raises(Unavailable):
        Server(located(url)[0]).bulk(WRITES)
    trusted = located(url, user="me", password="hush", ca_file=str(tmp_path / "cert"))[0]
    assert len(Server(trusted).bulk(WRITES)) == 3
    assert scripted.proofs == [f"Basic {b64encode(b'me:hush').decode()}"]
    assert "hush" not in repr(trusted)
