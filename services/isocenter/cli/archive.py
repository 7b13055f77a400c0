"""`isocenter verify`, `doctor` and `rebuild-index`: commands that look at the data folder itself."""

from dataclasses import asdict

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.embedded import offline
from isocenter.embedded.telling import tell_corrupted
from isocenter.embedded.verify import Fault
from isocenter.embedded.verify import verify as verify_objects

MARKS = {
    "good": "[green]good[/green]",
    "warning": "[yellow]warning[/yellow]",
    "bad": "[red]bad[/red]",
}


def _progress(title: str) -> Progress:
    columns = (TextColumn(title), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=show.errors, transient=True)


@click.command()
@click.argument("study", default="")
@click.pass_obj
def verify(platform: Platform, /, study: str) -> None:
    """Re-read every stored object, or those of one STUDY, and compare it with its digest.

    Works with the platform running or stopped; a running one says each fault as an event, instance.corrupted. Exit
    code 1 when an object is missing or changed.
    """
    faults: list[Fault] = []
    with (
        offline.archive(platform.layout()) as (journal, objects),
        _progress("verifying") as progress,
    ):
        task = progress.add_task("", total=None)

        def step(done: int, total: int) -> None:
            progress.update(task, completed=done, total=total)

        faults += verify_objects(journal, objects, study, step)
    tell_corrupted(platform.layout(), faults)
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
    checks = list(offline.examine(platform.layout(), newest=None if deep else 1000))
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
    with _progress("rebuilding") as progress:
        task = progress.add_task("", total=None)
        applied = 0
        for applied, total in offline.rebuild(platform.layout()):
            progress.update(task, completed=applied, total=total)
    done = f"The index was built anew from {applied} journal entries."
    show.answer(
        {"applied_entries": applied},
        lambda: show.console.print(done),
        in_json=platform.as_json,
    )


COMMANDS = (verify, doctor, rebuild_index)
