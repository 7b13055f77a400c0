"""TLS for DICOM associations: TLS 1.2 or newer (BCP 195, PS3.15 B.12), the peer's certificate kept."""

import ssl
from collections.abc import Iterable
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


def peer_subject(connection: ssl.SSLSocket) -> str:
    """Subject of the verified peer certificate as `commonName=...,organizationName=...`, or an empty text."""
    certificate = connection.getpeercert() or {}
    names = cast(_Names, certificate.get("subject", ()))
    parts = [f"{name}={_escaped(value)}" for relative in names for name, value in relative]
    return ",".join(parts)[:MAX_SUBJECT_LENGTH]


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace(",", "\\,").replace("=", "\\=")
