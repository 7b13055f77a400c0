"""`isocenter delete` and `undelete`."""

import click

from isocenter.cli import show
from isocenter.cli.client import Platform

FIELDS = (
    "deletion_id",
    "study_instance_uid",
    "series_instance_uid",
    "sop_instance_uid",
    "caller",
    "reason",
)


@click.command()
@click.argument("study")
@click.argument("series", required=False)
@click.argument("instance", required=False)
@click.option("--reason", default="", help="Why, for the journal.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_obj
def delete(
    platform: Platform, study: str, series: str | None, instance: str | None, reason: str, yes: bool
) -> None:
    """Delete a STUDY, one SERIES of it, or one INSTANCE of that, by UID.

    It is gone from search and retrieve at once. The bytes go after the grace time; until then it can be undone.
    """
    path = f"/api/studies/{study}"
    path += f"/series/{series}" if series else ""
    path += f"/instances/{instance}" if instance else ""
    if not yes and not platform.as_json:
        click.confirm(f"Delete {instance or series or study}?", abort=True)
    answer = platform.call("DELETE", path, params={"reason": reason})
    done = f"Deleted. To undo: isocenter undelete {answer['deletion_id']}"
    show.answer(answer, lambda: show.console.print(done), in_json=platform.as_json)


@click.command()
@click.argument("deletion_id", required=False)
@click.pass_obj
def undelete(platform: Platform, /, deletion_id: str | None) -> None:
    """Take back a deletion in its grace time; without an id, list what can be taken back."""
    if deletion_id is None:
        found = platform.call("GET", "/api/deletions")
        lines = ([line[name] for name in FIELDS] for line in found)
        show.answer(
            found,
            lambda: show.table(FIELDS, lines, empty="Nothing is deleted."),
            in_json=platform.as_json,
        )
        return
    answer = platform.call("POST", f"/api/deletions/{deletion_id}/undo")
    show.answer(answer, lambda: show.console.print("It is back."), in_json=platform.as_json)


COMMANDS = (delete, undelete)
