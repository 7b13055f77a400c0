"""C-MOVE to systems that cannot take everything: each gets what its entry of the AE list says."""

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from imagecodecs import jpeg2k_encode
from pydicom import Dataset, dcmread
from pydicom.uid import JPEG2000, CTImageStorage, ExplicitVRLittleEndian, JPEGBaseline8Bit
from pynetdicom import AE, evt
from tests.support import foreign
from tests.support.commanded import Commanded
from tests.support.enhanced_images import compressed, enhanced, written
from tests.support.ports import free_port, until_open
from tests.support.senders import fresh_uid
from tests.support.slices import ct_slice

SLICES = 12


@pytest.fixture(scope="module")
def study(desk: Commanded, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A series of slices."""
    uid, series, folder = fresh_uid(), fresh_uid(), tmp_path_factory.mktemp("slices")
    for number in range(1, SLICES + 1):
        content = ct_slice(fresh_uid(), uid, series=series, number=number)
        (folder / f"{number}.dcm").write_bytes(content)
    desk.cli("import", folder)
    desk.until_settled()
    return uid


@contextmanager
def listed(desk: Commanded, title: str, *options: object) -> Iterator[int]:
    """A destination in the AE list; its port."""
    port = free_port()
    where = ("--address", "127.0.0.1", "--port", port, "--may-ask")
    desk.cli("ae", "add", title, *where, *options)
    try:
        yield port
    finally:
        desk.cli("ae", "remove", title)


def moved(desk: Commanded, title: str, study: str) -> str:
    asked = ("-k", "QueryRetrieveLevel=STUDY", "-k", f"StudyInstanceUID={study}")
    where = ("127.0.0.1", desk.dicom_port)
    done = foreign.run("movescu", "-v", "-S", "-aet", title, "-aem", title, *asked, *where)
    return done.stdout + done.stderr


@contextmanager
def taking(port: int, title: str, *syntaxes: str) -> Iterator[list[Dataset]]:
    """A receiver of CT images in these transfer syntaxes."""
    taken: list[Dataset] = []

    def take(event: evt.Event) -> int:
        event.dataset.file_meta = event.file_meta
        assert event.request.AffectedSOPInstanceUID == event.dataset.SOPInstanceUID
        taken.append(event.dataset)
        return 0

    ae = AE(title)
    ae.add_supported_context(CTImageStorage, list(syntaxes))
    server = ae.start_server(
        ("127.0.0.1", port), block=False, evt_handlers=[(evt.EVT_C_STORE, take)]
    )
    assert server is not None
    try:
        yield taken
    finally:
        server.shutdown()


def stored(desk: Commanded, study: str) -> dict[int, Dataset]:
    found = desk.get(f"/dicom-web/studies/{study}/instances").json()
    by_number = {}
    for one in found:
        series, sop = one["0020000E"]["Value"][0], one["00080018"]["Value"][0]
        path = f"/dicom-web/studies/{study}/series/{series}/instances/{sop}"
        accept = {"Accept": "application/dicom; transfer-syntax=*"}
        image = dcmread(BytesIO(desk.get(path, headers=accept).content))
        by_number[int(image.InstanceNumber)] = image
    return by_number


def test_lossy_goes_only_where_the_entry_says_so_marked_and_under_new_names(
    desk: Commanded, study: str
) -> None:
    originals = stored(desk, study)
    options = ("--lossy-quality", 60, "--associations", 2)
    with (
        listed(desk, "LOSSY", *options) as port,
        taking(port, "LOSSY", ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEG2000) as taken,
    ):
        assert "Final Move Response (Success)" in moved(desk, "LOSSY", study)
    assert sorted(int(one.InstanceNumber) for one in taken) == sorted(originals)
    for one in taken:
        original = originals[int(one.InstanceNumber)]
        assert one.file_meta.TransferSyntaxUID == JPEG2000
        assert (one.LossyImageCompression, one.LossyImageCompressionMethod) == ("01", "ISO_15444_1")
        assert one.SOPInstanceUID != original.SOPInstanceUID
        assert one.SourceImageSequence[0].ReferencedSOPInstanceUID == original.SOPInstanceUID
        off = np.abs(one.pixel_array.astype(int) - original.pixel_array.astype(int))
        assert 0 < off.mean() < 20


def test_receiver_that_takes_no_lossy_syntax_gets_the_original(desk: Commanded, study: str) -> None:
    with (
        listed(desk, "LOSSLESS", "--lossy-quality", 60) as port,
        taking(port, "LOSSLESS", ExplicitVRLittleEndian) as taken,
    ):
        assert "Final Move Response (Success)" in moved(desk, "LOSSLESS", study)
    names = {one.SOPInstanceUID for one in stored(desk, study).values()}
    assert {one.SOPInstanceUID for one in taken} == names
    assert not any("LossyImageCompression" in one for one in taken)


def test_old_viewer_gets_a_large_series_in_parts(desk: Commanded, study: str) -> None:
    originals = stored(desk, study)
    with (
        listed(desk, "OLD", "--max-series-instances", 5) as port,
        taking(port, "OLD", ExplicitVRLittleEndian) as taken,
    ):
        for _ in range(2):  # the same names again
            assert "Final Move Response (Success)" in moved(desk, "OLD", study)
    series: dict[str, set[int]] = {}
    for one in taken:
        series.setdefault(one.SeriesInstanceUID, set()).add(int(one.InstanceNumber))
        assert np.array_equal(one.pixel_array, originals[int(one.InstanceNumber)].pixel_array)
    assert sorted(series.values(), key=min) == [{1, 2, 3, 4, 5}, {6, 7, 8, 9, 10}, {11, 12}]
    assert len({one.SOPInstanceUID for one in taken}) == SLICES
    kept = {one.SOPInstanceUID for one in taken if int(one.InstanceNumber) <= 5}
    assert kept == {originals[number].SOPInstanceUID for number in range(1, 6)}


def test_enhanced_object_goes_as_classic_images_that_dcmtk_takes(
    desk: Commanded, tmp_path: Path
) -> None:
    made = enhanced(
        "CT", {}, [{"FrameContentSequence": {"FrameAcquisitionNumber": n}} for n in range(6)]
    )
    desk.cli("import", written(made, tmp_path / "enhanced.dcm"))
    desk.until_settled()
    folder = tmp_path / "old"
    folder.mkdir()
    options = ("--single-frames", "--max-series-instances", 4)
    with listed(desk, "CLASSIC", *options) as port:
        command = ["storescp", "-od", str(folder), "+B", "-uf", str(port)]
        with foreign.started(command):
            until_open(port)
            told = moved(desk, "CLASSIC", made.StudyInstanceUID)
            assert "Final Move Response (Success)" in told, told
    images = sorted(map(dcmread, folder.iterdir()), key=lambda one: int(one.InstanceNumber))
    assert [one.SOPClassUID for one in images] == [CTImageStorage] * 6
    assert [int(one.pixel_array.max()) for one in images] == [1, 2, 3, 4, 5, 6]
    assert [one.SeriesInstanceUID == images[0].SeriesInstanceUID for one in images] == [
        True, True, True, True, False, False,
    ]  # fmt: skip


def test_what_lost_something_before_goes_as_it_is_and_is_not_compressed_again(
    desk: Commanded, tmp_path: Path
) -> None:
    uid = fresh_uid()
    made = dcmread(BytesIO(ct_slice(fresh_uid(), uid, series=fresh_uid())))
    codestream = jpeg2k_encode(made.pixel_array, level=50, reversible=False, codecformat="J2K")
    compressed(made, JPEG2000, [bytes(codestream)])
    made.LossyImageCompression = "01"
    written(made, tmp_path / "lossy.dcm")
    desk.cli("import", tmp_path / "lossy.dcm")
    desk.until_settled()
    with (
        listed(desk, "AGAIN", "--lossy-quality", 60) as port,
        taking(port, "AGAIN", ExplicitVRLittleEndian, JPEGBaseline8Bit, JPEG2000) as taken,
    ):
        assert "Final Move Response (Success)" in moved(desk, "AGAIN", uid)
    [one] = taken
    assert one.file_meta.TransferSyntaxUID == JPEG2000
    assert "LossyImageCompressionMethod" not in one
    assert one.PixelData == made.PixelData
