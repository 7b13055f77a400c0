"""`isocenter pull`: bring over what another archive has, and hold the two against each other at the end."""

import hashlib
import tempfile
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import click
import httpx

from isocenter.cli.client import Platform
from isocenter.cli.dicomweb_source import DicomwebSource, Name, other_archive
from isocenter.cli.dimse_source import Archive, DimseSource
from isocenter.cli.import_sources import Source
from isocenter.cli.importing import send
from isocenter.cli.moving import Moving
from isocenter.cli.progress import progress
from isocenter.cli.pulled import Pulled, digest_of, report
from isocenter.errors import IsocenterError
from isocenter.ingest.lane import LOST

PARALLEL = 4
FOUND_WITHIN_S = 10.0
PAUSE_S = 0.2


class Pull:
    """One run over one source."""

    def __init__(self, platform: Platform, source: DicomwebSource, folder: Path) -> None:
        self._platform = platform
        self._source = source
        self._here = DicomwebSource(platform.http("/dicom-web"))
        self._client = platform.http()
        self._folder = folder
        self.pulled = Pulled()

    def close(self) -> None:
        """Let go of connections."""
        self._here.close()
        self._client.close()

    def study(self, study: str) -> None:
        """Bring over what of a study is not here, then compare the two lists."""
        wanted = self._source.instances(study)
        here = self._known(study)
        missing = [name for name in wanted if name.sop not in here]
        self.pulled.counts["here_already"] += len(wanted) - len(missing)
        with ThreadPoolExecutor(PARALLEL) as pool:
            answers = list(pool.map(self._bring, missing))
        for name, (status, message) in zip(missing, answers, strict=True):
            if status in ("stored", "duplicate"):
                self.pulled.counts["stored"] += 1
            else:
                self.pulled.tell(name.sop, status, message)

    def verify(self, study: str) -> None:
        """Read every instance of a study at both ends, and tell those whose bytes differ."""
        with ThreadPoolExecutor(PARALLEL) as pool:
            names = self._source.instances(study)
            self._wait_for(study, {name.sop for name in names})
            for name, told in zip(names, pool.map(self._compared, names), strict=True):
                if told:
                    self.pulled.tell(name.sop, *told)
                else:
                    self.pulled.counts["verified"] += 1

    def _wait_for(self, study: str, sops: set[str]) -> None:
        """What was stored a moment ago can be found a moment later."""
        ends_at = time.monotonic() + FOUND_WITHIN_S
        while sops - self._known(study) and time.monotonic() < ends_at:
            time.sleep(PAUSE_S)

    def _known(self, study: str) -> set[str]:
        try:
            return {name.sop for name in self._here.instances(study)}
        except click.ClickException:  # no such study yet
            return set()

    def _bring(self, name: Name) -> tuple[str, str]:
        path = self._folder / hashlib.sha256(name.path.encode()).hexdigest()[:32]
        try:
            self._source.fetch(name, path)
            size = path.stat().st_size
            answer = send(self._client, Source(name.sop, name.sop, size, lambda: path.open("rb")))
            told = str(answer.get("sop_instance_uid", ""))
            if told and told != name.sop:
                return "another_instance", f"what came is {told}"
            return str(answer["status"]), str(answer.get("message", ""))
        except click.ClickException as error:
            return "not_given", error.message
        except (httpx.HTTPError, OSError) as error:
            return "not_given", type(error).__name__
        finally:
            path.unlink(missing_ok=True)

    def _compared(self, name: Name) -> tuple[str, str] | None:
        ends = []
        for number, end in enumerate((self._source, self._here)):
            path = self._folder / f"{number}-{hashlib.sha256(name.path.encode()).hexdigest()[:30]}"
            try:
                ends.append(digest_of(end.fetch(name, path))[1])
            except (click.ClickException, httpx.HTTPError, OSError) as error:
                return ("not_given", "missing_here")[number], str(error)
            except IsocenterError as error:
                return "unreadable", error.message
            finally:
                path.unlink(missing_ok=True)
        there, here = ends
        return None if there == here else ("differs", "its bytes are not those that are here")


def _given(headers: Iterable[str]) -> dict[str, str]:
    pairs = [header.partition(":") for header in headers]
    if not all(colon for _, colon, _ in pairs):
        raise click.ClickException("a header is written Name: value")
    return {name.strip(): value.strip() for name, _, value in pairs}


@click.command()
@click.argument("url")
@click.option(
    "--dates",
    default="",
    metavar="A-B",
    help="Studies of these days, 20200101-20201231; an end may be left out.",
)
@click.option("--study", "studies", multiple=True, help="Only this study; may be repeated.")
@click.option("--header", "headers", multiple=True, help='Sent along, "Authorization: Bearer ...".')
@click.option("--verify", is_flag=True, help="Read everything at both ends again, and compare.")
@click.option(
    "--to",
    default="ISOCENTER",
    show_default=True,
    help="DIMSE: the AE title the other archive knows this platform by.",
)
@click.pass_obj
def pull(platform: Platform, /, url: str, **options: Any) -> None:
    """Bring over what another archive has. URL is its DICOMweb root, http://old-pacs/dicom-web, or, for one without
    DICOMweb, dicom://AE_TITLE@HOST:PORT: then it is asked by C-FIND and sends by C-MOVE to this platform, whose DICOM
    address it has to know as --to and which has to let it send.

    What is here already is not asked for again, so a pull that was stopped goes on where it was. Exit code 1 when the
    other archive names an instance that did not come, or, with --verify (DIMSE: by C-GET), one that differs.
    """
    if url.startswith("dicom:"):
        _by_dimse(platform, url, **options)
    else:
        _by_dicomweb(platform, url, **options)


def _by_dimse(
    platform: Platform, url: str, *, dates: str, studies: tuple[str, ...], to: str, **options: Any
) -> None:
    if options["headers"]:
        raise click.ClickException("--header is for archives with DICOMweb")
    archive = Archive.at(url, to)
    source = DimseSource(archive)
    run = Moving(platform, source, archive)
    try:
        found = list(studies) or source.studies(dates)
        run.pulled.counts["studies"] = len(found)
        _each(found, run.study, "pulling")
        _each(found, run.compare, "comparing")
        if options["verify"]:
            _each(found, run.verify, "verifying")
    except LOST as error:
        raise click.ClickException(
            f"{url} does not answer ({error or type(error).__name__})"
        ) from error
    finally:
        run.close()
        source.close()
    report(platform, run.pulled)


def _by_dicomweb(
    platform: Platform, url: str, *, dates: str, studies: tuple[str, ...], **options: Any
) -> None:
    asked = {"StudyDate": dates} if dates else {}
    source = other_archive(url, _given(options["headers"]))
    with tempfile.TemporaryDirectory(prefix="isocenter-pull-") as folder:
        run = Pull(platform, source, Path(folder))
        try:
            found = list(studies) or source.studies(**asked)
            run.pulled.counts["studies"] = len(found)
            _each(found, run.study, "pulling")
            if options["verify"]:
                _each(found, run.verify, "verifying")
        except httpx.HTTPError as error:
            raise click.ClickException(f"{url} does not answer ({type(error).__name__})") from error
        finally:
            run.close()
            source.close()
    report(platform, run.pulled)


def _each(studies: list[str], work: Callable[[str], None], title: str) -> None:
    with progress(title) as step:
        for number, study in enumerate(studies, 1):
            work(study)
            step(number, len(studies))


COMMANDS = (pull,)
