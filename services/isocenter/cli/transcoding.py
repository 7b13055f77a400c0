"""`isocenter transcode`: make what is streamed now, and not when its turn comes."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import click

from isocenter.cli import show
from isocenter.cli.client import Platform, Refused
from isocenter.cli.dicomweb_source import DicomwebSource
from isocenter.cli.progress import progress

PARALLEL = 2  # studies asked for at once: one is read while another is encoded
TIMEOUT_S = 3_600.0
AWAY = 503
AGAIN_S = 1.0
PATIENCE_S = 120.0


def patiently(platform: Platform, path: str) -> dict[str, int]:
    """Ask; a transcoder that is being started again is waited for, as long as `PATIENCE_S`."""
    end_s = time.monotonic() + PATIENCE_S
    while True:
        try:
            made: dict[str, int] = platform.call("POST", path, timeout=TIMEOUT_S)
        except Refused as error:
            if error.status != AWAY or time.monotonic() > end_s:
                raise
            time.sleep(AGAIN_S)
        else:
            return made


@click.command("transcode")
@click.argument("studies", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every study of the archive.")
@click.pass_obj
def transcode(platform: Platform, /, studies: tuple[str, ...], everything: bool) -> None:
    """Make streaming renditions of STUDIES (their UIDs) now: HTJ2K frames, each proven to hold the stored samples.

    The platform makes them by itself as studies arrive, and of what was there before when nothing else is to be done.
    What exists is not made again, so an interrupted run goes on where it was.
    """
    if bool(studies) == everything:
        raise click.UsageError("name studies, or --all")
    urgency = "backfill" if everything else "reading"
    if everything:
        with closing(DicomwebSource(platform.http("/dicom-web"))) as archive:
            studies = tuple(archive.studies())

    def make(study: str) -> dict[str, int]:
        return patiently(platform, f"/api/studies/{study}/renditions?urgency={urgency}")

    total: Counter[str] = Counter({"instances": 0, "made": 0, "as_stored": 0})
    with progress("transcoding") as step, ThreadPoolExecutor(PARALLEL) as pool:
        for number, made in enumerate(pool.map(make, studies), 1):
            total.update(made)
            step(number, len(studies))
    told = {"studies": len(studies), **total}
    sentence = (
        f"{total['instances']} instances of {len(studies)} studies: {total['made']} made now, "
        f"{total['as_stored']} stay as stored."
    )
    show.answer(told, lambda: show.console.print(sentence), in_json=platform.as_json)


COMMANDS = (transcode,)
