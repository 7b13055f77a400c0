"""A real Chromium before a platform with its samples."""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, SecondaryCaptureImageStorage
from tests.support.platform import Platform, running

from isocenter.embedded.samples import loading, studies
from isocenter.streaming.web.install_viewer import viewer_folder

HERE = Path(__file__).parent
TIMEOUT_S = 170.0
Drive = Callable[..., Any]


def missing() -> str:
    """What the tests here need and this machine has not."""
    chromium = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
    wanted = {
        "Node.js": shutil.which("node") is not None,
        f"Chromium at {chromium}": chromium.exists(),
        "playwright-core (make setup)": (HERE / "node_modules" / "playwright-core").is_dir(),
        "the viewer (make setup)": viewer_folder().is_dir(),
    }
    return ", ".join(name for name, there in wanted.items() if not there)


@pytest.fixture(scope="session")
def drive(tmp_path_factory: pytest.TempPathFactory) -> Drive:
    """Run a script of this folder and give back what it found; screenshots lie in `drive.folder`."""
    lacking = missing()
    if lacking:
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(f"not here: {lacking}")
    folder = tmp_path_factory.mktemp("screenshots")

    def run(script: str, url: str, *words: str) -> Any:
        command = ["node", str(HERE / script), url, str(folder), *words]
        done = subprocess.run(
            command, cwd=HERE, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert done.returncode == 0, f"{done.stderr}\nscreenshot: {folder}/failed.png"
        found = json.loads(done.stdout)
        assert found["outside"] == []
        assert found["errors"] == []
        return found

    run.folder = folder  # type: ignore[attr-defined]
    return run


@pytest.fixture(scope="session")
def platform(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """With samples, and with two hospitals' patient 12345."""
    del drive  # nothing is started where there is no browser
    with with_samples(tmp_path_factory.mktemp("browser") / "data") as started:
        yield started


@pytest.fixture(scope="session")
def quick_platform(drive: Drive, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Platform]:
    """The quick viewer's own: what is sent there would be in the lists of others."""
    del drive
    with with_samples(tmp_path_factory.mktemp("quick") / "data") as started:
        yield started


@contextmanager
def with_samples(data: Path) -> Iterator[Platform]:
    """A platform with samples, two hospitals' patient 12345, something held and something in quarantine."""
    with running(data) as started:
        loading.load(started.url)
        for content in (
            picture("1.2.30.1", name="North^Nora", issuer="NORTH", description="North knee"),
            picture("1.2.31.1", name="North^Nora", issuer="NORTH", description="North older"),
            picture("1.2.32.1", name="South^Sam", issuer="SOUTH", description="South hip"),
            picture("1.2.30.2", name="Other^Ora", issuer="SOUTH", description="held"),
            picture("1.2.39.1", name="Nobody", patient_id="", description="no id"),
            b"no DICOM at all" * 20,
        ):
            send(started, content)
        started.until(lambda: is_settled(started), 60)
        yield started


def is_settled(platform: Platform) -> bool:
    """Whether all that was sent is where it belongs."""
    state = platform.state()
    return (state["lag"], state["holds"], state["quarantines"]) == (0, 1, 1)


def is_packed(platform: Platform, study: studies.PhantomStudy) -> bool:
    """Whether a sample's CT can be streamed."""
    series = f"series/{studies._uid(study.date, '1')}"
    url = f"{platform.url}/dicom-web/studies/{studies._uid(study.date)}/{series}/stream"
    with httpx.stream("GET", url) as answer:
        return answer.status_code == 200


def says(length: list[str], value: float, unit: str) -> bool:
    """Whether a measurement is this long, to a hundredth, and in this unit."""
    number, _, said = length[0].partition(" ")
    return said == unit and float(number) == pytest.approx(value, rel=0.01)


def send(platform: Platform, content: bytes) -> None:
    """Import one file."""
    headers = {"Content-Type": "application/dicom"}
    httpx.post(f"{platform.url}/api/import", content=content, headers=headers).raise_for_status()


def picture(
    sop: str, *, name: str, patient_id: str = "12345", issuer: str = "", description: str = ""
) -> bytes:
    """A small grey picture; its study is named by all but the last part of its UID."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = SecondaryCaptureImageStorage, sop
    ds.StudyInstanceUID = sop.rpartition(".")[0]
    ds.SeriesInstanceUID = f"{ds.StudyInstanceUID}.0.1"
    ds.StudyDate, ds.StudyTime, ds.Modality, ds.StudyDescription = "20250101", "", "OT", description
    ds.PatientName, ds.PatientID, ds.IssuerOfPatientID = name, patient_id, issuer
    ds.SeriesNumber, ds.InstanceNumber, ds.AccessionNumber = 1, 1, ""
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.Rows, ds.Columns = 1, "MONOCHROME2", 64, 64
    ds.BitsAllocated, ds.BitsStored, ds.HighBit, ds.PixelRepresentation = 8, 8, 7, 0
    ds.PixelData = np.arange(64 * 64, dtype=np.uint16).astype(np.uint8).tobytes()
    ds.file_meta = FileMetaDataset()
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.file_meta.MediaStorageSOPClassUID = ds.SOPClassUID
    ds.file_meta.MediaStorageSOPInstanceUID = sop
    out = io.BytesIO()
    ds.save_as(out, enforce_file_format=True)
    return out.getvalue()
