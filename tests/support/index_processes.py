"""Programs that open the SQLite index in a process of their own; see `start`."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.index_rows import Study, batch_of

from isocenter.adapters.index.sqlite import SqliteGenerations
from isocenter.ports.index_rows import Claim
from isocenter.ports.journal import Stream

STREAM = Stream("writer", "0" * 16)
REPOSITORY = Path(__file__).parents[2]


def start(role: str, folder: Path, *arguments: object) -> subprocess.Popen[str]:
    """Run one of the roles below; it prints a line once it is at work."""
    command = [sys.executable, "-m", __name__, role, str(folder), *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=REPOSITORY, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    )


def study_of(sequence: int) -> Study:
    """The study that a writer adds with a position."""
    return Study(f"1.9.{sequence}")


def write_for_ever(folder: Path) -> None:
    """One study and the next position per batch; prints each position once it is durable."""
    index = SqliteGenerations(folder).open()
    sequence = index.positions().get(STREAM, 0)
    while True:
        sequence += 1
        batch = batch_of([study_of(sequence)])
        batch.positions[STREAM] = sequence
        index.write(batch)
        sys.stdout.write(f"{sequence}\n")
        sys.stdout.flush()


def claim_all(folder: Path, owner: str, count: str) -> None:
    """Claim subjects one by one; prints every owner that was told."""
    index = SqliteGenerations(folder).open()
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    sys.stdin.readline()
    for number in range(int(count)):
        told = index.claim([Claim(f"sop:{number}", owner, "1.2")])
        sys.stdout.write(told[f"sop:{number}"] + "\n")
    index.close()


def write_once(folder: Path, sequence: str) -> None:
    """Add one study."""
    index = SqliteGenerations(folder).open()
    index.write(batch_of([study_of(int(sequence))]))
    index.close()


ROLES: dict[str, Callable[..., None]] = {
    "write": write_for_ever,
    "claim": claim_all,
    "once": write_once,
}

if __name__ == "__main__":
    ROLES[sys.argv[1]](Path(sys.argv[2]), *sys.argv[3:])
