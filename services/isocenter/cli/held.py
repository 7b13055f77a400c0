"""`isocenter held`: instances whose identity disagrees with what stands; a person decides."""

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.cli.correcting import CORRECTED

COLUMNS = ("hold", "reason", "instance", "came as study", "stands in study")
FIELDS = (
    "hold_id",
    "reason",
    "sop_instance_uid",
    "study_instance_uid",
    "standing_study_instance_uid",
)


@click.group()
def held() -> None:
    """Instances whose identity disagrees with what is here. Nobody sees them until a person decides."""


@held.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@click.pass_obj
def list_held(platform: Platform, /, limit: int) -> None:
    """List what is held, with who stands in the way and why."""
    found = platform.call("GET", "/api/held", params={"limit": limit})
    lines = ([hold[name] for name in FIELDS] for hold in found)
    show.answer(
        found,
        lambda: show.table(COLUMNS, lines, empty="Nothing is held."),
        in_json=platform.as_json,
    )


@held.command("show")
@click.argument("hold_id")
@click.pass_obj
def show_held(platform: Platform, /, hold_id: str) -> None:
    """Show one hold."""
    hold = platform.call("GET", f"/api/held/{hold_id}")
    show.answer(hold, lambda: show.facts(hold.items()), in_json=platform.as_json)


def _handle(platform: Platform, hold_id: str, action: str, reason: str) -> None:
    answer = platform.call("POST", f"/api/held/{hold_id}/{action}", json={"reason": reason})
    done = f"{hold_id}: {action} is done and in the journal."
    show.answer(answer, lambda: show.console.print(done), in_json=platform.as_json)


@held.command("release")
@click.argument("hold_id")
@click.option("--reason", default="", help="Why, for the journal.")
@click.pass_obj
def release_held(platform: Platform, /, hold_id: str, reason: str) -> None:
    """Show it after all: it is the same patient and study."""
    _handle(platform, hold_id, "release", reason)


@held.command("link")
@click.argument("hold_id")
@click.option("--reason", default="", help="Why, for the journal.")
@click.pass_obj
def link_held(platform: Platform, /, hold_id: str, reason: str) -> None:
    """Show it as the study's patient: both are the same person.

    All that comes under this study's UID is shown as that patient's from now on.
    """
    hold = platform.call("GET", f"/api/held/{hold_id}")
    if not hold["reason"].endswith("_under_other_patient"):
        raise click.ClickException("only what came for another patient can be linked")
    study = hold["study_instance_uid"]
    body = {"to_patient_of": study, "reason": reason}
    platform.call("POST", f"{CORRECTED}/{study}/move", json=body)
    _handle(platform, hold_id, "release", reason)


@held.command("drop")
@click.argument("hold_id")
@click.option("--reason", default="", help="Why, for the journal.")
@click.pass_obj
def drop_held(platform: Platform, /, hold_id: str, reason: str) -> None:
    """Never show it."""
    _handle(platform, hold_id, "drop", reason)


COMMANDS = (held,)
