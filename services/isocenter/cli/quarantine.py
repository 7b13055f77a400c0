"""`isocenter quarantine`: what could not be accepted; its bytes are kept with a reason."""

import click

from isocenter.cli import show
from isocenter.cli.client import Platform

COLUMNS = ("digest", "reason", "what it means", "from", "bytes", "times")
FIELDS = ("digest", "reason", "message", "sender", "size_bytes", "repeats")


@click.group()
def quarantine() -> None:
    """What could not be accepted. The sender was told; the bytes are kept with a reason."""


@quarantine.command("list")
@click.option("--limit", default=100, show_default=True, type=click.IntRange(1, 1000))
@click.pass_obj
def list_quarantine(platform: Platform, /, limit: int) -> None:
    """List what is in quarantine."""
    found = platform.call("GET", "/api/quarantine", params={"limit": limit})
    lines = ([thing[name] for name in FIELDS] for thing in found)
    empty = "The quarantine is empty."
    show.answer(found, lambda: show.table(COLUMNS, lines, empty=empty), in_json=platform.as_json)


@quarantine.command("show")
@click.argument("digest")
@click.pass_obj
def show_quarantine(platform: Platform, /, digest: str) -> None:
    """Show one thing: who sent it, what is wrong, and as much of its header as can be read."""
    thing = platform.call("GET", f"/api/quarantine/{digest}")
    show.answer(thing, lambda: show.facts(thing.items()), in_json=platform.as_json)


@quarantine.command("release")
@click.argument("digest")
@click.option(
    "--force",
    is_flag=True,
    help="What was said of it beside its data set was wrong; the data set is right.",
)
@click.pass_obj
def release_quarantine(platform: Platform, /, digest: str, force: bool) -> None:
    """Try to accept it again."""
    answer = platform.call("POST", f"/api/quarantine/{digest}/release", json={"force": force})
    show.answer(
        answer, lambda: show.console.print(f"{digest}: accepted."), in_json=platform.as_json
    )


@quarantine.command("drop")
@click.argument("digest")
@click.pass_obj
def drop_quarantine(platform: Platform, /, digest: str) -> None:
    """Delete the bytes."""
    answer = platform.call("POST", f"/api/quarantine/{digest}/drop")
    show.answer(answer, lambda: show.console.print(f"{digest}: dropped."), in_json=platform.as_json)


COMMANDS = (quarantine,)
