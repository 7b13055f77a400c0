"""Look a data folder over and name what is wrong, in words a person can act on."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

import httpx

from isocenter.embedded.layout import Layout
from isocenter.embedded.verify import verify
from isocenter.errors import IsocenterError
from isocenter.events.versions import version_ms
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal, commits_behind
from isocenter.ports.objects import ObjectStore

CLOCK_TOLERANCE_MS = 60_000
MANY_COMMITS = 1_000
# no machine that runs this has a clock that says so
EARLIEST_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at."""

    name: str
    state: Literal["good", "warning", "bad"]
    message: str


@dataclass(frozen=True, slots=True)
class Patient:
    """What the doctor is shown. `index` is absent when it cannot be opened."""

    layout: Layout
    journal: Journal
    objects: ObjectStore
    index: IndexReader | None
    now_ms: int
    low_mark_bytes: int
    hard_mark_bytes: int


def clock(patient: Patient) -> Iterator[Check]:
    """The wall clock against the newest entry: versions never go back, so a clock that does is seen here."""
    newest_ms = version_ms(patient.journal.latest_version())
    behind_ms = newest_ms - patient.now_ms
    if patient.now_ms < EARLIEST_MS:
        yield Check(
            "clock",
            "bad",
            "the clock says a time before this software was written: set it, or start NTP",
        )
    elif behind_ms > CLOCK_TOLERANCE_MS:
        yield Check(
            "clock",
            "bad",
            f"the clock is {behind_ms // 1000} s behind the newest journal entry: it was set back, or ran ahead "
            "when that was written. Order is kept; times shown are wrong until it is right",
        )
    else:
        yield Check("clock", "good", "not behind the journal")


def disk(patient: Patient) -> Iterator[Check]:
    """Room on the volume against the marks at which senders are refused."""
    usage = shutil.disk_usage(patient.layout.data)
    free = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB"
    if usage.free < patient.hard_mark_bytes:
        yield Check(
            "disk", "bad", f"{free}: full, nothing is accepted any more (C-STORE answers A700)"
        )
    elif usage.free < patient.low_mark_bytes:
        yield Check("disk", "warning", f"{free}: nearly full, new associations are refused")
    else:
        yield Check("disk", "good", free)


def folders(patient: Patient) -> Iterator[Check]:
    """Who can read the data folder."""
    mode = patient.layout.data.stat().st_mode & 0o077
    writable = os.access(patient.layout.archive, os.W_OK)
    if not writable:
        yield Check("folders", "bad", f"{patient.layout.archive} cannot be written")
    elif mode & 0o007:
        yield Check(
            "folders",
            "warning",
            f"{patient.layout.data} is open to everybody on this machine: chmod 700",
        )
    else:
        yield Check("folders", "good", "only their owner can read them")


def running(patient: Patient) -> Iterator[Check]:
    """Whether a platform runs on the folder and answers."""
    try:
        url = json.loads(patient.layout.address_file.read_text())["url"]
        answer = httpx.get(f"{url}/api/state", timeout=5, trust_env=False)
    except FileNotFoundError:
        yield Check("running", "good", "no platform runs on this folder now")
    except (OSError, ValueError, KeyError, httpx.HTTPError) as error:
        yield Check(
            "running", "bad", f"the platform should run but does not answer: {type(error).__name__}"
        )
    else:
        refused = answer.status_code in (401, 403)  # beyond loopback it asks who we are
        yield Check(
            "running",
            "good" if answer.is_success or refused else "bad",
            f"{url} answers with {answer.status_code}",
        )


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


def examine(patient: Patient, newest: int | None) -> Iterator[Check]:
    """All checks; one that cannot be done is itself a bad sign."""
    checks: list[Callable[[Patient], Iterator[Check]]] = [clock, disk, folders, running, index]
    checks.append(lambda shown: objects(shown, newest))
    for check in checks:
        try:
            yield from check(patient)
        except (IsocenterError, OSError) as error:
            name = getattr(check, "__name__", "objects")
            yield Check(
                name if name != "<lambda>" else "objects", "bad", f"cannot be checked: {error}"
            )
