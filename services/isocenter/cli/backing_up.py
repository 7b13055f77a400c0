"""`isocenter backup` and `restore`."""

from dataclasses import asdict

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.cli.progress import progress
from isocenter.indexer.settings import IndexerSettings
from isocenter.operations.backup import Backup, Report, Source
from isocenter.operations.places import backup_store, existing_archive
from isocenter.operations.proving import prove
from isocenter.operations.restoring import restore_all
from isocenter.operations.settings import OperationsSettings
from isocenter.operations.verify import Fault
from isocenter.runtime import log
from isocenter.runtime.clock import HybridClock


@click.command()
@click.argument("destination")
@click.option("--verify", is_flag=True, help="Copy nothing: read the backup again, all of it.")
@click.pass_obj
def backup(platform: Platform, /, destination: str, verify: bool) -> None:
    """Copy objects and journal to DESTINATION, a folder or file:// or s3+https:// URL; the platform may run.

    Run again it copies what is new. A bucket's keys are ISOCENTER_BACKUP_ACCESS_KEY and ISOCENTER_BACKUP_SECRET_KEY,
    or else those of the objects. Secrets (secrets.json, private keys) stay out. Exit code 1 when something is
    missing or damaged.
    """
    settings = platform.settings(OperationsSettings)
    if verify:
        _verify(platform, destination, settings)
        return
    place = existing_archive(settings)
    store = backup_store(destination, settings, must_exist=False)
    source = Source(settings.site, place.journal, place.objects, settings.config_folder)
    with progress("backing up") as step:
        report = Backup(source, store, place.clock, step).run()
    show.answer(asdict(report), lambda: _tell(report), in_json=platform.as_json)
    if report.lacking:
        raise SystemExit(1)


def _tell(report: Report) -> None:
    size = f"{report.copied_bytes / 1e6:.1f} MB"
    show.console.print(
        f"{report.copied_objects} objects ({size}) and {report.commits} journal commits were copied."
    )
    if report.removed_objects:
        show.console.print(f"{report.removed_objects} objects that were purged went from it.")
    if report.left_out:
        show.console.print(f"Left out, keep them elsewhere: {', '.join(report.left_out)}.")
    for key in report.lacking:
        show.errors.print(f"[red]missing or damaged, not copied:[/red] {key}")


def _verify(platform: Platform, place: str, settings: OperationsSettings) -> None:
    store = backup_store(place, settings, must_exist=True)
    with progress("verifying") as step:
        faults = list(prove(store, HybridClock(), step))
    _tell_faults(platform, faults, "Every file and object of the backup has its digest.")


def _tell_faults(platform: Platform, faults: list[Fault], good: str) -> None:
    if platform.as_json:
        show.as_json([asdict(fault) for fault in faults])
    else:
        lines = ([fault.fault, fault.object_key] for fault in faults)
        show.table(("fault", "object"), lines, empty=good)
    if faults:
        raise SystemExit(1)


@click.command()
@click.argument("source")
@click.pass_obj
def restore(platform: Platform, /, source: str) -> None:
    """Copy a backup from SOURCE into empty back-ends of either profile, and build the index; nothing may run on them.

    Where to: the data folder, or what ISOCENTER_OBJECTS_URL, ISOCENTER_JOURNAL_URL and ISOCENTER_INDEX_URL name.
    Killed, it goes on when it is run again. Exit code 1 when an object of the backup is missing or
    damaged; the rest is there.
    """
    log.configure("restore", level="error")
    settings = platform.settings(OperationsSettings)
    with progress("restoring") as step:
        done = restore_all(source, settings, platform.settings(IndexerSettings), step)
    if not platform.as_json:
        show.console.print(f"{done.copied_objects} objects and {done.commits} commits restored.")
        for name in done.stayed:
            show.console.print(f"{name} was there already and stayed as it was.")
        for name in done.left_out:
            show.console.print(f"{name} is in no backup: put it into {settings.config_folder}.")
    _tell_faults(platform, done.faults, "The index was built anew. Start the platform.")


COMMANDS = (backup, restore)
