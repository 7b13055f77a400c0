"""Frames of an enhanced object as classic Part 10 files. Runs in codec processes only."""

import io

import pydicom

from isocenter.conversion.classic import classic_images
from isocenter.conversion.frames import number_of_frames
from isocenter.pixels.divided import told
from isocenter.pixels.source import Source

MAX_FILES = 64  # of one job


def classic_files(source: Source, first: int, max_bytes: int) -> tuple[dict[str, str], bytes]:
    """Files of the frames from `first` on until they have `max_bytes`, one at least; `divided.divided_of` reads them.

    Raises InvalidInstance when the object cannot be divided.
    """
    enhanced = pydicom.dcmread(source.path)
    files: list[bytes] = []
    size = 0
    for image in classic_images(enhanced, first):
        out = io.BytesIO()
        pydicom.dcmwrite(out, image, enforce_file_format=True)
        files.append(out.getvalue())
        size += len(files[-1])
        if size >= max_bytes or len(files) == MAX_FILES:
            break
    return told(files, number_of_frames(enhanced))
