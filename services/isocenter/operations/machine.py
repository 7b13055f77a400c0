"""The doctor's looks at this machine: clock, room, folders, and whether a platform runs."""

import json
import os
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime

import httpx

from isocenter.events.versions import version_ms
from isocenter.operations.findings import Check, Patient
from isocenter.operations.places import folder_of

CLOCK_TOLERANCE_MS = 60_000
# no machine that runs this has a clock that says so
EARLIEST_MS = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp() * 1000)


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
    """Room on this machine against the marks at which senders are refused: for the objects, or for their spool."""
    settings = patient.settings
    objects = folder_of(settings.objects_url)
    folder = settings.spool_folder if objects is None else objects
    while not folder.exists():
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    free = f"{usage.free / 1e9:.1f} GB free of {usage.total / 1e9:.1f} GB"
    if usage.free < settings.hard_mark_bytes:
        yield Check(
            "disk", "bad", f"{free}: full, nothing is accepted any more (C-STORE answers A700)"
        )
    elif usage.free < settings.low_mark_bytes:
        yield Check("disk", "warning", f"{free}: nearly full, new associations are refused")
    else:
        yield Check("disk", "good", free)


def spool(patient: Patient) -> Iterator[Check]:
    """What was received and did not reach the store: its owner died, and it goes when that process starts again."""
    settings = patient.settings
    if folder_of(settings.objects_url) is not None or not settings.spool_folder.is_dir():
        return
    sizes = [path.stat().st_size for path in settings.spool_folder.rglob("*") if path.is_file()]
    yield Check("spool", "good", f"{len(sizes)} files, {sum(sizes) / 1e6:.1f} MB")


def folders(patient: Patient) -> Iterator[Check]:
    """Who can read the data folder, where the archive is in one."""
    archive = folder_of(patient.settings.objects_url)
    if archive is None:
        return
    mode = patient.layout.data.stat().st_mode & 0o077
    if not os.access(archive, os.W_OK):
        yield Check("folders", "bad", f"{archive} cannot be written")
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
