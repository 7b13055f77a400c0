"""Look a platform over, whatever it is kept in, and name what is wrong, in words a person can act on."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack

from isocenter.errors import IsocenterError
from isocenter.ingest.settings import IngestSettings
from isocenter.operations import contents, machine
from isocenter.operations.findings import Check, Patient
from isocenter.operations.places import existing_archive, readable_index
from isocenter.runtime.clock import wall_ms

Look = Callable[[Patient], Iterator[Check]]
CHECKS: tuple[Look, ...] = (
    machine.clock,
    machine.disk,
    machine.spool,
    machine.folders,
    machine.running,
    contents.store,
    contents.bus,
    contents.journal,
    contents.index,
)


def examine(settings: IngestSettings, newest: int | None) -> Iterator[Check]:
    """All checks; one that cannot be done is itself a bad sign. `newest` bounds how many objects are re-read."""
    place = existing_archive(settings)
    with ExitStack() as stack:
        index = readable_index(settings)
        if index is not None:
            stack.callback(index.close)
        patient = Patient(settings, place.journal, place.objects, index, wall_ms())
        for check in CHECKS:
            yield from _done(check.__name__, check, patient)
        yield from _done("objects", lambda shown: contents.objects(shown, newest), patient)


def _done(name: str, check: Look, patient: Patient) -> Iterator[Check]:
    try:
        yield from check(patient)
    except (IsocenterError, OSError) as error:
        yield Check(name, "bad", f"cannot be checked: {error}")
