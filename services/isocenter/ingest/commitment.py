"""Storage Commitment (PS3.4 J): which of the instances a sender names it may forget.

An instance is committed when it can be found and its object, read again now, has the digest of its receipt. What was
sent just before may not be found yet, so that is waited for; held instances are not committed, so their sender keeps
them.
"""

import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum

from isocenter.dicom.matching import SingleValue
from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import IsocenterError, NotFound
from isocenter.ingest.existing import sound_dataset_offset
from isocenter.ports.index import IndexReader, Query
from isocenter.ports.index_rows import InstanceRow
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.log import logger

WAIT_S = 20.0  # for what is not found at first
PAUSE_S = 0.5
CHUNK = 500  # UIDs of one question
_SOP_INSTANCE_UID = "00080018"

log = logger(__name__)


class FailureReason(IntEnum):
    """PS3.3 C.14.1.1."""

    PROCESSING_FAILURE = 0x0110
    NO_SUCH_OBJECT_INSTANCE = 0x0112
    CLASS_INSTANCE_CONFLICT = 0x0119


@dataclass(frozen=True, slots=True)
class Reference:
    """An instance as its sender names it."""

    sop_class_uid: str
    sop_instance_uid: str


@dataclass(frozen=True, slots=True)
class Committed:
    """What became of each reference, in their order."""

    sound: tuple[Reference, ...]
    failed: tuple[tuple[Reference, FailureReason], ...]


class Committer:
    """Looks references up and reads their objects again; blocks as long as that takes."""

    def __init__(self, index: IndexReader, objects: ObjectStore, wait_s: float = WAIT_S) -> None:
        self._index = index
        self._objects = objects
        self._wait_s = wait_s
        self._stopped = threading.Event()

    def stop(self) -> None:
        """Wait for nothing any more."""
        self._stopped.set()

    def check(self, references: Sequence[Reference]) -> Committed:
        """Decide for each of them."""
        rows = self._rows([one.sop_instance_uid for one in references])
        sound: list[Reference] = []
        failed: list[tuple[Reference, FailureReason]] = []
        for one in references:
            reason = self._fault(one, rows.get(one.sop_instance_uid))
            if reason is None:
                sound.append(one)
            else:
                failed.append((one, reason))
        return Committed(tuple(sound), tuple(failed))

    def _rows(self, sops: Sequence[str]) -> Mapping[str, InstanceRow]:
        found: dict[str, InstanceRow] = {}
        missing = [sop for sop in dict.fromkeys(sops) if is_valid_uid(sop)]
        ends_at = time.monotonic() + self._wait_s
        while True:
            for start in range(0, len(missing), CHUNK):
                found |= self._look(missing[start : start + CHUNK])
            missing = [sop for sop in missing if sop not in found]
            if not missing or time.monotonic() >= ends_at or self._stopped.wait(PAUSE_S):
                return found

    def _look(self, sops: Sequence[str]) -> dict[str, InstanceRow]:
        asked = SingleValue(_SOP_INSTANCE_UID, "UI", tuple(sops))
        matches = self._index.search(Query("instance", (asked,), limit=len(sops)))
        found: dict[str, InstanceRow] = {}
        for match in matches:
            names = (match.study_instance_uid, match.series_instance_uid, match.sop_instance_uid)
            for row in self._index.instances(*names):
                found[row.sop_instance_uid] = row
        return found

    def _fault(self, reference: Reference, row: InstanceRow | None) -> FailureReason | None:
        if row is None:
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        if row.sop_class_uid != reference.sop_class_uid:
            return FailureReason.CLASS_INSTANCE_CONFLICT
        try:
            place = sound_dataset_offset(
                self._objects, row.object_key, row.digest, row.transfer_syntax_uid
            )
        except NotFound:
            return FailureReason.NO_SUCH_OBJECT_INSTANCE
        except IsocenterError as error:
            log.warning("not_committed", reason=error.reason)
            return FailureReason.PROCESSING_FAILURE
        return None if place is not None else FailureReason.PROCESSING_FAILURE
