"""`isocenter import`: files and folders, with progress, resumable, and an honest summary."""

import time
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
from isocenter.cli.import_state import ImportState

PARALLEL = 4
PREFIX_BYTES = 132
CHUNK_BYTES = 1 << 20
TRIES = 5
MAX_PAUSE_S = 5
# first group of a bare data set, either byte order (PS3.5 7.1)
BARE_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")


@dataclass(slots=True)
class Summary:
    """What became of the files."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, str]] = field(default_factory=list)

    def add(self, path: Path, answer: dict[str, Any]) -> None:
        """Count one answer."""
        status = str(answer["status"])
        self.counts[status] += 1
        if answer.get("findings"):
            self.counts["with_findings"] += 1
        if status in ("quarantined", "failed", "unreadable"):
            problem = {"path": str(path), "reason": str(answer.get("reason", ""))}
            self.problems.append({**problem, "message": str(answer.get("message", ""))})


def looks_like_dicom(path: Path) -> bool:
    """Tell files apart in folders full of other things; what passes, or cannot be read, is told of later."""
    try:
        with path.open("rb") as file:
            prefix = file.read(PREFIX_BYTES)
    except OSError:
        return True
    return prefix[128:132] == b"DICM" or (len(prefix) >= 8 and prefix[:2] in BARE_GROUPS)


def candidates(roots: tuple[Path, ...], summary: Summary) -> Iterator[Path]:
    """Files to send: those named, and of folders those that look like DICOM, in order of their paths."""
    for root in roots:
        if root.is_file():
            yield root
            continue
        for path in sorted(root.rglob("*")):
            if not path.is_file():
                continue
            if path.name.upper() == "DICOMDIR" or not looks_like_dicom(path):
                summary.counts["skipped"] += 1
            else:
                yield path


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(CHUNK_BYTES):
            yield chunk


def send(client: httpx.Client, path: Path) -> dict[str, Any]:
    """Send one file and give the platform's answer; whatever goes wrong is an answer too."""
    try:
        answer = _post(client, path)
        body: dict[str, Any] = answer.json()
    except OSError as error:
        return {"status": "unreadable", "reason": "unreadable", "message": type(error).__name__}
    except (httpx.HTTPError, ValueError) as error:
        return {"status": "failed", "reason": "no_answer", "message": type(error).__name__}
    if not answer.is_success:
        message = str(body.get("detail") or body.get("title") or "")
        return {"status": "failed", "reason": f"http_{answer.status_code}", "message": message}
    return body


def _post(client: httpx.Client, path: Path) -> httpx.Response:
    """Send one file; a busy platform is asked again, a few times."""
    for _ in range(TRIES):
        headers = {"Content-Length": str(path.stat().st_size), "Content-Type": "application/dicom"}
        answer = client.post("/api/import", content=_chunks(path), headers=headers)
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


def run(platform: Platform, paths: list[Path], state: ImportState, summary: Summary) -> None:
    """Send all files, a few at a time."""
    todo = [path for path in paths if not state.is_done(path)]
    summary.counts["already_done"] = len(paths) - len(todo)
    with _progress() as progress, platform.http() as client, ThreadPoolExecutor(PARALLEL) as pool:
        files = progress.add_task("", total=len(todo))
        waiting: dict[Future[dict[str, Any]], Path] = {}

        def settle(finished: set[Future[dict[str, Any]]]) -> None:
            for future in finished:
                path, answer = waiting.pop(future), future.result()
                summary.add(path, answer)
                if answer["status"] not in ("failed", "unreadable"):
                    state.done(path)
                progress.advance(files)

        for path in todo:
            if len(waiting) >= PARALLEL * 2:
                settle(wait(waiting, return_when=FIRST_COMPLETED).done)
            waiting[pool.submit(send, client, path)] = path
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
    """Import DICOM files and folders.

    Stopped in the middle, the same command goes on where it was. Exit code 1 when something was quarantined or failed.
    """
    roots = tuple(path.resolve() for path in paths)
    summary = Summary()
    state = ImportState(platform.base_url(), roots, again=is_empty(platform) or again)
    try:
        run(platform, list(candidates(roots, summary)), state, summary)
    finally:
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
