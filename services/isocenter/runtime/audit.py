"""Who asked what of which study and what came of it: entries in the journal, written off the answer's path."""

import queue
import threading
from collections import OrderedDict
from typing import Literal

from isocenter.api.journal.v1.entries_pb2 import Audit
from isocenter.dicom.uids import partition_of
from isocenter.errors import IsocenterError
from isocenter.events.entries import EntryKind
from isocenter.ports.clock import Clock
from isocenter.ports.journal import Entry, JournalWriter
from isocenter.runtime.caller import Action, Caller
from isocenter.runtime.log import logger
from isocenter.runtime.metrics import METRICS

Outcome = Literal["allowed", "denied", "failed"]

MAX_WAITING = 20_000  # entries; more are counted as lost
MAX_COMMIT = 500  # entries in one append
MAX_FIELD = 1_024  # characters of any one value
FOLD_MS = 60_000
MAX_FOLDED = 4_096
FOLDED_ACTIONS = frozenset({Action.RETRIEVE})

log = logger(__name__)


class Auditor:
    """Appends audit entries; safe to use from many threads and from the event loop.

    `record` never waits: entries still in memory are lost in a power cut, and when more than 20,000 wait (a count says
    so). A viewer fetches thousands of frames of one study: retrievals, and refusals of any action, with the same
    caller, address, study and outcome are one entry a minute.
    """

    def __init__(self, writer: JournalWriter, clock: Clock) -> None:
        self._writer = writer
        self._clock = clock
        self._waiting: queue.Queue[Entry | None] = queue.Queue(MAX_WAITING)
        self._folded: OrderedDict[tuple[str, ...], int] = OrderedDict()
        self._lock = threading.Lock()
        for outcome in ("written", "lost"):  # shown from 0 on, or the first loss is no increase
            METRICS.count("isocenter_audit_entries_total", 0, outcome=outcome)
        self._thread = threading.Thread(target=self._write, name="audit", daemon=True)
        self._thread.start()

    def record(
        self, caller: Caller, action: Action, study: str, outcome: Outcome, detail: str = ""
    ) -> None:
        """Have an entry written soon."""
        folded = action in FOLDED_ACTIONS or outcome == "denied"
        if folded and self._is_repeat(caller, action, study, outcome):
            return
        try:
            self._waiting.put_nowait(self._entry(caller, action, study, outcome, detail))
        except queue.Full:
            METRICS.count("isocenter_audit_entries_total", outcome="lost")

    def record_durably(
        self, caller: Caller, action: Action, study: str, outcome: Outcome, detail: str = ""
    ) -> None:
        """Write an entry and return when it is durable. Blocks; raises what `JournalWriter.append` raises."""
        self._writer.append([self._entry(caller, action, study, outcome, detail)])
        METRICS.count("isocenter_audit_entries_total", outcome="written")

    def close(self, grace_s: float) -> None:
        """Write what waits, at most that long. The writer stays open."""
        try:
            self._waiting.put(None, timeout=grace_s)
        except queue.Full:
            return
        self._thread.join(grace_s)

    def _is_repeat(self, caller: Caller, action: Action, study: str, outcome: str) -> bool:
        key = (caller.name, caller.address, action.value, study, outcome)
        now = self._clock.now_ms()
        with self._lock:
            last = self._folded.get(key)
            if last is not None and 0 <= now - last < FOLD_MS:
                return True
            self._folded[key] = now
            self._folded.move_to_end(key)
            if len(self._folded) > MAX_FOLDED:
                self._folded.popitem(last=False)
        return False

    def _entry(
        self, caller: Caller, action: Action, study: str, outcome: Outcome, detail: str
    ) -> Entry:
        message = Audit(
            caller=_clean(caller.name),
            method=caller.method,
            address=_clean(caller.address),
            action=action.value,
            study_instance_uid=_clean(study),
            outcome=outcome,
            detail=_clean(detail),
        )
        partition = partition_of(study) if study.isascii() else 0
        return Entry(self._clock.version(), EntryKind.AUDIT, partition, message.SerializeToString())

    def _write(self) -> None:
        while True:
            first = self._waiting.get()
            entries = [] if first is None else [first]
            ended = first is None
            while not ended and len(entries) < MAX_COMMIT:
                try:
                    entry = self._waiting.get_nowait()
                except queue.Empty:
                    break
                if entry is None:
                    ended = True
                else:
                    entries.append(entry)
            self._append(entries)
            if ended:
                return

    def _append(self, entries: list[Entry]) -> None:
        if not entries:
            return
        try:
            self._writer.append(entries)
            METRICS.count("isocenter_audit_entries_total", len(entries), outcome="written")
        except (IsocenterError, OSError) as error:
            METRICS.count("isocenter_audit_entries_total", len(entries), outcome="lost")
            log.error("audit_lost", count=len(entries), error=type(error).__name__)


def _clean(text: str) -> str:
    """Bound a value and make it encodable: it may come straight from a peer."""
    return text[:MAX_FIELD].encode("utf-8", "replace").decode("utf-8")
