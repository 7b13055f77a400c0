"""TLS for DICOM associations: TLS 1.2 or newer (BCP 195, PS3.15 B.12), the peer's certificate kept."""

import socket
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import cast

MAX_SUBJECT_LENGTH = 512  # characters
_Names = Iterable[Iterable[tuple[str, str]]]


def server_context(
    certificate: Path,
    key: Path,
    client_authorities: Path | None = None,
    *,
    require_client_certificate: bool = False,
) -> ssl.SSLContext:
    """Make the acceptor's context; a client certificate is asked for when `client_authorities` says whom to believe.

    Raises OSError or ssl.SSLError for files that cannot be used.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.load_cert_chain(certificate, key)
    if client_authorities is not None:
        context.load_verify_locations(client_authorities)
        context.verify_mode = ssl.CERT_REQUIRED if require_client_certificate else ssl.CERT_OPTIONAL
    return context


@dataclass(frozen=True, slots=True)
class Secured:
    """TLS towards a peer: whom to believe, how we prove ourselves where it asks, and who it has to be.

    An empty `subject` is whoever the authorities vouch for. The name in a certificate is not held against the address:
    devices are reached by address, and their certificates name the device.
    """

    authorities: Path
    certificate: Path
    key: Path
    subject: str = ""

    def wrap(self, connection: socket.socket) -> ssl.SSLSocket:
        """Shake hands, within the connection's timeout. Raises OSError, of which ssl.SSLError is one."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_verify_locations(self.authorities)
        if self.certificate.exists():
            context.load_cert_chain(self.certificate, self.key)
        secured = context.wrap_socket(connection)
        if self.subject not in ("", peer_subject(secured)):
            secured.close()
            raise ssl.SSLCertVerificationError("the peer's certificate has another subject")
        return secured


def peer_subject(connection: ssl.SSLSocket) -> str:
    """Subject of the verified peer certificate as `commonName=...,organizationName=...`, or an empty text."""
    certificate = connection.getpeercert() or {}
    names = cast(_Names, certificate.get("subject", ()))
    parts = [f"{name}={_escaped(value)}" for relative in names for name, value in relative]
    return ",".join(parts)[:MAX_SUBJECT_LENGTH]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
