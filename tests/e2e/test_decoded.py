"""Frames asked for as explicit little endian are the samples that the manifest knows, through the whole platform.

Files of one SOP Instance UID in several transfer syntaxes come in waves: each wave deletes what the one before sent.
"""

import csv
from collections import Counter, defaultdict
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
from tests.support.commanded import Commanded, platform
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.senders import give
from tests.support.wado import parts

DECODED = 'multipart/related; type="application/octet-stream"; transfer-syntax=1.2.840.10008.1.2.1'
EXPLICIT = "1.2.840.10008.1.2.1"
# lossy 12-bit JPEG: decoders round differently, by 1 at most; the manifest's is another one
OTHER_ROUNDING = "1.2.840.10008.1.2.4.51"
Row = dict[str, str]


def waves() -> list[list[Row]]:
    """Rows with decoded samples; no SOP Instance UID twice in a wave."""
    real_files()
    with (TEST_DATA / "manifest.csv").open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["decoded_sha256"] and row["sop"]]
    by_sop: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        by_sop[row["sop"]].append(row)
    longest = max(len(found) for found in by_sop.values())
    return [
        [found[number] for found in by_sop.values() if len(found) > number]
        for number in range(longest)
    ]


def path_of(outcome: dict[str, Any], prefix: str) -> str:
    return (
        f"{prefix}/studies/{outcome['study_instance_uid']}"
        f"/series/{outcome['series_instance_uid']}/instances/{outcome['sop_instance_uid']}"
    )


def samples_of(client: httpx.Client, outcome: dict[str, Any], row: Row) -> str:
    """Digest of all frames, one-bit ones with a byte for each sample as in the manifest."""
    numbers = ",".join(str(number) for number in range(1, int(row["frames"] or 1) + 1))
    path = f"{path_of(outcome, '/dicom-web')}/frames/{numbers}"
    answer = client.get(path, headers={"Accept": DECODED})
    assert answer.status_code == 200, f"{row['file']}: {answer.text[:200]}"
    digest = sha256()
    for frame in parts(answer):
        if row["bits_alloc"] == "1":
            size = int(row["rows"]) * int(row["cols"])
            bits = np.unpackbits(np.frombuffer(frame, np.uint8), bitorder="little")
            digest.update(bits[:size].tobytes())
        else:
            digest.update(frame[: int(row["rows"]) * int(row["cols"]) * bytes_of(row)])
    return digest.hexdigest()


def expected(row: Row) -> tuple[str, ...]:
    """The manifest's digest; what is stored as asked comes as it is: planes, subsampling, overlay bits."""
    if row["transfer_syntax"] != EXPLICIT:
        return (row["decoded_sha256"],)
    stored = pydicom.dcmread(TEST_DATA / row["file"]).get("PixelData", b"")
    return row["decoded_sha256"], sha256(stored).hexdigest()


def bytes_of(row: Row) -> int:
    return int(row["samples"] or 1) * int(row["bits_alloc"]) // 8


def run_wave(running: Commanded, client: httpx.Client, wave: list[Row]) -> tuple[list[str], int]:
    """Files whose samples differ, and how many were compared; nothing of the wave is shown at the end."""
    outcomes = [(give(running.url, (TEST_DATA / row["file"]).read_bytes()), row) for row in wave]
    stored = [(outcome, row) for outcome, row in outcomes if outcome["status"] == "stored"]
    running.until_settled()
    differing = [
        row["file"]
        for outcome, row in stored
        if row["transfer_syntax"] != OTHER_ROUNDING
        and samples_of(client, outcome, row) not in expected(row)
    ]
    return differing, len(stored)


def hide(running: Commanded, client: httpx.Client) -> None:
    """Delete every study."""
    for study in client.get("/dicom-web/studies", params={"limit": 1000}).json():
        client.delete(f"/api/studies/{study['0020000D']['Value'][0]}").raise_for_status()
    running.until(lambda: running.state()["studies"] == 0, 30)


def test_decoded_frames_are_those_of_the_manifest(tmp_path: Path) -> None:
    differing: list[str] = []
    compared = 0
    with platform(tmp_path) as running, httpx.Client(base_url=running.url, timeout=60) as client:
        for wave in waves():
            found, count = run_wave(running, client, wave)
            differing += found
            compared += count
            hide(running, client)
    assert differing == []
    assert compared > 180


def test_instance_in_many_transfer_syntaxes_is_shown_once_and_all_are_kept(
    library: Commanded,
) -> None:
    count = Counter(file.sop_instance_uid for file in real_files() if file.is_readable)
    del count[""]
    ((sop, times),) = count.most_common(1)
    assert times >= 7
    found = library.get("/dicom-web/instances", params={"SOPInstanceUID": sop}).json()
    assert len(found) == 1
    study = found[0]["0020000D"]["Value"][0]
    kept = list((library.archive / "instances" / study).rglob(f"{sop}~*.dcm"))
    assert len(kept) == times
    assert library.json("status", study)["conflicts"] >= 1
