"""`isocenter correct`, `move`, `merge`, `history` and `undo`."""

from datetime import UTC, datetime
from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.dicom.attributes import keyword_of
from isocenter.dicom.json_attributes import text_of

CORRECTED = "/api/corrections/studies"
HEAD = ("entry", "when", "what", "of", "caller", "reason", "undone")
REASON = click.option("--reason", default="", help="Why, for the journal.")
YES = click.option("--yes", is_flag=True, help="Do not ask.")


@click.command()
@click.argument("study")
@click.argument("series", required=False)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    required=True,
    metavar="ATTRIBUTE=VALUE",
    help="A keyword or eight digits, and the right value; without one the attribute is emptied. May be repeated.",
)
@click.option(
    "--patient", is_flag=True, help="All studies of this study's patient, also those still to come."
)
@REASON
@click.pass_obj
def correct(
    platform: Platform,
    study: str,
    series: str | None,
    pairs: tuple[str, ...],
    patient: bool,
    reason: str,
) -> None:
    """Show other values for attributes of a STUDY, of one SERIES of it, or of its patient, by UID.

    It is so in every answer, and for what arrives later too. Stored bytes stay as they are.
    """
    if series and patient:
        raise click.UsageError("a series has no patient of its own")
    path = f"{CORRECTED}/{study}"
    path += f"/series/{series}" if series else ""
    path += "/patient" if patient else ""
    body = {"set": dict(map(_pair, pairs)), "reason": reason}
    _told(platform, platform.call("POST", path, json=body), "Corrected")


@click.command()
@click.argument("study")
@click.option(
    "--to-patient-of", required=True, metavar="STUDY", help="A study of the right patient, by UID."
)
@REASON
@YES
@click.pass_obj
def move(platform: Platform, study: str, to_patient_of: str, reason: str, yes: bool) -> None:
    """Show a STUDY as another patient's: id, name, birth date and sex become those of that patient."""
    if not yes and not platform.as_json:
        _ask(platform, f"Move {study}", to_patient_of)
    body = {"to_patient_of": to_patient_of, "reason": reason}
    _told(platform, platform.call("POST", f"{CORRECTED}/{study}/move", json=body), "Moved")


@click.command()
@click.argument("study")
@click.option(
    "--into-patient-of", required=True, metavar="STUDY", help="A study of the patient that stays."
)
@REASON
@YES
@click.pass_obj
def merge(platform: Platform, study: str, into_patient_of: str, reason: str, yes: bool) -> None:
    """Show all studies of a STUDY's patient as another patient's, also those still to come."""
    if not yes and not platform.as_json:
        _ask(platform, f"Merge the patient of {study}", into_patient_of)
    body = {"to_patient_of": into_patient_of, "reason": reason}
    path = f"{CORRECTED}/{study}/patient/merge"
    _told(platform, platform.call("POST", path, json=body), "Merged")


@click.command()
@click.argument("study")
@click.pass_obj
def history(platform: Platform, study: str) -> None:
    """Show what was corrected of a STUDY and its patient, and what was taken back."""
    found = platform.call("GET", f"{CORRECTED}/{study}")
    show.answer(
        found,
        lambda: show.table(HEAD, map(_line, found), empty="Nothing was corrected."),
        in_json=platform.as_json,
    )


@click.command()
@click.argument("entry")
@click.pass_obj
def undo(platform: Platform, entry: str) -> None:
    """Take a correction back, by its ENTRY in the history: every answer is as if it had not been made."""
    answer = platform.call("POST", f"/api/corrections/{entry}/undo")
    show.answer(answer, lambda: show.console.print("Taken back."), in_json=platform.as_json)


def _pair(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign or not name:
        raise click.UsageError(f"--set {text}: an attribute, =, and a value")
    return name, value


def _ask(platform: Platform, what: str, other: str) -> None:
    """Show whose it becomes before it is done."""
    found = platform.call("GET", "/dicom-web/studies", params={"StudyInstanceUID": other})
    patient = found[0] if found else {}
    names = [_first(patient, tag) for tag in ("00100020", "00100021", "00100010", "00100030")]
    click.confirm(f"{what} to {', '.join(filter(None, names)) or other}?", abort=True)


def _first(document: dict[str, Any], tag: str) -> str:
    return text_of(next(iter(document.get(tag, {}).get("Value", [])), None))


def _told(platform: Platform, answer: dict[str, Any], what: str) -> None:
    done = f"{what}. To undo: isocenter undo {answer['correction_id']}"
    show.answer(answer, lambda: show.console.print(done), in_json=platform.as_json)


def _line(one: dict[str, Any]) -> list[str]:
    of = one["series_instance_uid"] and f"series {one['series_instance_uid']}"
    return [
        one["correction_id"],
        _when(one["made_ms"]),
        f"{one['action']}: {_values(one['attributes'])}",
        of or ("patient" if one["patient"] else "study"),
        one["caller"],
        one["reason"],
        f"{_when(one['undone_ms'])} by {one['undone_by']}" if one["undone_ms"] else "",
    ]


def _when(milliseconds: int) -> str:
    return f"{datetime.fromtimestamp(milliseconds / 1000, UTC):%Y-%m-%d %H:%M:%S}"


def _values(attributes: dict[str, Any]) -> str:
    texts = (
        f"{keyword_of(int(tag, 16)) or tag}={'/'.join(map(text_of, element.get('Value', [])))}"
        for tag, element in attributes.items()
    )
    return ", ".join(texts)


COMMANDS = (correct, move, merge, history, undo)
