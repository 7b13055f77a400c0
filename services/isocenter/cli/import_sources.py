"""What an import finds: files, and members of ZIP archives, also of archives inside archives; junk is left aside.

A DICOMDIR only lists what lies beside it, so the files are taken as they are found. No archive is unpacked: members are
read where they lie, within bounds.
"""

import tempfile
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

PREFIX_BYTES = 132
MAX_DEPTH = 3  # of archives inside archives
MAX_RATIO = 200  # of a member's size to what it takes in the archive...
RATIO_FROM_BYTES = 64 << 20  # ...when it is as large as that
MAX_NESTED_BYTES = 16 << 30
# first group of a bare data set, either byte order (PS3.5 7.1)
BARE_GROUPS = (b"\x02\x00", b"\x08\x00", b"\x00\x02", b"\x00\x08")
_ARCHIVE = b"PK\x03\x04"
_ENCRYPTED = 0x1

Tell = Callable[[str, str], None]
"""(what, why): something was found that cannot be read."""


@dataclass(frozen=True, slots=True)
class Source:
    """One file to send. `stamp` changes when the file does."""

    name: str
    stamp: str
    size_bytes: int
    open: Callable[[], BinaryIO]


def looks_like_dicom(prefix: bytes) -> bool:
    """Tell files apart in folders full of other things; what passes is told of later."""
    return prefix[128:132] == b"DICM" or (len(prefix) >= 8 and prefix[:2] in BARE_GROUPS)


class Sources:
    """Everything below `roots` that may be DICOM, in the order of paths; a file that was named is taken as it is.

    `skipped` counts what is something else. Archives stay open until `close`.
    """

    def __init__(self, roots: tuple[Path, ...], tell: Tell) -> None:
        self._roots = roots
        self._tell = tell
        self._archives = ExitStack()
        self.skipped = 0

    def __iter__(self) -> Iterator[Source]:
        """Walk through."""
        for root in self._roots:
            if root.is_file():
                yield from self._file(root, is_named=True)
                continue
            for path in sorted(root.rglob("*")):
                if path.is_file():
                    yield from self._file(path, is_named=False)

    def close(self) -> None:
        """Let go of archives."""
        self._archives.close()

    def _file(self, path: Path, *, is_named: bool) -> Iterator[Source]:
        try:
            stat = path.stat()
            with path.open("rb") as file:
                prefix = file.read(PREFIX_BYTES)
        except OSError as error:
            self._tell(str(path), type(error).__name__)
            return
        stamp = f"{path}|{stat.st_size}|{stat.st_mtime_ns}"
        if prefix.startswith(_ARCHIVE):
            yield from self._members(str(path), stamp, lambda: path.open("rb"), 1)
        elif is_named or (path.name.upper() != "DICOMDIR" and looks_like_dicom(prefix)):
            yield Source(str(path), stamp, stat.st_size, lambda: path.open("rb"))
        else:
            self.skipped += 1

    def _members(
        self, name: str, stamp: str, opened: Callable[[], BinaryIO], depth: int
    ) -> Iterator[Source]:
        try:
            archive = zipfile.ZipFile(self._archives.enter_context(opened()))
            members = sorted(archive.infolist(), key=lambda one: one.filename)
        except (OSError, zipfile.BadZipFile) as error:
            self._tell(name, f"not a readable archive ({type(error).__name__})")
            return
        for member in members:
            if not member.is_dir():
                yield from self._member(name, stamp, archive, member, depth)

    def _member(
        self, name: str, stamp: str, archive: zipfile.ZipFile, member: zipfile.ZipInfo, depth: int
    ) -> Iterator[Source]:
        shown = f"{name}!{member.filename}"
        refusal = _refusal(member)
        if refusal:
            self._tell(shown, refusal)
            return
        try:
            with archive.open(member) as file:
                prefix = file.read(PREFIX_BYTES)
        except (
            OSError,
            ValueError,
            NotImplementedError,
            RuntimeError,
            zipfile.BadZipFile,
        ) as error:
            self._tell(shown, type(error).__name__)
            return
        own = f"{stamp}!{member.filename}|{member.file_size}|{member.CRC}"
        if prefix.startswith(_ARCHIVE):
            if depth >= MAX_DEPTH:
                self._tell(shown, "archives are nested too deeply")
                return
            yield from self._members(shown, own, lambda: _unpacked(archive, member), depth + 1)
        elif not member.filename.upper().endswith("DICOMDIR") and looks_like_dicom(prefix):
            yield Source(shown, own, member.file_size, lambda: cast(BinaryIO, archive.open(member)))
        else:
            self.skipped += 1


def _refusal(member: zipfile.ZipInfo) -> str:
    """Why a member is not even looked at; empty when it is."""
    if member.flag_bits & _ENCRYPTED:
        return "encrypted"
    expands = member.file_size > MAX_RATIO * max(1, member.compress_size)
    if expands and member.file_size >= RATIO_FROM_BYTES:
        return f"grows to more than {MAX_RATIO} times its size when unpacked"
    return ""


def _unpacked(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> BinaryIO:
    """An archive inside an archive as a file that can be read anywhere; raises OSError when it is too large."""
    if member.file_size > MAX_NESTED_BYTES:
        raise OSError("the archive inside is too large")
    file = cast(BinaryIO, tempfile.TemporaryFile(prefix="isocenter-"))  # noqa: SIM115  (closed with the archive)
    with archive.open(member) as packed:
        while chunk := packed.read(1 << 20):
            file.write(chunk)
    file.seek(0)
    return file
