"""Ports of this machine: taken or free."""

import errno
import os
import socket

from isocenter.errors import Conflict, InvalidRequest

LOOPBACK = "127.0.0.1"


def check_port(address: str, port: int, what: str) -> None:
    """Raise Conflict when somebody listens there; workers share a port among themselves and would not notice.

    Raises InvalidRequest when the address is not this machine's or the port is not ours to take.
    """
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise InvalidRequest(
                    f"cannot listen on {address}, port {port}: {os.strerror(error.errno or 0)}"
                ) from error
            option = what.lower().replace(" ", "-")
            raise Conflict(
                f"port {port} is taken. Choose another {what} port with --{option}-port"
            ) from error


def free_port(address: str) -> int:
    """A port nobody uses now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.bind((address, 0))
        return int(probe.getsockname()[1])
