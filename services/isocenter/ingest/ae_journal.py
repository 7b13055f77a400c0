"""The AE list's changes in the journal: read on by every process that needs them, appended to by whoever is asked.

They lie in streams of their own (`<node>-ae`), so that a process reads them without reading receipts. The newest change
of a title, by (version, node), is what counts; so late, repeated and reordered reading comes to the same list.
"""

import asyncio
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from google.protobuf.json_format import MessageToDict
from google.protobuf.message import DecodeError

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import InvalidRequest, IsocenterError, NotFound
from isocenter.events.entries import EntryKind
from isocenter.ingest.ae_entry import AeEntry, read_entry
from isocenter.ports.clock import Clock
from isocenter.ports.journal import AE, Entry, Journal, Record, Stream
from isocenter.runtime.lasting import LastingWriter
from isocenter.runtime.log import logger

LOOK_EVERY_S = 1.0
MOMENT_S = 0.1

log = logger(__name__)


@dataclass(frozen=True, slots=True)
class Told:
    """What is true of a title, and who said so; without entries it is removed."""

    version: int
    node: str
    caller: str
    entries: tuple[AeEntry, ...]


class AeJournal:
    """What the journal says, as of the last look. Safe to use from many threads; looking and changing block."""

    def __init__(self, journal: Journal, clock: Clock, node: str) -> None:
        self._journal = journal
        self._clock = clock
        self._node = node + AE
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        self._read: dict[Stream, int] = {}
        self._known: Mapping[str, Told] = {}
        self._writer: LastingWriter | None = None  # few processes ever write one
        self._looked_s = float("-inf")

    def known(self) -> Mapping[str, Told]:
        """By title. Another mapping whenever something changed."""
        return self._known

    def look(self) -> Mapping[str, Told]:
        """Read on. Raises Unavailable, Corrupted, StorageFailed; what was known stays."""
        with self._lock:
            self._looked_s = time.monotonic()
            ends = {stream: end for stream, end in self._journal.ends().items() if stream.is_ae}
            known = dict(self._known)
            for stream, end in ends.items():
                if end > self._read.get(stream, 0):
                    self._fold(stream, end, known)
            if known != self._known:
                self._known = known
            return self._known

    def has_news(self) -> bool:
        """Look at all that was written before this call, for who is about to be refused; tell whether it is news.

        Those who come at the same time share one look, and there are at most ten a second.
        """
        before, came_s = self._known, time.monotonic()
        with self._asking:
            if self._looked_s < came_s:
                time.sleep(max(0.0, self._looked_s + MOMENT_S - time.monotonic()))
                with suppress(IsocenterError):
                    self.look()
        return self._known is not before

    def change(self, title: str, entries: Sequence[AeEntry], caller: str) -> None:
        """Say what is true of a title from now on; durable on return."""
        self.look()  # so that this change is newer than all that were seen
        with self._lock:
            if self._writer is None:
                self._writer = LastingWriter(self._journal, self._node)
            writer = self._writer
        lines = [_line_of(entry) for entry in entries]
        message = pb.AeChanged(title=title, lines=lines, caller=caller)
        payload = message.SerializeToString()
        writer.append([Entry(self._clock.version(), EntryKind.AE_CHANGED, 0, payload)])
        self.look()

    async def run(self) -> None:
        """Look again and again, until cancelled."""
        is_away = False
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            try:
                await asyncio.to_thread(self.look)
            except IsocenterError as error:
                if not is_away:
                    log.warning("ae_list_not_read_on", reason=error.reason)
                is_away = True
            else:
                is_away = False

    def close(self) -> None:
        """Seal what was written."""
        if self._writer is not None:
            self._writer.close()

    def _fold(self, stream: Stream, end: int, known: dict[str, Told]) -> None:
        try:
            for record in self._journal.read(stream, self._read.get(stream, 0), end):
                if record.entry.kind is EntryKind.AE_CHANGED:
                    self._clock.observe(record.entry.version)
                    _take(record, known)
        except NotFound:  # merged or sealed this moment: at the next look
            return
        self._read[stream] = end


def _take(record: Record, known: dict[str, Told]) -> None:
    try:
        message = pb.AeChanged.FromString(record.entry.payload)
    except DecodeError:  # one entry must not stop all others
        log.error("entry_unreadable", sequence=record.position.sequence)
        return
    version, node = record.entry.version, record.position.node
    told = Told(version, node, message.caller, _entries_of(message))
    before = known.get(message.title)
    if before is None or (before.version, before.node) < (told.version, told.node):
        known[message.title] = told


def _entries_of(message: pb.AeChanged) -> tuple[AeEntry, ...]:
    """What can be used of it: a line that says what this release does not know lets nobody in."""
    entries = []
    for number, line in enumerate(message.lines, start=1):
        try:
            entries.append(read_entry(_table_of(message.title, line), number))
        except InvalidRequest:
            log.error("ae_line_unusable", ae_title=message.title)
    return tuple(entries)


def _table_of(title: str, line: pb.AeLine) -> dict[str, object]:
    table = MessageToDict(line, preserving_proto_field_name=True)
    moves_to = table.pop("moves_to", [])
    is_bound = table.pop("is_bound_in_moving", False)
    return {"title": title, **table, **({"moves_to": moves_to} if is_bound else {})}


def _line_of(entry: AeEntry) -> pb.AeLine:
    said = entry.as_mapping()
    del said["title"]  # all lines of a change have it
    return pb.AeLine(is_bound_in_moving="moves_to" in said, **said)
