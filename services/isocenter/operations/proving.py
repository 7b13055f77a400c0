"""`isocenter backup --verify`: read a whole backup again and name what is not as it was written."""

import hashlib
from collections.abc import Callable, Iterator

from isocenter.adapters.journal.objects import ObjectJournal
from isocenter.errors import Corrupted, NotFound
from isocenter.operations import manifest
from isocenter.operations.backup import gone_in
from isocenter.operations.manifest import File, Manifest
from isocenter.operations.verify import Fault
from isocenter.operations.wanted import Proof, Wanted, wanted_by
from isocenter.ports.clock import Clock
from isocenter.ports.objects import ObjectStore

Step = Callable[[int, int], None]  # commits looked at, commits there are


def damaged_files(store: ObjectStore, told: Manifest) -> Iterator[Fault]:
    """Segments and configuration that are missing or differ from the manifest."""
    for key, file in told.files.items():
        try:
            if not _is_whole(store, key, file):
                yield Fault("changed", key)
        except NotFound:
            yield Fault("missing", key)


def prove(store: ObjectStore, clock: Clock, step: Step) -> Iterator[Fault]:
    """All faults of a backup, as they are found. Raises NotFound when none was finished there.

    While a segment is damaged nobody can tell what it names, so objects are looked at once all segments are whole.
    """
    try:
        told = manifest.read(store)
    except Corrupted:
        yield Fault("changed", manifest.KEY)
        return
    found = list(damaged_files(store, told))
    yield from found
    if found:
        return
    journal = ObjectJournal(store, clock)
    missing: dict[str, Wanted] = {}
    for wanted in wanted_in(journal, told, step):
        try:
            if not _is_proven(store, wanted):
                yield Fault("changed", wanted.key, digest=wanted.digest)
        except NotFound:
            missing[wanted.key] = wanted
    gone = gone_in(journal) if missing else set()
    for wanted in missing.values():
        if wanted.key not in gone and wanted.digest not in gone:
            yield Fault("missing", wanted.key, digest=wanted.digest)


def wanted_in(journal: ObjectJournal, told: Manifest, step: Step) -> Iterator[Wanted]:
    """Objects that the entries of a backup name; one that is named twice may come twice."""
    done, total = 0, sum(told.ends.values())
    for stream in journal.ends():
        for record in journal.read(stream, through=told.end(stream)):
            wanted = wanted_by(record)
            if wanted is not None:
                yield wanted
            step(done + record.position.sequence, total)
        done += told.end(stream)


def _is_whole(store: ObjectStore, key: str, file: File) -> bool:
    digest = hashlib.sha256()
    for chunk in store.stream(key):
        digest.update(chunk)
    return digest.hexdigest() == file.sha256


def _is_proven(store: ObjectStore, wanted: Wanted) -> bool:
    proof = Proof(wanted)
    for chunk in store.stream(wanted.key):
        proof.take(chunk)
    return proof.holds()
