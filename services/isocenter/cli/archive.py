"""`isocenter verify`, `doctor` and `rebuild-index`: commands that look at what is kept, in a folder or on servers."""

from dataclasses import asdict

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.cli.progress import progress
from isocenter.indexer.settings import IndexerSettings
from isocenter.ingest.settings import IngestSettings
from isocenter.operations.doctor import examine
from isocenter.operations.places import existing_archive
from isocenter.operations.rebuilding import rebuild
from isocenter.operations.settings import OperationsSettings
from isocenter.operations.telling import tell_corrupted
from isocenter.operations.verify import Fault
from isocenter.operations.verify import verify as verify_objects
from isocenter.runtime import log

MARKS = {
    "good": "[green]good[/green]",
    "warning": "[yellow]warning[/yellow]",
    "bad": "[red]bad[/red]",
}


@click.command()
@click.argument("study", default="")
@click.pass_obj
def verify(platform: Platform, /, study: str) -> None:
    """Re-read every stored object, or those of one STUDY, and compare it with its digest.

    Works with the platform running or stopped; a running one says each fault as an event, instance.corrupted. Exit
    code 1 when an object is missing or changed.
    """
    settings = platform.settings(OperationsSettings)
    place = existing_archive(settings)
    faults: list[Fault] = []
    with progress("verifying") as step:
        faults += verify_objects(place.journal, place.objects, study, step)
    tell_corrupted(settings, faults)
    if platform.as_json:
        show.as_json([asdict(fault) for fault in faults])
    else:
        lines = ([fault.fault, fault.object_key] for fault in faults)
        show.table(("fault", "object"), lines, empty="Every object is there and has its digest.")
    if faults:
        raise SystemExit(1)


@click.command()
@click.option("--deep", is_flag=True, help="Re-read every object, not only the newest 1,000.")
@click.pass_obj
def doctor(platform: Platform, /, deep: bool) -> None:
    """Look the platform over: clock, disk, folders, processes, index, objects.

    Exit code 1 when something is bad.
    """
    checks = list(examine(platform.settings(IngestSettings), newest=None if deep else 1000))
    if platform.as_json:
        show.as_json([asdict(check) for check in checks])
    else:
        show.table(
            ("what", "state", "found"),
            ([check.name, MARKS[check.state], check.message] for check in checks),
            empty="",
        )
    if any(check.state == "bad" for check in checks):
        raise SystemExit(1)


@click.command("rebuild-index")
@click.pass_obj
def rebuild_index(platform: Platform, /) -> None:
    """Build the search index anew from the journal. A running platform goes on serving meanwhile."""
    log.configure("rebuild-index", level="error")
    with progress("rebuilding") as step:
        applied = rebuild(platform.settings(IndexerSettings), step)
    done = f"The index was built anew from {applied} journal entries."
    show.answer(
        {"applied_entries": applied},
        lambda: show.console.print(done),
        in_json=platform.as_json,
    )


COMMANDS = (verify, doctor, rebuild_index)
