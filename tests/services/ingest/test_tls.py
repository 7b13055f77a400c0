"""Associations over TLS with certificates made by openssl."""

import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.support.associations import (
    CT_IMAGE_STORAGE,
    RawPeer,
    command_pdus,
    data_pdus,
    p_data_pdu,
    request_for,
    store_command,
)
from tests.support.dicom_certificates import make_certificates
from tests.support.dicom_files import real_files
from tests.support.poll import poll
from tests.support.receiving import MemoryReceiver, dicom_address

from isocenter.dimse.commands import Element
from isocenter.dimse.limits import Patience
from isocenter.dimse.pdu import PduType
from isocenter.dimse.requestor import Requestor
from isocenter.dimse.tls import Secured, server_context
from isocenter.ingest.ae_list import AeList

REQUEST = request_for(CT_IMAGE_STORAGE)


@dataclass(frozen=True)
class Certificates:
    folder: Path

    def path(self, name: str) -> Path:
        return self.folder / name

    def server(self, *, require: bool = False) -> ssl.SSLContext:
        return server_context(
            self.path("server.crt"),
            self.path("server.key"),
            self.path("ca.crt"),
            require_client_certificate=require,
        )

    def secured(self, subject: str = "", authority: str = "ca") -> Secured:
        own = self.path("ct1.crt"), self.path("ct1.key")
        return Secured(self.path(f"{authority}.crt"), *own, subject)

    def client(self, name: str = "") -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.path("ca.crt")))
        context.check_hostname = False
        if name:
            context.load_cert_chain(self.path(f"{name}.crt"), self.path(f"{name}.key"))
        return context


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    folder = tmp_path_factory.mktemp("certificates")
    make_certificates(folder, "server", "ct1")
    return Certificates(folder)


def tls_peer(port: int, context: ssl.SSLContext) -> RawPeer:
    peer = RawPeer(port)
    peer.socket = context.wrap_socket(peer.socket)
    return peer


def test_storescu_sends_over_tls_and_its_certificate_is_kept(certificates: Certificates) -> None:
    files = [str(f.path.resolve()) for f in real_files() if "ct_lidc" in str(f.path)][:5]
    plain, secured = MemoryReceiver(), MemoryReceiver()
    secure = ["+tls", "ct1.key", "ct1.crt", "+cf", "ca.crt"]
    with dicom_address(plain) as running:
        storescu("127.0.0.1", str(running.port), *files, cwd=certificates.folder)
    with dicom_address(secured, tls=certificates.server(require=True)) as running:
        port = str(running.tls_port)
        storescu(*secure, "127.0.0.1", port, *files, cwd=certificates.folder)
    assert [r.data_set for r in secured.stored] == [r.data_set for r in plain.stored]
    assert len(secured.stored) == len(files)
    subject = "organizationName=Hospital\\, North,commonName=ct1"
    assert {r.sender.tls_subject for r in secured.stored} == {subject}


def storescu(*arguments: str, cwd: Path) -> None:
    sent = subprocess.run(
        ["storescu", "-R", *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert sent.returncode == 0, sent.stderr


def test_client_without_certificate_comes_in_only_where_none_is_required(
    certificates: Certificates,
) -> None:
    receiver = MemoryReceiver()
    with (
        dicom_address(receiver, tls=certificates.server()) as running,
        tls_peer(running.tls_port, certificates.client()) as peer,
    ):
        peer.associate(REQUEST)
        peer.send(command_pdus(store_command()) + data_pdus(bytes(300_000)))
        assert peer.read_command()[Element.STATUS] == 0
    assert receiver.stored[0].sender.tls_subject == ""
    assert len(receiver.stored[0].data_set) == 300_000
    with (
        dicom_address(receiver, tls=certificates.server(require=True)) as running,
        pytest.raises((ssl.SSLError, ConnectionError)),
        tls_peer(running.tls_port, certificates.client()) as peer,
    ):
        assert peer.associate(REQUEST)[0] != 0
        raise AssertionError("it was let in")


def test_listed_certificate_is_asked_for(certificates: Certificates, tmp_path: Path) -> None:
    path = tmp_path / "ae.toml"
    subject = r"organizationName=Hospital\\, North,commonName=ct1"
    path.write_text(f'[[ae]]\ntitle = "TESTER"\nmay_send = true\ntls_subject = "{subject}"')
    with dicom_address(
        MemoryReceiver(), tls=certificates.server(), ae_list=AeList(path)
    ) as running:
        with RawPeer(running.port) as plain:
            assert plain.associate(REQUEST)[0] == PduType.ASSOCIATE_RJ
        with tls_peer(running.tls_port, certificates.client()) as nameless:
            assert nameless.associate(REQUEST)[0] == PduType.ASSOCIATE_RJ
        with tls_peer(running.tls_port, certificates.client("ct1")) as named:
            assert named.associate(REQUEST)[0] == PduType.ASSOCIATE_AC


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_old_tls_is_refused(certificates: Certificates) -> None:
    context = certificates.client()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        dicom_address(MemoryReceiver(), tls=certificates.server()) as running,
        pytest.raises((ssl.SSLError, ConnectionError)),
    ):
        tls_peer(running.tls_port, context)


def test_peer_that_does_not_shake_hands_is_let_go(certificates: Certificates) -> None:
    patience = Patience(artim_s=0.3)
    with dicom_address(MemoryReceiver(), tls=certificates.server(), patience=patience) as running:
        with socket.create_connection(("127.0.0.1", running.tls_port), timeout=5) as silent:
            assert silent.recv(1) == b""
        with RawPeer(running.tls_port) as plain:
            assert plain.associate(REQUEST)[0] != PduType.ASSOCIATE_AC


def test_draining_cuts_off_an_unfinished_message_over_tls(certificates: Certificates) -> None:
    receiver = MemoryReceiver()
    with (
        dicom_address(receiver, tls=certificates.server()) as running,
        tls_peer(running.tls_port, certificates.client()) as peer,
    ):
        peer.associate(REQUEST)
        peer.send(command_pdus(store_command()) + p_data_pdu((1, 0, b"half")))
        poll(lambda: receiver.begun == 1)
        running.listener.drain(0.4)
        poll(lambda: receiver.discarded == 1)
    assert receiver.count == 0


SERVER = "organizationName=Hospital\\, North,commonName=server"


@pytest.mark.parametrize("subject", ["", SERVER])
def test_we_send_over_tls_and_show_our_certificate(
    certificates: Certificates, subject: str
) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver, tls=certificates.server(require=True)) as running:
        address = "127.0.0.1", running.tls_port
        association = Requestor(address, REQUEST, Patience(), certificates.secured(subject))
        response = association.send(1, store_command(), [bytes(300_000)])
        association.release()
    assert response[Element.STATUS] == 0
    assert receiver.stored[0].sender.tls_subject.endswith("commonName=ct1")
    assert receiver.stored[0].data_set == bytes(300_000)


@pytest.mark.parametrize(
    ("subject", "authority"), [("commonName=another", "ca"), ("", "ct1"), ("", "missing")]
)
def test_we_send_to_nobody_else_than_whom_we_mean(
    certificates: Certificates, subject: str, authority: str
) -> None:
    receiver = MemoryReceiver()
    with dicom_address(receiver, tls=certificates.server()) as running:
        address, secured = ("127.0.0.1", running.tls_port), certificates.secured(subject, authority)
        with pytest.raises(OSError, match=r"certificate|No such file"):
            Requestor(address, REQUEST, Patience(), secured)
        plain = "127.0.0.1", running.port
        with pytest.raises(OSError, match=r"SSL|timed out"):
            Requestor(plain, REQUEST, Patience(), certificates.secured())
    assert receiver.begun == 0
