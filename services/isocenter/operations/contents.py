"""The doctor's looks at what is kept: store, broker, journal, index, objects."""

import asyncio
from collections.abc import Iterator

from isocenter.adapters.open import BusState, bus_state, open_bus, probe_objects
from isocenter.errors import Corrupted, IsocenterError, NotFound, Unavailable
from isocenter.operations.brokers import BrokerAccess, bus_of
from isocenter.operations.findings import Check, Patient
from isocenter.operations.places import folder_of
from isocenter.operations.verify import verify
from isocenter.ports.journal import commits_behind

BUS_TIMEOUT_S = 10.0
MANY_EVENTS = 10_000
MANY_COMMITS = 1_000


def store(patient: Patient) -> Iterator[Check]:
    """What the object store can do, tried out; a folder needs no trial. A store that lies is told as such."""
    if folder_of(patient.settings.objects_url) is not None:
        return
    warnings = probe_objects(patient.objects)
    yield from (Check("store", "warning", warning) for warning in warnings)
    if not warnings:
        yield Check("store", "good", "it does what it says")


def bus(patient: Patient) -> Iterator[Check]:
    """What the broker holds: streams, events that wait, events nobody could handle."""
    access = bus_of(patient.settings)
    if access is None:
        return
    state = asyncio.run(_asked(access))
    if state is None:
        return
    behind = {name: lag for name, lag in state.lags.items() if lag >= MANY_EVENTS}
    for name, lag in sorted(behind.items()):
        yield Check("bus", "warning", f"{lag} events wait for {name}")
    if state.dead_letters:
        yield Check("bus", "warning", f"{state.dead_letters} events could not be handled")
    if state.missing:
        names = ", ".join(state.missing)
        yield Check(
            "bus", "warning", f"no stream {names}: made by the first event, or a lost store"
        )
    if not behind and not state.dead_letters and not state.missing:
        yield Check("bus", "good", f"{sum(state.lags.values())} events wait")


async def _asked(access: BrokerAccess) -> BusState | None:
    opened = open_bus(**access)
    try:
        return await asyncio.wait_for(bus_state(opened), BUS_TIMEOUT_S)
    except TimeoutError:
        raise Unavailable("the broker does not answer") from None
    finally:
        await opened.close()


def journal(patient: Patient) -> Iterator[Check]:
    """Every commit is read: a damaged one is named, and one that is missing between others."""
    ends = patient.journal.ends()
    damaged = 0
    for stream, end in sorted(ends.items()):
        try:
            for _ in patient.journal.read(stream, through=end):
                pass
        except (Corrupted, NotFound) as error:
            damaged += 1
            place = error.fields.get("sequence", "?")
            yield Check(
                "journal",
                "bad",
                f"{stream.node}-{stream.epoch}, commit {place}: {error.message or 'missing'}",
            )
    if not damaged:
        commits = sum(ends.values())
        yield Check("journal", "good", f"{commits} commits in {len(ends)} streams, without a gap")


def index(patient: Patient) -> Iterator[Check]:
    """How far the index is behind the journal."""
    if patient.index is None:
        yield Check("index", "bad", "the index cannot be opened: run `isocenter rebuild-index`")
        return
    try:
        applied = patient.index.positions()
    except IsocenterError as error:
        yield Check(
            "index",
            "bad",
            f"the index cannot be read ({error.reason}): run `isocenter rebuild-index`",
        )
        return
    ends = {s: end for s, end in patient.journal.ends().items() if not s.is_audit}
    behind = commits_behind(ends, applied)
    yield Check(
        "index",
        "good" if behind < MANY_COMMITS else "warning",
        f"{behind} commits of {len(ends)} journal streams are not applied yet"
        if behind
        else f"all {len(ends)} journal streams are applied",
    )


def objects(patient: Patient, newest: int | None) -> Iterator[Check]:
    """Re-read objects: the newest so many, or all."""
    found = list(verify(patient.journal, patient.objects, newest=newest))
    for fault in found:
        what = (
            "is missing"
            if fault.fault == "missing"
            else "differs from its digest (a flipped bit is enough)"
        )
        yield Check("objects", "bad", f"{fault.object_key} {what}")
    if not found:
        which = "all" if newest is None else f"the newest {newest} at most"
        yield Check("objects", "good", f"re-read {which}: each has its digest")
