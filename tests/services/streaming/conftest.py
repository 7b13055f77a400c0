"""One archive of real files for all tests here, served on a real port."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from tests.support.archive import Archive
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.streaming import Serving, streaming

from isocenter.ports.index_rows import InstanceRow


@dataclass(frozen=True)
class Served:
    """An archive, where it is served, and its files by their SOP Instance UID."""

    archive: Archive
    serving: Serving
    files: dict[str, Path]

    def instance(self, name: str) -> InstanceRow:
        """The row of a file, by the end of its name."""
        uid = next(uid for uid, path in self.files.items() if str(path).endswith(name))
        return self.archive.rows[uid]


FOLDERS = ("ct_lidc_0314", "ts_wg04_us1", "enhanced")
NAMES = (
    "pydicom_packaged/JPEG2000.dcm",
    "pydicom_packaged/MR_small_RLE.dcm",
    "pydicom_packaged/SC_rgb_small_odd_jpeg.dcm",
    "pydicom_packaged/SC_rgb_small_odd_big_endian.dcm",
    "pydicom_packaged/image_dfl.dcm",
    "pydicom_packaged/reportsi.dcm",
    "pydicom_packaged/rtplan.dcm",
    "derived_objects/liver_nonbyte_aligned.dcm",
    "derived_objects/parametric_map_float.dcm",
    "ts_deflated_frame/liver_nonbyte_aligned_deflate.dcm",
    "colour/color-pl.dcm",
    "charset/chrH31.dcm",
)


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    real_files()
    root = TEST_DATA / "files"
    paths = [path for folder in FOLDERS for path in sorted((root / folder).iterdir())]
    paths += [root / name for name in NAMES]
    with Archive(tmp_path_factory.mktemp("archive")) as archive:
        files: dict[str, Path] = {}
        for path in paths:
            row = archive.put_file(path)
            files[row.sop_instance_uid] = path
        archive.sum_up()
        with streaming(archive) as serving:
            yield Served(archive, serving, files)


@pytest.fixture
def http(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.serving.dicomweb, timeout=60) as client:
        yield client


def address(row: InstanceRow) -> str:
    """Path of an instance below the DICOMweb root."""
    return (
        f"/studies/{row.study_instance_uid}/series/{row.series_instance_uid}"
        f"/instances/{row.sop_instance_uid}"
    )
