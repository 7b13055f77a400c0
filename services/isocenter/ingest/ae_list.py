"""The AE list: who may send and who may ask, in a TOML file that is read again whenever it changes.

```toml
[[ae]]
title = "CT1"
address = "10.0.4.17"       # or a network, "10.0.4.0/24"; left out: from anywhere
may_send = true             # left out: false
may_ask = false             # left out: false; C-FIND, C-GET, C-MOVE
port = 104                  # left out: no destination of C-MOVE; with it `address` is one address
moves_to = ["WS1", "WS2"]   # left out: to every destination of this list
tls = true                  # left out: false; it listens with TLS, by a certificate of dicom-tls-ca.crt
tls_subject = "commonName=ct1.example"   # of its certificate, either way; left out: none asked, or any
```
"""

import threading
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path

from isocenter.dimse.ae_title import is_valid_ae_title
from isocenter.dimse.tls import Secured
from isocenter.errors import InvalidRequest
from isocenter.ingest.destinations import Destination
from isocenter.ingest.tls_files import towards
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.log import logger

MAX_FILE_BYTES = 1024 * 1024
MAX_ENTRIES = 10_000
_TEXTS = frozenset({"title", "address", "tls_subject"})
_FLAGS = frozenset({"may_send", "may_ask", "tls"})
_OTHERS = frozenset({"port", "moves_to"})
_MAX_PORT = 0xFFFF
_UNKNOWN_MAY = frozenset({Action.VERIFY, Action.STORE})
_LOCAL_MAY = _UNKNOWN_MAY | {Action.QUERY, Action.RETRIEVE}

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class AeEntry:
    """One line of the list; `network` None is anywhere, an empty `tls_subject` is any or no certificate."""

    title: str
    network: IPv4Network | IPv6Network | None
    may_send: bool
    may_ask: bool
    tls_subject: str = ""
    port: int = 0  # 0: nothing can be moved there
    moves_to: tuple[str, ...] | None = None
    tls: bool = False  # where it listens

    def is_from(self, address: str, tls_subject: str) -> bool:
        """Tell whether a connection can be this entry's."""
        if self.tls_subject and self.tls_subject != tls_subject:
            return False
        return self.network is None or ip_address(address) in self.network

    @property
    def may(self) -> frozenset[Action]:
        """What it may do; verification always."""
        sends = {Action.STORE} if self.may_send else set()
        asks = {Action.QUERY, Action.RETRIEVE} if self.may_ask else set()
        return frozenset({Action.VERIFY, *sends, *asks})


class AeList:
    """The list as it stands now. Safe to use from many threads.

    A file that cannot be used is an InvalidRequest at the start; later the last good list stays, and the log says so.
    A missing file is an empty list.
    """

    def __init__(self, path: Path | None, *, accept_unknown: bool = False) -> None:
        self._path = path
        self._accept_unknown = accept_unknown
        self._lock = threading.Lock()
        self._stamp = self._read_stamp()
        self._entries = self._read()

    def caller(
        self, title: str, address: str, tls_subject: str = "", *, on_loopback: bool
    ) -> Caller | None:
        """Who calls; None is nobody, to be rejected.

        A title that is listed is only itself from its own address and with its own certificate: it never becomes an
        unknown caller. Unknown callers may send and ask while the listener is on loopback; elsewhere they may send when
        `accept_unknown` is set.
        """
        listed = [entry for entry in self.entries() if entry.title == title]
        may: frozenset[Action] = frozenset()
        for entry in listed:
            if entry.is_from(address, tls_subject):
                may |= entry.may
        if not listed and (on_loopback or self._accept_unknown):
            may = _LOCAL_MAY if on_loopback else _UNKNOWN_MAY
        return Caller(title, "ae", address, may) if may else None

    def destination(self, title: str, caller: Caller) -> Destination | None:
        """Where a C-MOVE of this caller to that title goes; None when it is no destination, or not for this caller."""
        listed = [entry for entry in self.entries() if entry.title == caller.name]
        if listed and not any(
            entry.moves_to is None or title in entry.moves_to for entry in listed
        ):
            return None
        return self.address_of(title)

    def address_of(self, title: str) -> Destination | None:
        """Where that title listens; None when the list does not say."""
        for entry in self.entries():
            if entry.title == title and entry.port and entry.network is not None:
                host = str(entry.network.network_address)
                return Destination(title, host, entry.port, self._secured(entry))
        return None

    def _secured(self, entry: AeEntry) -> Secured | None:
        if not entry.tls or self._path is None:
            return None
        return towards(self._path.parent, entry.tls_subject)

    def entries(self) -> tuple[AeEntry, ...]:
        """All entries, after a look whether the file changed."""
        with self._lock:
            stamp = self._read_stamp()
            if stamp != self._stamp:
                self._stamp = stamp
                self._read_again()
            return self._entries

    def _read_again(self) -> None:
        try:
            self._entries = self._read()
        except InvalidRequest:
            log.error("ae_list_unusable", count=len(self._entries))
        else:
            log.info("ae_list_read", count=len(self._entries))

    def _read_stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat() if self._path is not None else None
        except OSError:
            found = None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else (0, 0, 0)

    def _read(self) -> tuple[AeEntry, ...]:
        if self._path is None or self._stamp == (0, 0, 0):
            return ()
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            raise InvalidRequest("the AE list cannot be read") from None
        return parse_ae_list(content)


def parse_ae_list(content: bytes) -> tuple[AeEntry, ...]:
    """Read the file's content; raises InvalidRequest naming the entry, counted from 1, that is wrong."""
    if len(content) > MAX_FILE_BYTES:
        raise InvalidRequest("the AE list is too large")
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError):
        raise InvalidRequest("the AE list is not TOML") from None
    tables = document.pop("ae", [])
    if document or not isinstance(tables, list) or len(tables) > MAX_ENTRIES:
        raise InvalidRequest("the AE list holds something else than [[ae]] entries")
    return tuple(_entry(table, number) for number, table in enumerate(tables, start=1))


def _entry(table: object, number: int) -> AeEntry:
    if not isinstance(table, Mapping) or not set(table) <= _TEXTS | _FLAGS | _OTHERS:
        raise InvalidRequest("an entry of the AE list has unknown keys", entry=number)
    for key, value in table.items():
        if key not in _OTHERS and not isinstance(value, str if key in _TEXTS else bool):
            raise InvalidRequest("a value in the AE list has the wrong type", entry=number)
    title = table.get("title", "")
    if not is_valid_ae_title(title):
        raise InvalidRequest("an entry of the AE list has no valid title", entry=number)
    network = _network(table.get("address", ""), number)
    return AeEntry(
        title=title,
        network=network,
        may_send=table.get("may_send", False),
        may_ask=table.get("may_ask", False),
        tls_subject=table.get("tls_subject", ""),
        port=_port(table.get("port", 0), network, number),
        moves_to=_titles(table.get("moves_to"), number),
        tls=table.get("tls", False),
    )


def _port(port: object, network: IPv4Network | IPv6Network | None, number: int) -> int:
    if not isinstance(port, int) or isinstance(port, bool) or not 0 <= port <= _MAX_PORT:
        raise InvalidRequest("a port in the AE list is no port", entry=number)
    if port and (network is None or network.num_addresses != 1):
        raise InvalidRequest("a destination in the AE list needs one address", entry=number)
    return port


def _titles(titles: object, number: int) -> tuple[str, ...] | None:
    if titles is None:
        return None
    if not isinstance(titles, list) or not all(
        isinstance(title, str) and is_valid_ae_title(title) for title in titles
    ):
        raise InvalidRequest("moves_to in the AE list is no list of titles", entry=number)
    return tuple(titles)


def _network(address: str, number: int) -> IPv4Network | IPv6Network | None:
    if not address:
        return None
    try:
        return ip_network(address, strict=False)
    except ValueError:
        raise InvalidRequest("an address in the AE list is no IP address", entry=number) from None
