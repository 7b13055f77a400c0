"""`isocenter export`: studies as a folder or ZIP with a DICOMDIR, for a CD, a stick, another program."""

import shutil
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.cli.dicomweb_source import DicomwebSource, Name
from isocenter.cli.medium import Medium
from isocenter.cli.progress import progress
from isocenter.cli.reshaping import SHAPES, Shape
from isocenter.dicom.json_attributes import first, values
from isocenter.dicom.transfer_syntaxes import EXPLICIT_VR_LITTLE_ENDIAN, LOSSLESS_WRITTEN

PARALLEL = 4
SYNTAXES = {
    "as-stored": "*",
    "explicit": EXPLICIT_VR_LITTLE_ENDIAN,
    **dict(
        zip(
            ("htj2k-rpcl", "htj2k", "jpeg-ls", "jpeg-2000", "jpeg-lossless", "rle"),
            LOSSLESS_WRITTEN,
            strict=True,
        )
    ),
}
PATIENT_ID, ISSUER, NAME = "00100020", "00100021", "00100010"


def one_patient_an_id(platform: Platform, studies: tuple[str, ...]) -> None:
    """A DICOMDIR knows patients by their id alone: refuse two that share one (PS3.3 F.5.1 has no issuer to tell them).

    Also refuses studies that are not here.
    """
    known: dict[str, tuple[str, Any]] = {}
    for study in studies:
        query = {"StudyInstanceUID": study, "includefield": ISSUER}
        found = platform.call("GET", "/dicom-web/studies", params=query)
        if not found:
            raise click.ClickException(f"there is no study {study}")
        patient_id = first(found[0], PATIENT_ID)
        who = (first(found[0], ISSUER), values(found[0], NAME))
        if patient_id and known.setdefault(patient_id, who) != who:
            raise click.ClickException(
                "two of these studies have the same Patient ID, but another issuer or name: a reader of the medium "
                "would take them for one patient. Export them apart."
            )


def instances_of(
    archive: DicomwebSource, studies: tuple[str, ...], series: tuple[str, ...]
) -> list[Name]:
    """All instances; those of `series` alone when it names some."""
    found = (name for study in studies for name in archive.instances(study))
    return [name for name in found if not series or name.series in series]


def fetch(archive: DicomwebSource, name: Name, path: Path, accept: str) -> Path:
    """Write an instance to a file; raises ClickException that names it."""
    try:
        return archive.fetch(name, path, accept)
    except click.ClickException as error:
        raise click.ClickException(f"{name.sop}: {error.message}") from error


def accepted(syntax: str) -> str:
    """What is asked for so that the answer is a file in this transfer syntax."""
    syntaxes = [SYNTAXES[syntax]]
    if syntaxes[0] in LOSSLESS_WRITTEN:
        syntaxes.append(EXPLICIT_VR_LITTLE_ENDIAN)  # of what has no pixels
    return ", ".join(f"application/dicom; transfer-syntax={uid}" for uid in syntaxes)


def collect(
    archive: DicomwebSource,
    wanted: list[Name],
    syntax: str,
    incoming: Path,
    medium: Medium,
    shape: Shape,
) -> int:
    """Retrieve all onto the medium, in their shape there; returns how many its DICOMDIR cannot name."""
    unnamed = 0
    places = (incoming / str(number) for number in range(len(wanted)))
    accept = accepted(syntax)
    with progress("exporting") as step, ThreadPoolExecutor(PARALLEL) as pool:
        fetched = pool.map(
            lambda each: fetch(archive, each[0], each[1], accept), zip(wanted, places, strict=True)
        )
        for number, path in enumerate(fetched, 1):
            unnamed += sum(not medium.add(made) for made in shape.take(path))
            step(number, len(wanted))
    unnamed += sum(not medium.add(made) for made in shape.rest())
    medium.write()
    return unnamed


@contextmanager
def aside(destination: Path) -> Iterator[Path]:
    """A folder beside the destination, away again when the block ends: nobody takes half an export for a whole one."""
    part = destination.with_name(destination.name + ".part")
    try:
        part.mkdir(parents=True)
    except FileExistsError:
        raise click.ClickException(f"{part} is left of another export; remove it first") from None
    try:
        yield part
    finally:
        shutil.rmtree(part, ignore_errors=True)


def pack(folder: Path, archive: Path) -> None:
    """Move a folder's files into a ZIP, one by one, not compressed: a viewer reads them where they lie."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED, allowZip64=True) as packed:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        with progress("packing") as step:
            for number, path in enumerate(files, 1):
                packed.write(path, path.relative_to(folder))
                path.unlink()
                step(number, len(files))


@click.command("export")
@click.argument("studies", nargs=-1, required=True)
@click.argument("destination", type=click.Path(path_type=Path))
@click.option("--series", multiple=True, help="Only this series; may be given more than once.")
@click.option(
    "--transfer-syntax",
    "syntax",
    default="as-stored",
    show_default=True,
    type=click.Choice(list(SYNTAXES)),
    help="explicit: Explicit VR Little Endian, which every program reads; the others are lossless and proven.",
)
@click.option(
    "--classic",
    "shape",
    flag_value="classic",
    help="Enhanced multi-frame CT, MR, PET, XA as classic images, one a frame; pixels stay as they are.",
)
@click.option(
    "--enhanced",
    "shape",
    flag_value="enhanced",
    help="Each classic series of CT, MR, PET as one legacy converted enhanced object; pixels stay as they are.",
)
@click.pass_obj
def export(
    platform: Platform,
    /,
    studies: tuple[str, ...],
    destination: Path,
    series: tuple[str, ...],
    syntax: str,
    shape: str | None,
) -> None:
    """Export STUDIES (their UIDs) to DESTINATION, a new folder or a .zip file, with a DICOMDIR.

    Names of files and folders say nothing of the patient. Nothing is at the destination until all of it is there.
    """
    destination = destination.resolve()
    if destination.exists():
        raise click.ClickException(f"{destination} exists already")
    one_patient_an_id(platform, studies)
    with (
        closing(DicomwebSource(platform.http("/dicom-web"))) as archive,
        aside(destination) as part,
    ):
        wanted = instances_of(archive, studies, series)
        if not wanted:
            raise click.ClickException("nothing of these studies is of the series asked for")
        (part / "incoming").mkdir()
        medium = part / "medium"
        form = SHAPES[shape or "as-stored"]()
        unnamed = collect(archive, wanted, syntax, part / "incoming", Medium(medium), form)
        if destination.suffix.lower() == ".zip":
            pack(medium, part / "packed.zip")
            medium = part / "packed.zip"
        medium.rename(destination)
    told = {"studies": len(studies), "instances": len(wanted), "not_in_dicomdir": unnamed}
    if shape:
        told["converted"] = form.converted
    told_as = {**told, "destination": str(destination)}
    facts = ((name.replace("_", " "), value) for name, value in told_as.items())
    show.answer(told_as, lambda: show.facts(facts), in_json=platform.as_json)


COMMANDS = (export,)
