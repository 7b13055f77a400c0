"""The real DICOM files that tests may use, where they are."""

import csv
import os
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEST_DATA = Path(os.environ.get("ISOCENTER_TEST_DATA", ROOT / ".." / "shared" / "data" / "dicom"))


@dataclass(frozen=True)
class RealFile:
    path: Path
    transfer_syntax: str
    sop_instance_uid: str
    is_readable: bool  # pydicom reads it, and it has File Meta


@cache
def _manifest() -> tuple[RealFile, ...]:
    with (TEST_DATA / "manifest.csv").open(newline="") as file:
        return tuple(
            RealFile(
                TEST_DATA / row["file"],
                row["transfer_syntax"],
                row["sop"],
                row["pydicom_read"] == "ok" and row["meta_header"] == "yes",
            )
            for row in csv.DictReader(file)
        )


def real_files() -> tuple[RealFile, ...]:
    """All of the manifest; skips the test where the folder is missing."""
    if not (TEST_DATA / "manifest.csv").is_file():
        pytest.skip("no real DICOM files: set ISOCENTER_TEST_DATA")
    return _manifest()


@cache
def packaged_files() -> tuple[Path, ...]:
    """DICOM files that pydicom's own package carries; some are meant to be broken."""
    root = Path(str(files("pydicom.data")))
    found = [path for name in ("test_files", "charset_files") for path in (root / name).rglob("*")]
    return tuple(sorted(path for path in found if path.is_file() and path.suffix in ("", ".dcm")))


@cache
def all_files() -> tuple[Path, ...]:
    """The real files and pydicom's, those with the same content once."""
    paths = [file.path for file in real_files()] + list(packaged_files())
    return tuple({sha256(path.read_bytes()).digest(): path for path in reversed(paths)}.values())


def data_set_of(path: Path) -> bytes:
    """The bytes after File Meta of a Part 10 file (PS3.10 7.1), by its group length."""
    content = path.read_bytes()
    if content[128:132] != b"DICM" or content[132:138] != b"\x02\0\0\0UL":
        raise ValueError("no File Meta with a group length")
    return content[144 + int.from_bytes(content[140:144], "little") :]
