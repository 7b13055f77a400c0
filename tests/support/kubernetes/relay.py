"""Doors into a node's network: a port of this machine's loopback, relayed to an address that only the node knows."""

import ctypes
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

CLONE_NEWNET = 0x40000000
CHUNK_BYTES = 1 << 16
CONNECT_WITHIN_S = 20.0
LIBC = ctypes.CDLL(None, use_errno=True)
ENTERING = threading.Lock()


def socket_within(process: int) -> socket.socket:
    """A socket of the network that a process is in; this thread is back in its own when it is made."""
    with ENTERING, Path("/proc/thread-self/ns/net").open() as ours:
        with Path(f"/proc/{process}/ns/net").open() as theirs:
            _enter(theirs.fileno())
        try:
            return socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        finally:
            _enter(ours.fileno())


def _enter(namespace: int) -> None:
    if LIBC.setns(namespace, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


@contextmanager
def door(process: int, host: str, port: int) -> Iterator[int]:
    """Relay what connects to the port it gives, for as long as the block lasts."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        threading.Thread(target=_accept, args=(server, process, (host, port)), daemon=True).start()
        yield int(server.getsockname()[1])
        server.shutdown(socket.SHUT_RDWR)


def _accept(server: socket.socket, process: int, there: tuple[str, int]) -> None:
    with suppress(OSError):  # the door was closed
        while True:
            near, _ = server.accept()
            threading.Thread(target=_relay, args=(near, process, there), daemon=True).start()


def _relay(near: socket.socket, process: int, there: tuple[str, int]) -> None:
    """Both ways, until one of them ends; a connection that is refused there is closed here."""
    with near, socket_within(process) as far, suppress(OSError):
        far.settimeout(CONNECT_WITHIN_S)
        far.connect(there)
        far.settimeout(None)
        back = threading.Thread(target=_pump, args=(far, near), daemon=True)
        back.start()
        _pump(near, far)
        back.join()


def _pump(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(CHUNK_BYTES):
            target.sendall(piece)
    except OSError:
        pass
    finally:
        for one in (source, target):  # wakes whoever waits for the other way
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
