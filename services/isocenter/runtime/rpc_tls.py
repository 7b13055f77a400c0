"""Certificates of gRPC over a port: both sides show one, signed by the same authority."""

from dataclasses import dataclass
from pathlib import Path

import grpc

from isocenter.errors import InvalidRequest

NAME = "isocenter"
"""What each certificate is made out to (its subjectAltName), whatever the release, pod or machine is called."""
MAX_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Certificates:
    """PEM."""

    authority: bytes
    certificate: bytes
    key: bytes

    def server(self) -> grpc.ServerCredentials:
        """Let in who shows a certificate of the authority, nobody else."""
        return grpc.ssl_server_credentials(
            [(self.key, self.certificate)], self.authority, require_client_auth=True
        )

    def client(self) -> grpc.ChannelCredentials:
        """Show ours, and speak to nobody without one."""
        return grpc.ssl_channel_credentials(self.authority, self.key, self.certificate)


def read_certificates(folder: Path) -> Certificates:
    """Read `rpc-ca.crt`, `rpc-tls.crt` and `rpc-tls.key`; raises InvalidRequest that says what is wanted."""
    try:
        authority, certificate, key = (
            _read(folder / name) for name in ("rpc-ca.crt", "rpc-tls.crt", "rpc-tls.key")
        )
    except OSError as error:
        raise InvalidRequest(
            f"gRPC over a port needs rpc-ca.crt, rpc-tls.crt and rpc-tls.key (PEM, for the name {NAME}) in {folder}"
        ) from error
    return Certificates(authority, certificate, key)


def _read(path: Path) -> bytes:
    with path.open("rb") as file:
        return file.read(MAX_BYTES)
