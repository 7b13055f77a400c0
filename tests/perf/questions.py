"""What readers are asked under load, and the studies that searches look for."""

import random
from pathlib import Path

from tests.perf.peers import Peer, until
from tests.perf.scans import Maker
from tests.perf.store import storescu

JSON = "application/dicom+json"
FRAMES = 'multipart/related; type="application/octet-stream"; transfer-syntax=*'


def questions(studies: int) -> dict[str, list[str]]:
    """The three kinds of search, each with many different values."""
    numbers = random.Random(5).sample(range(studies), min(500, studies))
    dates = [
        (
            f"{2000 + n % 26:04d}{1 + n // 26 % 12:02d}01",
            f"{2000 + n % 26:04d}{1 + n // 26 % 12:02d}28",
        )
        for n in numbers
    ]
    base = "/dicom-web/studies?limit=25&"
    return {
        "PatientID": [f"{base}PatientID=PATIENT-{n:08d}" for n in numbers],
        "name wild card": [f"{base}PatientName=Family{n // 10:07d}*" for n in numbers],
        "date range and modality": [
            f"{base}StudyDate={a}-{b}&ModalitiesInStudy=CT" for a, b in dates
        ],
    }


def fill(peer: Peer, scratch: Path, studies: int, within_s: float = 120.0) -> None:
    """Send one small instance for each study."""
    maker = Maker(run=4, rows=64, columns=64)
    folder = scratch / "small"
    if not folder.exists():
        for study in range(studies):
            maker.write(folder, study, 1)
    storescu(peer, folder, nagle=False)
    until(lambda: peer.instances_of(maker.study_uid(studies - 1)) == 1, within_s)
