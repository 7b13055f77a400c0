"""Enhanced objects as classic images: the same pixels, what the groups said at the top, and a way back."""

from copy import deepcopy
from pathlib import Path

import pytest
from pydicom import Dataset, dcmread
from pydicom.encaps import generate_frames
from tests.support.dicom_files import TEST_DATA, real_files
from tests.support.enhanced_images import (
    compressed,
    enhanced,
    errors_of,
    item,
    pixels,
    written,
)

from isocenter.conversion.classic import classic_images
from isocenter.conversion.frames import frames_of
from isocenter.conversion.table import is_enhanced
from isocenter.errors import InvalidInstance

REAL = (
    "mf.dcm",
    "eCT_Supplemental.dcm",
    "emri_small.dcm",
    "emri_small_RLE.dcm",
    "emri_small_big_endian.dcm",
    "emri_small_jpeg_2k_lossless.dcm",
    "emri_small_jpeg_ls_lossless.dcm",
)
RLE, JPEG_LS = "1.2.840.10008.1.2.5", "1.2.840.10008.1.2.4.80"
# What dciodvfy says in other words of a classic image than of the enhanced one with the same defect: an unspecified
# rescale type, and objects without functional groups, so without positions.
SAID_OTHERWISE = ("<RescaleType>", "Module=<ImagePlane>")


def place(height: float, **more: object) -> dict[str, object]:
    return {"PlanePositionSequence": {"ImagePositionPatient": [0, 0, height]}, **more}


def ct(frames: int = 2) -> Dataset:
    shared = {
        "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
        "PixelMeasuresSequence": {"PixelSpacing": [0.5, 0.5], "SliceThickness": 2},
        "CTImageFrameTypeSequence": {"FrameType": ["ORIGINAL", "PRIMARY", "VOLUME", "NONE"]},
        "CTExposureSequence": {"ExposureTimeInms": 500.4, "XRayTubeCurrentInmA": 199.6},
        "CTXRayDetailsSequence": {"KVP": 120},
        "PixelValueTransformationSequence": {"RescaleIntercept": -1024, "RescaleSlope": 1, "RescaleType": "HU"},
    }  # fmt: skip
    each = [
        place(
            5 * number,
            FrameContentSequence={
                "FrameAcquisitionNumber": 3,
                "FrameAcquisitionDateTime": f"2026010212000{number}.5",
                "StackID": "1",
                "InStackPositionNumber": number + 1,
            },
        )
        for number in range(frames)
    ]
    return enhanced("CT", shared, each, AcquisitionDateTime="20260102115900")


def one(dataset: Dataset) -> Dataset:
    return next(classic_images(dataset))


@pytest.mark.parametrize("name", REAL)
def test_real_objects_keep_their_pixels_and_get_no_errors_of_their_own(
    name: str, tmp_path: Path
) -> None:
    real_files()
    path = TEST_DATA / "files" / "enhanced" / name
    whole = dcmread(path)
    frames, samples = list(frames_of(whole)), whole.pixel_array
    before = errors_of(path)
    made = list(classic_images(whole))
    assert len(made) == whole.NumberOfFrames == len(frames)
    for number, image in enumerate(made):
        read = dcmread(written(image, tmp_path / "one.dcm"))
        assert read.file_meta.TransferSyntaxUID == whole.file_meta.TransferSyntaxUID
        assert next(frames_of(read)) == frames[number]
        assert (read.pixel_array == samples[number]).all()
        new = errors_of(tmp_path / "one.dcm") - before
        assert {
            error for error in new if not any(part in error for part in SAID_OTHERWISE)
        } == set()


def test_groups_of_all_frames_and_of_one_lie_at_the_top() -> None:
    first, second = classic_images(ct())
    assert (
        first.SOPClassUID == first.file_meta.MediaStorageSOPClassUID == "1.2.840.10008.5.1.4.1.1.2"
    )
    assert first.ImageOrientationPatient == [1, 0, 0, 0, 1, 0]
    assert (first.ImagePositionPatient[2], second.ImagePositionPatient[2]) == (0, 5)
    assert (first.InstanceNumber, second.InstanceNumber) == (1, 2)
    assert first.PixelSpacing == [0.5, 0.5]
    assert (first.RescaleIntercept, first.RescaleType) == (-1024, "HU")
    assert first.PatientName == "Doe^Jane"
    for gone in ("NumberOfFrames", "SharedFunctionalGroupsSequence", "StackID", "FrameType"):
        assert gone not in first


def test_attributes_have_the_names_of_classic_images() -> None:
    second = list(classic_images(ct()))[1]
    assert second.ImageType == ["ORIGINAL", "PRIMARY", "AXIAL", "NONE"]
    assert (second.ExposureTime, second.XRayTubeCurrent, second.KVP) == (500, 200, 120)
    assert second.AcquisitionNumber == 3
    assert (second.AcquisitionDate, second.AcquisitionTime) == ("20260102", "120001.5")


def test_uids_are_functions_of_the_object_and_the_frame() -> None:
    whole = ct(3)
    once, twice = list(classic_images(whole)), list(classic_images(deepcopy(whole)))
    assert [image.SOPInstanceUID for image in once] == [image.SOPInstanceUID for image in twice]
    assert len({image.SOPInstanceUID for image in once}) == 3
    assert len({image.SeriesInstanceUID for image in once}) == 1
    assert once[0].SeriesInstanceUID != whole.SeriesInstanceUID
    assert once[0].StudyInstanceUID == whole.StudyInstanceUID
    assert one(ct()).SOPInstanceUID not in {image.SOPInstanceUID for image in once}


def test_each_image_names_the_frame_it_comes_from() -> None:
    whole = ct()
    second = list(classic_images(whole))[1]
    (source,) = second.SourceImageSequence
    assert source.ReferencedSOPInstanceUID == whole.SOPInstanceUID
    assert source.ReferencedSOPClassUID == whole.SOPClassUID
    assert source.ReferencedFrameNumber == 2


def test_what_a_frame_was_derived_from_is_named_too() -> None:
    whole = ct(1)
    source = item(
        ReferencedSOPClassUID="1.2.840.10008.5.1.4.1.1.2", ReferencedSOPInstanceUID="1.2.3"
    )
    group = whole.PerFrameFunctionalGroupsSequence[0]
    group.DerivationImageSequence = [item(DerivationDescription="mean")]
    group.DerivationImageSequence[0].SourceImageSequence = [source]
    image = one(whole)
    uids = [each.ReferencedSOPInstanceUID for each in image.SourceImageSequence]
    assert uids == [whole.SOPInstanceUID, "1.2.3"]
    assert image.DerivationDescription == "mean"


def test_parts_of_a_concatenation_make_one_series_numbered_on() -> None:
    first, second = ct(2), ct(2)
    second.SeriesInstanceUID = first.SeriesInstanceUID
    for number, part in enumerate((first, second)):
        part.ConcatenationUID = "1.2.3"
        part.ConcatenationFrameOffsetNumber = 2 * number
    images = [*classic_images(first), *classic_images(second)]
    assert len({image.SeriesInstanceUID for image in images}) == 1
    assert len({image.SOPInstanceUID for image in images}) == 4
    assert [image.InstanceNumber for image in images] == [1, 2, 3, 4]


def test_the_object_itself_stays_as_it_is() -> None:
    whole = ct()
    before = deepcopy(whole)
    list(classic_images(whole))
    assert whole == before


def test_images_can_be_had_from_any_frame_on() -> None:
    whole = ct(3)
    assert list(classic_images(whole, 2)) == list(classic_images(whole))[1:]
    assert list(classic_images(whole, 4)) == []


def test_native_frames_are_cut_where_they_end() -> None:
    assert [image.PixelData for image in classic_images(ct(3))] == [pixels(1), pixels(2), pixels(3)]


@pytest.mark.parametrize("extended", [False, True])
def test_codestreams_go_over_as_they_are(extended: bool, tmp_path: Path) -> None:
    whole = ct(2)
    streams = [b"\x01\x02" * 40, b"\x03\x04\x05\x06" * 9]
    compressed(whole, JPEG_LS, streams, extended=extended)
    for number, image in enumerate(classic_images(whole)):
        read = dcmread(written(image, tmp_path / "one.dcm"))
        assert read.file_meta.TransferSyntaxUID == JPEG_LS
        assert "ExtendedOffsetTable" not in read
        assert next(generate_frames(read.PixelData, number_of_frames=1)) == streams[number]


def test_magnetic_resonance_says_its_sequence_in_classic_words(tmp_path: Path) -> None:
    shared = {
        "PlaneOrientationSequence": {"ImageOrientationPatient": [1, 0, 0, 0, 1, 0]},
        "PixelMeasuresSequence": {"PixelSpacing": [1, 1], "SliceThickness": 5},
        "MRTimingAndRelatedParametersSequence": {"RepetitionTime": 9000, "FlipAngle": 90, "RFEchoTrainLength": 16},
        "MRModifierSequence": {"InversionRecovery": "YES", "InversionTimes": 2500.0, "Spoiling": "RF",
                               "SpatialPresaturation": "SLAB", "FlowCompensation": "NONE"},
        "MREchoSequence": {"EffectiveEchoTime": 94.123456789012345},
    }  # fmt: skip
    each = [
        place(
            0,
            MRDiffusionSequence={"DiffusionBValue": 800.0},
            FrameAnatomySequence={"FrameLaterality": "R"},
        )
    ]
    top = {
        "EchoPulseSequence": "SPIN",
        "SegmentedKSpaceTraversal": "PARTIAL",
        "MRAcquisitionType": "2D",
    }
    image = one(enhanced("MR", shared, each, **top))
    image = dcmread(written(image, tmp_path / "one.dcm"))
    assert image.ScanningSequence == ["SE", "IR"]
    assert image.SequenceVariant == ["SK", "SP"]
    assert image.ScanOptions == "SP"
    assert (image.RepetitionTime, image.InversionTime, image.EchoTrainLength) == (9000, 2500, 16)
    assert image.EchoTime == pytest.approx(94.1234567)
    assert image.DiffusionBValue == 800
    assert image.Laterality == "R"


def test_emission_tomography_tells_of_its_series(tmp_path: Path) -> None:
    shared = {
        "PixelValueTransformationSequence": {"RescaleIntercept": 0, "RescaleSlope": 2, "RescaleType": "US"},
        "RealWorldValueMappingSequence": {"MeasurementUnitsCodeSequence": {"CodeValue": "Bq/ml"}},
    }  # fmt: skip
    each = [
        place(
            5 * (number % 2),
            FrameContentSequence={
                "TemporalPositionIndex": 1 + number // 2,
                "FrameReferenceDateTime": f"202601021200{10 * number:02}.25+0100",
                "FrameAcquisitionDuration": 60000.0,
            },
        )
        for number in range(4)
    ]
    top = {
        "SeriesDate": "20260102", "SeriesTime": "120000", "CountsSource": "EMISSION", "DecayCorrected": "YES",
        "AttenuationCorrected": "YES", "ScatterCorrected": "NO",
    }  # fmt: skip
    made = list(classic_images(enhanced("PT", shared, each, **top)))
    last = dcmread(written(made[3], tmp_path / "one.dcm"))
    assert (last.NumberOfSlices, last.ImageIndex, last.Units) == (2, 4, "BQML")
    assert last.SeriesType == ["DYNAMIC", "IMAGE"]
    assert (last.FrameReferenceTime, last.ActualFrameDuration) == (30250, 60000)
    assert (last.CorrectedImage, last.DecayCorrection) == (["DECY", "ATTN"], "START")
    assert last.SOPClassUID == "1.2.840.10008.5.1.4.1.1.128"


def test_angiography_keeps_its_angles(tmp_path: Path) -> None:
    each = [
        {"PositionerPositionSequence": {"PositionerPrimaryAngle": 10 * number, "PositionerSecondaryAngle": 1}}
        for number in range(2)
    ]  # fmt: skip
    top = {"ImageType": ["ORIGINAL", "PRIMARY", "SINGLE PLANE"], "RadiationSetting": "GR"}
    last = list(classic_images(enhanced("XA", {}, each, **top)))[1]
    read = dcmread(written(last, tmp_path / "one.dcm"))
    assert (read.PositionerPrimaryAngle, read.PositionerSecondaryAngle) == (10, 1)
    assert (read.SOPClassUID, read.KVP) == ("1.2.840.10008.5.1.4.1.1.12.1", None)
    assert read.ImageType == ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]


def test_references_and_private_groups_go_over_whole() -> None:
    whole = ct(1)
    group = whole.PerFrameFunctionalGroupsSequence[0]
    reference = Dataset()
    reference.ReferencedSOPInstanceUID = "1.2.3"
    group.ReferencedImageSequence = [reference]
    block = group.private_block(0x2005, "Philips MR Imaging DD 005", create=True)
    block.add_new(0x0F, "SQ", [Dataset()])
    image = one(whole)
    assert image.ReferencedImageSequence[0].ReferencedSOPInstanceUID == "1.2.3"
    assert image.private_block(0x2005, "Philips MR Imaging DD 005")[0x0F].VR == "SQ"


def broken(**changes: object) -> Dataset:
    whole = ct(2)
    for keyword, value in changes.items():
        setattr(whole, keyword, value)
    return whole


@pytest.mark.parametrize(
    "whole",
    [
        broken(PixelData=pixels(1)),
        broken(NumberOfFrames=0),
        broken(Rows=None),
        broken(BitsAllocated=1, Rows=3, Columns=3),
    ],
    ids=["cut off", "no frames", "no size", "bits"],
)
def test_what_cannot_be_divided_is_refused(whole: Dataset) -> None:
    with pytest.raises(InvalidInstance):
        list(classic_images(whole))


def test_codestreams_without_places_are_refused() -> None:
    whole = ct(2)
    compressed(whole, RLE, [b"\x01\x02" * 8])
    with pytest.raises(InvalidInstance):
        list(classic_images(whole))
    whole.file_meta.TransferSyntaxUID = "1.2.840.10008.1.2.4.102"  # a video has one stream
    with pytest.raises(InvalidInstance):
        list(classic_images(whole))


def test_classic_images_are_not_enhanced() -> None:
    assert not is_enhanced("1.2.840.10008.5.1.4.1.1.2")
    with pytest.raises(KeyError):
        one(broken(SOPClassUID="1.2.840.10008.5.1.4.1.1.2"))
