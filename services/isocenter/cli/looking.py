"""`isocenter search` and `status`: what is here, and where is my study?"""

from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.client import Platform

SHOWN = {
    "00100010": "patient",
    "00100020": "id",
    "00080020": "date",
    "00080061": "modality",
    "00081030": "description",
    "00080050": "accession",
    "00201208": "images",
    "0020000D": "study",
}


def _text(study: dict[str, Any], tag: str) -> str:
    values = study.get(tag, {}).get("Value", [])
    return ", ".join(
        "=".join(filter(None, value.values())) if isinstance(value, dict) else str(value)
        for value in values
        if value is not None
    )


@click.command()
@click.argument("words", nargs=-1)
@click.option("--name", help="Patient's name; * and ? are wild cards.")
@click.option("--text", help="Words that begin any text of the study: names, ids, descriptions.")
@click.option("--patient-id", help="Patient ID.")
@click.option("--accession", help="Accession number.")
@click.option("--date", help="Study date, 20260131 or a range 20260101-20260131.")
@click.option("--modality", help="Modality, for example CT.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1, 1000))
@click.pass_obj
def search(platform: Platform, /, words: tuple[str, ...], limit: int, **keys: str | None) -> None:
    """Search studies. WORDS are looked for in the patient's name, in their order."""
    names = {
        "name": "PatientName",
        "text": "q",
        "patient_id": "PatientID",
        "accession": "AccessionNumber",
        "date": "StudyDate",
        "modality": "ModalitiesInStudy",
    }
    parameters = {names[key]: value for key, value in keys.items() if value}
    if words:
        parameters["PatientName"] = f"*{'*'.join(words)}*"
    query = {**parameters, "limit": str(limit), "includefield": "00081030"}
    found = platform.call("GET", "/dicom-web/studies", params=query) or []
    lines = ([_text(study, tag) for tag in SHOWN] for study in found)
    show.answer(
        found,
        lambda: show.table(list(SHOWN.values()), lines, empty="Nothing matches."),
        in_json=platform.as_json,
    )


@click.command()
@click.argument("study", required=False)
@click.pass_obj
def status(platform: Platform, /, study: str | None) -> None:
    """Tell the platform's state, or where a STUDY is: received, indexed, completed, findings, held."""
    answer = platform.call("GET", f"/api/studies/{study}/status" if study else "/api/state")
    facts = ((name.replace("_", " "), value) for name, value in answer.items())
    show.answer(answer, lambda: show.facts(facts), in_json=platform.as_json)


COMMANDS = (search, status)
