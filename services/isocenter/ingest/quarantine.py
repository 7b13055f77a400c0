"""What cannot be accepted: its bytes are kept all the same, with a reason a person understands."""

import hashlib
import json
import mmap
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime
from threading import Lock

from google.protobuf.json_format import MessageToDict

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import IsocenterError
from isocenter.events.entries import EntryKind
from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.spool_map import with_mapping
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore, Spool

MAX_FOLDED = 4096  # digests whose key is remembered; a forgotten one may be kept twice, on two days
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class Rejected:
    """Why, and what is known of it: valid UIDs or empty."""

    error: IsocenterError
    sender: pb.Sender
    transfer_syntax_uid: str = ""
    sop_class_uid: str = ""
    sop_instance_uid: str = ""
    study_instance_uid: str = ""
    series_instance_uid: str = ""


class Quarantine:
    """`quarantine/<yyyy>/<mm>/<dd>/<digest>.bin`, and beside it `.json` for whoever finds the folder without us."""

    def __init__(self, objects: ObjectStore, acknowledger: Acknowledger, clock: Clock) -> None:
        self._objects = objects
        self._acknowledger = acknowledger
        self._clock = clock
        self._lock = Lock()
        self._keys: OrderedDict[str, str] = OrderedDict()

    def keep(self, spool: Spool, size_bytes: int, rejected: Rejected) -> Outcome:
        """Keep the spool's bytes and record why, both durable. The spool is consumed.

        The same bytes again are kept once and recorded again.
        """
        digest = _digest(spool, size_bytes)
        entry = _entry(rejected, digest, self._key(digest), size_bytes)
        self._objects.put_file(spool, entry.object_key, sha256=digest)
        self._objects.put(entry.object_key.removesuffix("bin") + "json", _description(entry))
        self._acknowledger.append(EntryKind.QUARANTINE, entry.study_instance_uid, entry)
        return _outcome(rejected, digest)

    def _key(self, digest: str) -> str:
        day = datetime.fromtimestamp(self._clock.now_ms() / 1000, UTC).strftime("%Y/%m/%d")
        with self._lock:
            key = self._keys.setdefault(digest, f"quarantine/{day}/{digest}.bin")
            self._keys.move_to_end(digest)
            if len(self._keys) > MAX_FOLDED:
                self._keys.popitem(last=False)
            return key


class AlreadyKept:
    """In the place of `Quarantine` when something is tried again that is in quarantine: it stays there as it is."""

    def keep(self, spool: Spool, size_bytes: int, rejected: Rejected) -> Outcome:
        """Say what became of it; nothing is written."""
        digest = _digest(spool, size_bytes)
        spool.discard()
        return _outcome(rejected, digest)


def _outcome(rejected: Rejected, digest: str) -> Outcome:
    return Outcome(
        "quarantined",
        rejected.sop_class_uid,
        rejected.sop_instance_uid,
        rejected.study_instance_uid,
        rejected.series_instance_uid,
        digest,
        error=rejected.error,
    )


def _digest(spool: Spool, size_bytes: int) -> str:
    sha = hashlib.sha256()

    def update(data: mmap.mmap) -> None:
        for start in range(0, size_bytes, CHUNK_BYTES):
            sha.update(data[start : start + CHUNK_BYTES])

    if size_bytes:
        with_mapping(spool, size_bytes, update)
    return sha.hexdigest()


def _entry(rejected: Rejected, digest: str, key: str, size_bytes: int) -> pb.Quarantine:
    error = rejected.error
    return pb.Quarantine(
        digest=digest,
        object_key=key,
        size_bytes=size_bytes,
        reason=str(error.fields.get("code") or error.reason.lower()),
        message=error.message,
        transfer_syntax_uid=rejected.transfer_syntax_uid,
        sop_instance_uid=rejected.sop_instance_uid,
        study_instance_uid=rejected.study_instance_uid,
        sender=rejected.sender,
    )


def _description(entry: pb.Quarantine) -> bytes:
    text = MessageToDict(entry, preserving_proto_field_name=True)
    return json.dumps(text, indent=1, ensure_ascii=False).encode()
