"""The one DICOM address: its listening sockets, plain and TLS, a thread per association, and its end."""

import contextlib
import selectors
import socket
import ssl
import threading
from dataclasses import dataclass
from ipaddress import IPv6Address, ip_address
from time import monotonic

from isocenter.dimse.acceptor import Acceptor, Ending
from isocenter.dimse.limits import Patience
from isocenter.dimse.tls import peer_subject
from isocenter.dimse.wire import Wire
from isocenter.ingest.admission import Places
from isocenter.ingest.associations import Address, Association, Peer
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS
from isocenter.runtime.tracing import span

BACKLOG = 128
_PAUSE_S = 0.1  # when the process is out of file descriptors
_LAST_WORDS_S = 1.0  # of the grace: for threads to notice that their sockets were shut

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class _Port:
    listening: socket.socket
    tls: ssl.SSLContext | None
    on_loopback: bool


@dataclass(slots=True, eq=False)
class _Connection:
    stream: socket.socket
    port: _Port
    address: str


class Listener:
    """Accepts and serves until drained. `connections` bounds what is open, also before it is an association."""

    def __init__(self, at: Address, connections: Places, patience: Patience) -> None:
        self._at = at
        self._places = connections
        self._patience = patience
        self._draining = threading.Event()
        self._ports: list[_Port] = []
        self._open: set[_Connection] = set()
        self._changed = threading.Condition()
        self._wake_receiver, self._wake_sender = socket.socketpair()
        self._thread = threading.Thread(target=self._accept_all, name="dicom-accept", daemon=True)

    def listen(
        self, host: str, port: int, tls: ssl.SSLContext | None = None, *, is_shared: bool = False
    ) -> int:
        """Open a port before `start`; 0 takes a free one. Give its number. `::` listens for IPv4 as well.

        A shared port may be opened by other processes of the same user too.

        Raises OSError when the port cannot be had.
        """
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        both = address[0] == "::" and socket.has_dualstack_ipv6()
        listening = socket.create_server(
            address[:2],
            family=family,
            backlog=BACKLOG,
            dualstack_ipv6=both,
            reuse_port=is_shared,
        )
        listening.setblocking(False)
        bound_host, bound_port = listening.getsockname()[:2]
        self._ports.append(_Port(listening, tls, ip_address(bound_host).is_loopback))
        return int(bound_port)

    def start(self) -> None:
        """Accept from now on."""
        self._thread.start()

    def drain(self, grace_s: float) -> None:
        """Take no new associations, let running messages end, then end the associations; returns within the grace.

        An association between two messages is aborted, which tells its sender to come back; a message that is not
        over when the grace ends is cut off and discarded, never acknowledged.
        """
        ends_at = monotonic() + grace_s
        if not self._draining.is_set():
            self._draining.set()
            self._wake_sender.close()  # wakes the accepting thread
        if self._thread.is_alive():
            self._thread.join(grace_s)
        self._close_sockets()
        self._wait_until_empty(ends_at - min(_LAST_WORDS_S, grace_s / 2))
        self._shut_all()
        self._wait_until_empty(ends_at)
        if self._open:
            log.warning("associations_left", count=len(self._open))

    def _wait_until_empty(self, ends_at: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: not self._open, max(0.0, ends_at - monotonic()))

    def _shut_all(self) -> None:
        with self._changed:
            for connection in self._open:
                with contextlib.suppress(OSError):
                    # Not SSLSocket's own, which would pull the TLS state from under the reading thread.
                    socket.socket.shutdown(connection.stream, socket.SHUT_RDWR)

    def _accept_all(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._wake_receiver, selectors.EVENT_READ)
            for port in self._ports:
                selector.register(port.listening, selectors.EVENT_READ, port)
            while not self._draining.is_set():
                for key, _ in selector.select():
                    if key.data is not None:
                        self._accept(key.data)
        self._close_sockets()

    def _close_sockets(self) -> None:
        for listening in (*(port.listening for port in self._ports), self._wake_receiver):
            listening.close()

    def _accept(self, port: _Port) -> None:
        try:
            raw, address = port.listening.accept()
        except BlockingIOError:
            return
        except OSError as error:
            log.warning("accept_failed", error=type(error).__name__)
            self._draining.wait(_PAUSE_S)
            return
        connection = _Connection(raw, port, _plain_address(address[0]))
        if not self._places.take(connection.address):
            raw.close()
            return
        self._serve_in_thread(connection)

    def _serve_in_thread(self, connection: _Connection) -> None:
        with self._changed:
            self._open.add(connection)
        thread = threading.Thread(
            target=self._serve, args=(connection,), name="dicom-association", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # the process may have no more threads
            self._forget(connection)

    def _forget(self, connection: _Connection) -> None:
        connection.stream.close()
        self._places.give_back(connection.address)
        with self._changed:
            self._open.discard(connection)
            self._changed.notify_all()

    def _serve(self, connection: _Connection) -> None:
        try:
            if self._shake_hands(connection):
                self._run(connection)
        except OSError:
            log.info("connection_lost", peer=connection.address)
        finally:
            self._forget(connection)

    def _shake_hands(self, connection: _Connection) -> bool:
        """Do the TLS handshake within ARTIM's time, when this is the TLS port."""
        if connection.port.tls is None:
            return True
        connection.stream.settimeout(self._patience.artim_s)
        try:
            stream = connection.port.tls.wrap_socket(
                connection.stream, server_side=True, do_handshake_on_connect=False
            )
            connection.stream = (
                stream  # the plain one is no longer there: `drain` has to reach this one
            )
            stream.do_handshake()
        except OSError as error:
            log.info("tls_handshake_failed", peer=connection.address, error=type(error).__name__)
            return False
        return True

    def _run(self, connection: _Connection) -> None:
        stream = connection.stream
        subject = peer_subject(stream) if isinstance(stream, ssl.SSLSocket) else ""
        peer = Peer(connection.address, subject, connection.port.on_loopback)
        association = Association(self._at, peer)
        started, ending = monotonic(), Ending.FAILED
        wire = Wire(stream, self._patience, self._draining.is_set)
        try:
            with span("association", "server") as traced:
                ending = Acceptor(wire, association, self._at.max_p_data_bytes).run()
                traced.set("outcome", ending.value)
        except Exception as error:
            log.error("association_failed", exc_info=error)
        finally:
            association.close()
            _log_end(association, ending, peer, wire.received_bytes, monotonic() - started)


def _log_end(
    association: Association, ending: Ending, peer: Peer, received_bytes: int, took_s: float
) -> None:
    METRICS.count("isocenter_received_bytes_total", received_bytes, source="dimse")
    tally = association.tally
    log.info(
        "association_ended",
        outcome=ending.value,
        peer=peer.address,
        ae_title=association.caller.name,
        stored=tally.stored,
        quarantined=tally.quarantined,
        refused=tally.refused,
        failed=tally.failed,
        unfinished=tally.unfinished,
        size_bytes=received_bytes,
        took_ms=round(took_s * 1000),
    )


def _plain_address(address: str) -> str:
    """An IPv4 peer of an IPv6 socket is written as IPv4; a zone is left out."""
    parsed = ip_address(address.partition("%")[0])
    mapped = parsed.ipv4_mapped if isinstance(parsed, IPv6Address) else None
    return str(mapped or parsed)
