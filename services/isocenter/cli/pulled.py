"""What became of a pull, and how it is told."""

import hashlib
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

from isocenter.cli import show
from isocenter.cli.client import Platform
from isocenter.dicom.part10 import FileMeta, read_file_meta

HEAD_BYTES = 1 << 20


@dataclass(slots=True)
class Pulled:
    """What became of it."""

    counts: Counter[str] = field(default_factory=Counter)
    problems: list[dict[str, str]] = field(default_factory=list)

    def tell(self, sop: str, what: str, why: str = "") -> None:
        """Name an instance that is not as it should be."""
        self.counts[what] += 1
        self.problems.append({"instance": sop, "problem": what, "message": why})


def digest_of(path: Path) -> tuple[FileMeta, str]:
    """File Meta, and the digest of transfer syntax and data set: File Meta is each archive's own."""
    with path.open("rb") as file:
        meta = read_file_meta(file.read(HEAD_BYTES))
        sha = hashlib.sha256(meta.transfer_syntax_uid.encode())
        file.seek(meta.dataset_offset)
        while chunk := file.read(HEAD_BYTES):
            sha.update(chunk)
    return meta, sha.hexdigest()


def report(platform: Platform, pulled: Pulled) -> None:
    """Print it; exit 1 when something is not as it should be."""
    if platform.as_json:
        show.as_json({**pulled.counts, "problems": pulled.problems})
    else:
        show.facts((name.replace("_", " "), count) for name, count in sorted(pulled.counts.items()))
        if pulled.problems:
            fields = ("instance", "problem", "message")
            lines = ([line[name] for name in fields] for line in pulled.problems)
            show.table(fields, lines, empty="")
    if pulled.problems:
        raise SystemExit(1)
