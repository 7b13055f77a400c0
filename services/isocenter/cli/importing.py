"""`isocenter import`: files and folders, with progress, resumable, and an honest summary."""

import time
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
import httpx
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from isocenter.cli import show
from isocenter.cli.client import Platform, Refused
from isocenter.cli.import_sources import Source, Sources
from isocenter.cli.import_state import ImportState

PARALLEL = 4
CHUNK_BYTES = 1 << 20
TRIES = 5
MAX_PAUSE_S = 5


@dataclass(slots=True)
class Summary:
    """What became of the files."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, name: str, answer: dict[str, Any]) -> None:
        """Count one answer."""
        status = str(answer["status"])
        self.counts[status] += 1
        if answer.get("findings"):
            self.counts["with_findings"] += 1
        if status in ("quarantined", "failed", "unreadable"):
            problem = {"path": name, "reason": str(answer.get("reason", ""))}
            self.problems.append({**problem, "message": str(answer.get("message", ""))})

    def tell(self, name: str, why: str) -> None:
        """Count something that cannot be read."""
        self.add(name, {"status": "unreadable", "reason": "unreadable", "message": why})


def _chunks(source: Source) -> Iterator[bytes]:
    with source.open() as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def send(client: httpx.Client, source: Source) -> dict[str, Any]:
    """Send one file and give the platform's answer; whatever goes wrong is an answer too."""
    try:
        answer = _post(client, source)
        body: dict[str, Any] = answer.json()
    except (OSError, zipfile.BadZipFile, zlib.error) as error:
        return {"status": "unreadable", "reason": "unreadable", "message": type(error).__name__}
    except (httpx.HTTPError, ValueError) as error:
        return {"status": "failed", "reason": "no_answer", "message": type(error).__name__}
    if not answer.is_success:
        message = str(body.get("detail") or body.get("title") or "")
        return {"status": "failed", "reason": f"http_{answer.status_code}", "message": message}
    return body


def _post(client: httpx.Client, source: Source) -> httpx.Response:
    """Send one file; a busy platform is asked again, a few times."""
    for _ in range(TRIES):
        headers = {"Content-Length": str(source.size_bytes), "Content-Type": "application/dicom"}
        answer = client.post("/api/import", content=_chunks(source), headers=headers)
        if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
            break
        told = answer.headers.get("Retry-After", "1")
        time.sleep(min(int(told) if told.isdigit() else 1, MAX_PAUSE_S))
    return answer


def _progress() -> Progress:
    return Progress(
        TextColumn("importing"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("files"),
        TimeRemainingColumn(),
        console=show.errors,
    )


def run(platform: Platform, sources: list[Source], state: ImportState, summary: Summary) -> None:
    """Send all files, a few at a time."""
    todo = [source for source in sources if not state.is_done(source.stamp)]
    summary.counts["already_done"] = len(sources) - len(todo)
    with _progress() as progress, platform.http() as client, ThreadPoolExecutor(PARALLEL) as pool:
        files = progress.add_task("", total=len(todo))
        waiting: dict[Future[dict[str, Any]], Source] = {}

        def settle(finished: set[Future[dict[str, Any]]]) -> None:
            for future in finished:
                source, answer = waiting.pop(future), future.result()
                summary.add(source.name, answer)
                if answer["status"] not in ("failed", "unreadable"):
                    state.done(source.stamp)
                progress.advance(files)

        for source in todo:
            if len(waiting) >= PARALLEL * 2:
                settle(wait(waiting, return_when=FIRST_COMPLETED).done)
            waiting[pool.submit(send, client, source)] = source
        settle(set(wait(waiting).done))


def is_empty(platform: Platform) -> bool:
    """Tell whether nothing was ever sent there: what an earlier archive at that address answered is of no use then.

    A caller that may send and nothing else is not told.
    """
    try:
        known = platform.call("GET", "/api/state")
    except Refused as refused:
        if refused.status == httpx.codes.FORBIDDEN:
            return False
        raise
    return not (known["instances"] or known["quarantines"] or known["deletions"])


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--again", is_flag=True, help="Send files that an earlier run has sent already, too.")
@click.pass_obj
def import_files(platform: Platform, /, paths: tuple[Path, ...], again: bool) -> None:
    """Import DICOM files, folders, CDs, and ZIP archives of them, whatever else lies between.

    Stopped in the middle, the same command goes on where it was. Exit code 1 when something was quarantined or failed.
    """
    roots = tuple(path.resolve() for path in paths)
    summary = Summary()
    state = ImportState(platform.base_url(), roots, again=is_empty(platform) or again)
    sources = Sources(roots, summary.tell)
    try:
        found = list(sources)
        summary.counts["skipped"] = sources.skipped
        run(platform, found, state, summary)
    finally:
        sources.close()
        state.close()
    report(platform, summary)


def report(platform: Platform, summary: Summary) -> None:
    """Print the summary; exit 1 when something is not in the archive."""
    if platform.as_json:
        show.as_json({**summary.counts, "problems": summary.problems})
    else:
        show.facts(
            (name.replace("_", " "), count) for name, count in sorted(summary.counts.items())
        )
        if summary.problems:
            fields = ("path", "reason", "message")
            show.table(
                fields, ([line[name] for name in fields] for line in summary.problems), empty=""
            )
    if summary.problems:
        raise SystemExit(1)


COMMANDS = (import_files,)
