"""Enhanced multi-frame objects that never were, whole enough to be divided; and what dciodvfy says of a file."""

import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from pydicom import Dataset
from pydicom.dataset import FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian
from tests.support.senders import fresh_uid

ENHANCED = {
    "CT": "1.2.840.10008.5.1.4.1.1.2.1",
    "MR": "1.2.840.10008.5.1.4.1.1.4.1",
    "PT": "1.2.840.10008.5.1.4.1.1.130",
    "XA": "1.2.840.10008.5.1.4.1.1.12.1.1",
}
ROWS, COLUMNS = 4, 6


def item(**attributes: Any) -> Dataset:
    """A data set of these; a dictionary is a sequence of one item, a list of dictionaries one of several."""
    made = Dataset()
    for keyword, value in attributes.items():
        if isinstance(value, dict):
            setattr(made, keyword, [item(**value)])
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            setattr(made, keyword, [item(**one) for one in value])
        else:
            setattr(made, keyword, value)
    return made


def enhanced(
    modality: str, shared: dict[str, Any], frames: list[dict[str, Any]], **top: Any
) -> Dataset:
    """An object with these functional groups; its frames are 16 bits of different values."""
    made = item(
        **{
            "SOPClassUID": ENHANCED[modality],
            "SOPInstanceUID": fresh_uid(),
            "StudyInstanceUID": fresh_uid(),
            "SeriesInstanceUID": fresh_uid(),
            "Modality": modality,
            "PatientName": "Doe^Jane",
            "PatientID": "1",
            "ImageType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"],
            "NumberOfFrames": len(frames),
            "Rows": ROWS,
            "Columns": COLUMNS,
            "SamplesPerPixel": 1,
            "PhotometricInterpretation": "MONOCHROME2",
            "BitsAllocated": 16,
            "BitsStored": 16,
            "HighBit": 15,
            "PixelRepresentation": 0,
            "SharedFunctionalGroupsSequence": shared,
            "PerFrameFunctionalGroupsSequence": frames,
            **top,
        }
    )
    made.PixelData = b"".join(pixels(frame) for frame in range(1, len(frames) + 1))
    made["PixelData"].VR = "OW"
    made.file_meta = FileMetaDataset()
    made.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    return made


def pixels(frame: int) -> bytes:
    return bytes([frame, 0]) * (ROWS * COLUMNS)


def compressed(made: Dataset, syntax: str, frames: list[bytes], *, extended: bool = False) -> None:
    """Put codestreams in place of its pixels, of two fragments each unless their offsets are given apart."""
    made.file_meta.TransferSyntaxUID = syntax
    if extended:
        content, made.ExtendedOffsetTable, made.ExtendedOffsetTableLengths = encapsulate_extended(
            frames
        )
    else:
        content = encapsulate(frames, fragments_per_frame=2)
    made.PixelData = content
    made["PixelData"].VR = "OB"


def errors_of(path: Path) -> set[str]:
    """What dciodvfy calls an error; skips the test where it is not installed."""
    checker = shutil.which("dciodvfy")
    if checker is None:
        pytest.skip("dciodvfy is not installed")
    done = subprocess.run([checker, str(path)], capture_output=True, text=True, check=False)
    lines: Iterable[str] = (done.stdout + done.stderr).splitlines()
    return {line for line in lines if line.startswith("Error")}


def written(dataset: Dataset, path: Path) -> Path:
    dataset.save_as(path, enforce_file_format=True)
    return path
