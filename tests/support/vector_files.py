"""The studies of matching vectors as files, written by pydicom in the character set each names."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydicom import config
from pydicom.dataset import Dataset, FileMetaDataset
from tests.contract.vectors.chapter import Chapter
from tests.contract.vectors.scripts import CHARACTER_SETS
from tests.support.index_rows import Document, Study, element

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
COMPUTED = frozenset({"00080061", "00201206", "00201208", "00201209"})


def written(chapters: tuple[Chapter, ...], folder: Path) -> int:
    """Write all instances of all studies; returns how many."""
    number = 0
    with _unchecked():
        for study in (study for chapter in chapters for study in chapter.studies):
            for _, document in study.documents("instance"):
                number += 1
                _write(study, document, folder / f"{number:04}.dcm")
    return number


@contextmanager
def _unchecked() -> Iterator[None]:
    """Some values are wrong on purpose."""
    settings = config.settings
    modes = settings.reading_validation_mode, settings.writing_validation_mode
    settings.reading_validation_mode = settings.writing_validation_mode = config.IGNORE
    try:
        yield
    finally:
        settings.reading_validation_mode, settings.writing_validation_mode = modes


def _write(study: Study, document: Document, path: Path) -> None:
    given = {tag: one for tag, one in document.items() if tag not in COMPUTED}
    characters = CHARACTER_SETS.get(study.uid, "ISO_IR 192").split("\\")
    instance = Dataset.from_json({**given, "00080005": element("CS", *characters)})
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = instance.SOPClassUID
    meta.MediaStorageSOPInstanceUID = instance.SOPInstanceUID
    meta.TransferSyntaxUID = EXPLICIT_LITTLE
    instance.file_meta = meta
    instance.save_as(path, enforce_file_format=True)
