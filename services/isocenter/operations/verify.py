"""Re-read what the journal says is stored, and name what is missing or changed."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import NotFound
from isocenter.events.entries import EntryKind
from isocenter.ingest.purge_plan import away
from isocenter.operations.wanted import Proof, of_receipt
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore


@dataclass(frozen=True, slots=True)
class Fault:
    """One object that is not what its receipt says."""

    fault: Literal["missing", "changed"]
    object_key: str
    study_instance_uid: str = ""
    sop_instance_uid: str = ""
    digest: str = ""


def receipts(journal: Journal, study: str = "") -> dict[str, pb.Receipt]:
    """Newest receipt of every object that was not purged, by key, oldest first; of one study when it is named."""
    found: dict[str, tuple[int, pb.Receipt]] = {}
    purged: dict[str, int] = {}
    for stream in journal.ends():
        for record in journal.read(stream):
            version = record.entry.version
            if record.entry.kind is EntryKind.RECEIPT:
                receipt = pb.Receipt.FromString(record.entry.payload)
                if study in ("", receipt.study_instance_uid):
                    known = found.get(receipt.object_key)
                    if known is None or known[0] < version:
                        del receipt.head[:]
                        found[receipt.object_key] = (version, receipt)
            elif record.entry.kind is EntryKind.PURGE:
                for key in pb.Purge.FromString(record.entry.payload).object_keys:
                    purged[key] = max(version, purged.get(key, 0))
    return {
        key: receipt
        for key, (version, receipt) in sorted(found.items(), key=lambda item: item[1][0])
        if purged.get(key, 0) < version
    }


def check(objects: ObjectStore, receipt: pb.Receipt) -> Fault | None:
    """Re-read one object; memory stays flat. One that a purge has set aside is not missing."""
    names = (
        receipt.object_key,
        receipt.study_instance_uid,
        receipt.sop_instance_uid,
        receipt.digest,
    )
    for key in (receipt.object_key, away(receipt.object_key)):
        with suppress(NotFound):
            return None if _is_whole(objects, key, receipt) else Fault("changed", *names)
    return Fault("missing", *names)


def _is_whole(objects: ObjectStore, key: str, receipt: pb.Receipt) -> bool:
    """Tell whether File Meta names the instance, and the data set has its digest; raises NotFound."""
    proof = Proof(of_receipt(receipt))
    for chunk in objects.stream(key):
        proof.take(chunk)
    return proof.holds()


def verify(
    journal: Journal,
    objects: ObjectStore,
    study: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
    newest: int | None = None,
) -> Iterator[Fault]:
    """Check all objects, or only the `newest` so many by receipt; yields faults as they are found."""
    todo = list(receipts(journal, study).values())
    if newest is not None:
        todo = todo[-newest:]
    for done, receipt in enumerate(todo, 1):
        fault = check(objects, receipt)
        if fault is not None:
            yield fault
        progress(done, len(todo))
