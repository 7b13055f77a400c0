"""The rows of the index, read with SQL of our own from the file that its pointer names."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.support.checker.check import Row

INSTANCES = """
SELECT st.uid, se.uid, i.sop, i.digest, i.object_key, i.current, i.held, i.deleted
FROM instances i LEFT JOIN series se ON se.id = i.series LEFT JOIN studies st ON st.id = se.study
"""


def serving(folder: Path) -> Path:
    """The file that serves; raises FileNotFoundError."""
    return folder / (folder / "current").read_text().strip()


def _connect(folder: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{serving(folder)}?mode=ro", uri=True, timeout=10)


def rows(folder: Path) -> list[Row]:
    """One for each instance."""
    with closing(_connect(folder)) as index:
        return [
            Row(study, series, sop, digest, key, bool(current), bool(held), bool(deleted))
            for study, series, sop, digest, key, current, held, deleted in index.execute(INSTANCES)
        ]


def dirty(folder: Path) -> int:
    """Studies that wait to be recomputed."""
    with closing(_connect(folder)) as index:
        return int(index.execute("SELECT count(*) FROM dirty").fetchone()[0])
