"""`isocenter series`: what a study consists of, as a radiologist would hang it."""

from collections.abc import Iterator
from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.client import Platform

COLUMNS = ("label", "instances", "stacks", "spacing (mm)", "warnings", "series")


def _lines(found: list[dict[str, Any]]) -> Iterator[tuple[Any, ...]]:
    for one in found:
        yield (
            one["label"],
            len(one["instances"]),
            len(_stacks(one)),
            one["spacingMm"],
            "; ".join(warning["message"] for warning in one["warnings"]),
            one["seriesInstanceUID"],
        )


def _stacks(series: dict[str, Any]) -> set[int]:
    return {
        place["stack"]
        for instance in series["instances"]
        for place in instance.get("frameOrder", [instance])
    }


@click.command()
@click.argument("study")
@click.pass_obj
def series(platform: Platform, /, study: str) -> None:
    """Tell the series of a STUDY (its UID) in the order they are read in, and what is odd about their geometry."""
    answer = platform.call("GET", f"/api/studies/{study}/arrangement")
    show.answer(
        answer,
        lambda: show.table(COLUMNS, _lines(answer["series"]), empty="Nothing is here."),
        in_json=platform.as_json,
    )


COMMANDS = (series,)
