"""Hold the five records against each other: sender's log, objects, journal, index, events."""

import zlib
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from tests.support.checker.journal_files import Line, Receipt, ae_lines, gaps, receipts
from tests.support.checker.stored import Stored


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the index, as it lies there."""

    study: str
    series: str
    sop: str
    digest: str
    key: str
    current: bool
    held: bool
    deleted: bool


@dataclass(frozen=True, slots=True)
class Said:
    """One event: a commit range of a stream in which instances were stored."""

    node: str
    epoch: str
    first: int
    last: int
    partition: int
    first_version: int
    last_version: int
    id: str
    at_s: float  # when the broker had it, seconds since 1970


@dataclass(slots=True)
class Evidence:
    """What was found. `events` is None where the broker's store was wiped on purpose."""

    acknowledged: list[str]  # SOP Instance UIDs the sender saw Success for
    objects: list[Stored]
    journal: list[Line]
    rows: list[Row]
    searchable: list[str]  # SOP Instance UIDs that a search gives
    held: list[str]  # SOP Instance UIDs of open holds
    events: list[Said] | None
    arrived: list[str] | None  # studies of which `study.arrived` spoke; None as above
    study_counts: dict[str, int] = field(default_factory=dict)  # what study answers say
    ae_list: dict[str, list[tuple[str, int]]] | None = (
        None  # what the AE list shows; None: not asked
    )


def _repeated(names: Iterable[str], what: str) -> list[str]:
    return [f"{what} {count} times: {name}" for name, count in Counter(names).items() if count > 1]


def _objects(evidence: Evidence, found: list[Receipt]) -> list[str]:
    by_key = {stored.key: stored for stored in evidence.objects}
    wrong = [
        f"receipt without object: {receipt.key}" for receipt in found if receipt.key not in by_key
    ]
    wrong += [
        f"object is not what its receipt says: {receipt.key}"
        for receipt in found
        if receipt.key in by_key and by_key[receipt.key].digest != receipt.digest
    ]
    keys = {receipt.key for receipt in found}
    wrong += [f"object without receipt: {key}" for key in by_key if key not in keys]
    wrong += [
        f"object under a wrong name: {stored.key}"
        for stored in evidence.objects
        if f"~{stored.digest[:32]}.dcm" not in stored.key or not stored.zero_preamble
    ]
    return wrong


def _index(evidence: Evidence, found: list[Receipt]) -> list[str]:
    rows = {(row.sop, row.digest): row for row in evidence.rows}
    wrong = _repeated((f"{row.sop} {row.digest}" for row in evidence.rows), "row")
    wrong += [
        f"receipt without row: {receipt.sop}"
        for receipt in found
        if (receipt.sop, receipt.digest) not in rows
    ]
    known = {(receipt.sop, receipt.digest) for receipt in found}
    wrong += [
        f"row without receipt: {row.sop}"
        for row in evidence.rows
        if (row.sop, row.digest) not in known
    ]
    shown = [row.sop for row in evidence.rows if row.current and not row.held and not row.deleted]
    wrong += _repeated(shown, "shown")
    wrong += [
        f"row says shown, search does not: {sop}" for sop in set(shown) - set(evidence.searchable)
    ]
    wrong += [
        f"search shows what no row says: {sop}" for sop in set(evidence.searchable) - set(shown)
    ]
    counts = Counter(
        row.study for row in evidence.rows if row.current and not row.held and not row.deleted
    )
    wrong += [
        f"study {study} says {said} instances and has {counts.get(study, 0)}"
        for study, said in evidence.study_counts.items()
        if said != counts.get(study, 0)
    ]
    return wrong


def told(events: Iterable[Said]) -> dict[tuple[str, str, int], list[Said]]:
    """What was said, by stream and partition."""
    found: dict[tuple[str, str, int], list[Said]] = {}
    for said in events:
        found.setdefault((said.node, said.epoch, said.partition), []).append(said)
    return found


def naming(receipt: Receipt, by_lane: dict[tuple[str, str, int], list[Said]]) -> list[Said]:
    """The events that name a receipt: of its stream and partition, around its commit and version."""
    line = receipt.line
    lane = by_lane.get((line.node, line.epoch, zlib.crc32(receipt.study.encode()) % 64), [])
    return [
        said
        for said in lane
        if said.first <= line.sequence <= said.last
        and said.first_version <= line.version <= said.last_version
    ]


def untold(events: Iterable[Said], found: Iterable[Receipt]) -> list[str]:
    """Receipts that no event names."""
    by_lane = told(events)
    return [
        f"no event names {receipt.line.node}-{receipt.line.epoch} {receipt.line.sequence}: {receipt.sop}"
        for receipt in found
        if not naming(receipt, by_lane)
    ]


def _events(evidence: Evidence, found: list[Receipt]) -> list[str]:
    if evidence.events is None:
        return []
    wrong = untold(evidence.events, found)
    wrong += _repeated((said.id for said in evidence.events), "event said")
    ends: dict[tuple[str, str], int] = {}
    for line in evidence.journal:
        ends[line.node, line.epoch] = max(ends.get((line.node, line.epoch), 0), line.sequence)
    wrong += [
        f"event names what no journal has: {said.node}-{said.epoch} {said.last}"
        for said in evidence.events
        if said.last > ends.get((said.node, said.epoch), 0)
    ]
    return wrong


def _arrived(evidence: Evidence) -> list[str]:
    if evidence.arrived is None:
        return []
    shown = {row.study for row in evidence.rows if row.current and not row.held and not row.deleted}
    return _repeated(evidence.arrived, "study arrived") + [
        f"study never arrived: {study}" for study in shown - set(evidence.arrived)
    ]


def _ae_list(evidence: Evidence) -> list[str]:
    if evidence.ae_list is None:
        return []
    return [
        f"the AE list shows {title} otherwise than the journal"
        for title, lines in ae_lines(evidence.journal).items()
        if evidence.ae_list.get(title, []) != lines
    ]


def check(evidence: Evidence) -> list[str]:
    """All that is wrong, in sentences; empty when every promise was kept."""
    found = receipts(evidence.journal)
    received = {receipt.sop for receipt in found}
    wrong = [
        f"acknowledged without receipt: {sop}"
        for sop in evidence.acknowledged
        if sop not in received
    ]
    findable = Counter(evidence.searchable) + Counter(evidence.held)
    wrong += [
        f"acknowledged, but {findable[sop]} times searchable or held: {sop}"
        for sop in set(evidence.acknowledged)
        if findable[sop] != 1
    ]
    wrong += _repeated(evidence.searchable, "searchable")
    return (
        wrong
        + gaps(evidence.journal)
        + _objects(evidence, found)
        + _index(evidence, found)
        + _events(evidence, found)
        + _arrived(evidence)
        + _ae_list(evidence)
    )
