"""Certificates of the DICOM address, in the config folder: for whoever comes in, and for where we go."""

import ssl
from pathlib import Path

from isocenter.dimse.tls import Secured, server_context
from isocenter.errors import InvalidRequest

CERTIFICATE, KEY, AUTHORITIES = "dicom-tls.crt", "dicom-tls.key", "dicom-tls-ca.crt"


def acceptor_context(folder: Path) -> ssl.SSLContext:
    """Load certificate and key; raises InvalidRequest that says which files are wanted."""
    authorities = folder / AUTHORITIES
    try:
        return server_context(
            folder / CERTIFICATE, folder / KEY, authorities if authorities.exists() else None
        )
    except (OSError, ssl.SSLError) as error:
        raise InvalidRequest(
            f"TLS needs {CERTIFICATE} and {KEY} (PEM) in {folder}: {error}"
        ) from error


def towards(folder: Path, subject: str) -> Secured:
    """TLS to a destination, by the same files; they are read when it is connected to."""
    return Secured(folder / AUTHORITIES, folder / CERTIFICATE, folder / KEY, subject)
