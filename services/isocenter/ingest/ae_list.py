"""The AE list: who may send and who may ask. A TOML file to start with, read again whenever it changes, and what the
journal says since: of a title that was changed there (`ae_journal.py`), the file's lines count no more.

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
lossy_quality = 80          # 1 to 100; left out: it is never sent a picture that lost something on the way
single_frames = true        # left out: false; enhanced multi-frame objects are sent as classic images
max_series_instances = 500  # left out: any; larger series are sent in parts, each a series
split_phases = true         # left out: false; each phase of a series is sent as a series
associations = 4            # left out: 1; how many it is sent to on at once
```
"""

import threading
import tomllib
from collections.abc import Mapping
from pathlib import Path

from isocenter.api.stream.v1.stream_service_pb2 import Taking
from isocenter.dimse.tls import Secured
from isocenter.errors import InvalidRequest
from isocenter.ingest.ae_entry import AeEntry, read_entry
from isocenter.ingest.ae_journal import AeJournal, Told
from isocenter.ingest.destination import Destination, Receiver
from isocenter.ingest.tls_files import towards
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.log import logger

AE_LIST = "ae.toml"  # in the config folder
MAX_FILE_BYTES = 1024 * 1024
MAX_ENTRIES = 10_000
_UNKNOWN_MAY = frozenset({Action.VERIFY, Action.STORE})
_LOCAL_MAY = _UNKNOWN_MAY | {Action.QUERY, Action.RETRIEVE}

Entries = tuple[AeEntry, ...]
_NOTHING: Mapping[str, Told] = {}

log = logger(__name__)


class AeList:
    """The list as it stands now. Safe to use from many threads.

    A file that cannot be used is an InvalidRequest at the start, unless `lenient`; later the last good list stays, and
    the log says so. A missing file is an empty list.
    """

    def __init__(
        self,
        path: Path | None,
        journaled: AeJournal | None = None,
        *,
        accept_unknown: bool = False,
        lenient: bool = False,
    ) -> None:
        self._path = path
        self._journaled = journaled
        self._accept_unknown = accept_unknown
        self._lock = threading.Lock()
        self._stamp = (0, 0, 0)
        self._filed: Entries = ()
        self._joined: tuple[Entries, Mapping[str, Told], Entries] = ((), _NOTHING, ())
        if lenient:
            self._look_at_file()
        else:
            self._stamp = self._read_stamp()
            self._filed = self._read()

    def caller(
        self, title: str, address: str, tls_subject: str = "", *, on_loopback: bool
    ) -> Caller | None:
        """Who calls; None is nobody, to be rejected.

        A title that is listed is only itself from its own address and with its own certificate: it never becomes an
        unknown caller. Unknown callers may send and ask while the listener is on loopback; elsewhere they may send when
        `accept_unknown` is set.
        """
        found = self._caller(title, address, tls_subject, on_loopback=on_loopback)
        if found is None and self._has_news():
            found = self._caller(title, address, tls_subject, on_loopback=on_loopback)
        return found

    def _caller(
        self, title: str, address: str, tls_subject: str, *, on_loopback: bool
    ) -> Caller | None:
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
        found = self._destination(title, caller)
        return self._destination(title, caller) if found is None and self._has_news() else found

    def _destination(self, title: str, caller: Caller) -> Destination | None:
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
                return Destination(
                    title, host, entry.port, self._secured(entry), _receiver_of(entry)
                )
        return None

    def _has_news(self) -> bool:
        return self._journaled is not None and self._journaled.has_news()

    def _secured(self, entry: AeEntry) -> Secured | None:
        if not entry.tls or self._path is None:
            return None
        return towards(self._path.parent, entry.tls_subject)

    def entries(self) -> Entries:
        """All entries, after a look whether the file changed."""
        told = self._journaled.known() if self._journaled is not None else _NOTHING
        with self._lock:
            self._look_at_file()
            filed, known, joined = self._joined
            if filed is not self._filed or known is not told:
                joined = _join(self._filed, told)
                self._joined = (self._filed, told, joined)
            return joined

    def _look_at_file(self) -> None:
        stamp = self._read_stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            self._filed = self._read()
        except InvalidRequest:
            log.error("ae_list_unusable", count=len(self._filed))
        else:
            log.info("ae_list_read", count=len(self._filed))

    def _read_stamp(self) -> tuple[int, int, int]:
        try:
            found = self._path.stat() if self._path is not None else None
        except OSError:
            found = None
        return (found.st_mtime_ns, found.st_size, found.st_ino) if found else (0, 0, 0)

    def _read(self) -> Entries:
        if self._path is None or self._stamp == (0, 0, 0):
            return ()
        try:
            with self._path.open("rb") as file:
                content = file.read(MAX_FILE_BYTES + 1)
        except OSError:
            raise InvalidRequest("the AE list cannot be read") from None
        return parse_ae_list(content)


def _receiver_of(entry: AeEntry) -> Receiver:
    taking = Taking(
        single_frames=entry.single_frames,
        max_series_instances=entry.max_series_instances,
        split_phases=entry.split_phases,
    )
    return Receiver(taking, entry.lossy_quality, entry.associations)


def _join(filed: Entries, told: Mapping[str, Told]) -> Entries:
    """The file's lines of titles that the journal does not speak of, then the journal's."""
    kept = (entry for entry in filed if entry.title not in told)
    return (*kept, *(entry for title in sorted(told) for entry in told[title].entries))


def parse_ae_list(content: bytes) -> Entries:
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
    return tuple(read_entry(table, number) for number, table in enumerate(tables, start=1))
