"""What series are called: by attributes first, by the words of many languages last."""

from typing import Any

import pytest
from tests.support.series_documents import AXIAL, image

from isocenter.arrangement.study import Series, arrange


def series(**attributes: Any) -> Series:
    return arrange("1.2", [image(**attributes)])


def mr(**attributes: Any) -> Series:
    return series(Modality="MR", **attributes)


def ct(**attributes: Any) -> Series:
    return series(Modality="CT", **attributes)


@pytest.mark.parametrize(
    ("sequence", "attributes"),
    [
        ("T1", {"ScanningSequence": "SE", "EchoTime": 12, "RepetitionTime": 500}),
        ("T2", {"ScanningSequence": "SE", "EchoTime": 98, "RepetitionTime": 5200}),
        ("PD", {"ScanningSequence": "SE", "EchoTime": 20, "RepetitionTime": 2500}),
        ("T1", {"ScanningSequence": ["GR", "IR"], "SequenceVariant": ["SK", "SP", "MP"], "EchoTime": 2.9,
                "RepetitionTime": 2300, "InversionTime": 900}),
        ("FLAIR", {"ScanningSequence": ["SE", "IR"], "EchoTime": 94, "RepetitionTime": 9000, "InversionTime": 2500}),
        ("STIR", {"ScanningSequence": ["SE", "IR"], "EchoTime": 60, "RepetitionTime": 4000, "InversionTime": 160}),
        ("T2*", {"ScanningSequence": "GR", "EchoTime": 20, "RepetitionTime": 620}),
        ("TOF", {"ScanningSequence": "GR", "AngioFlag": "Y", "EchoTime": 3.5, "RepetitionTime": 22}),
        ("SWI", {"ScanningSequence": "GR", "ImageType": ["ORIGINAL", "PRIMARY", "M", "SWI", "NORM"]}),
        ("ADC", {"ScanningSequence": "EP", "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "ADC", "NORM"]}),
        ("DWI", {"ScanningSequence": "EP", "ImageType": ["DERIVED", "PRIMARY", "DIFFUSION", "TRACEW"]}),
        ("T2", {"AcquisitionContrast": "T2"}),
        ("FLAIR", {"MRImageFrameTypeSequence": [{"AcquisitionContrast": "FLUID_ATTENUATED"}]}),
    ],
)  # fmt: skip
def test_sequences_are_known_by_how_they_were_measured(
    sequence: str, attributes: dict[str, Any]
) -> None:
    # what somebody called it does not count then
    assert mr(SeriesDescription="ep2d t1 t2 flair", **attributes).sequence == sequence


@pytest.mark.parametrize(
    ("sequence", "description"),
    [
        ("T1", "t1_mprage_sag_p2_iso"), ("T2", "T2w TSE ax"), ("FLAIR", "AX T2 FLAIR"),
        ("DWI", "ep2d_diff_3scan_trace"),
        ("SWI", "Ax SWAN"), ("TOF", "3D TOF Willis"), ("ADC", "dADC Map (mm2/s)"), ("DWI", "拡散強調"),
        ("PD", "pd_tse_fs_cor"), ("", "BWS C7 - T12 sag"), ("", "localisation"),
    ],
)  # fmt: skip
def test_sequences_are_read_in_descriptions_where_nothing_else_tells(
    sequence: str, description: str
) -> None:
    assert mr(SeriesDescription=description).sequence == sequence


def test_a_spoiled_gradient_echo_is_what_it_is_called_and_else_t1() -> None:
    spoiled = {
        "ScanningSequence": "GR", "SequenceVariant": ["SK", "SP"], "EchoTime": 2.4, "RepetitionTime": 6,
    }  # fmt: skip
    assert mr(SeriesDescription="TOF neck", **spoiled).sequence == "TOF"
    assert mr(SeriesDescription="abdomen dyn", **spoiled).sequence == "T1"


def test_a_frame_of_an_enhanced_image_tells_its_sequence() -> None:
    found = mr(
        EchoPulseSequence="SPIN",
        SharedFunctionalGroupsSequence=[
            {
                "MREchoSequence": [{"EffectiveEchoTime": 100}],
                "MRTimingAndRelatedParametersSequence": [{"RepetitionTime": 4000}],
            }
        ],
        PerFrameFunctionalGroupsSequence=[{}],
    )
    assert found.sequence == "T2"


@pytest.mark.parametrize(
    "hidden",
    [
        {"00190010": "SIEMENS MR HEADER", "0019100C": "800"},
        {"00190011": "SIEMENS MR HEADER", "0019110C": 800},
        {"20010010": "Philips Imaging DD 001", "20011003": 800.0},
        {"00430010": "GEMS_PARM_01", "00431039": 1000000800},
    ],
)
def test_b_values_are_found_where_vendors_hide_them(hidden: dict[str, Any]) -> None:
    made = image(Modality="MR", ScanningSequence="EP")
    made |= {tag: {"vr": "UN", "Value": [value]} for tag, value in hidden.items()}
    assert arrange("1.2", [made]).sequence == "DWI b800"


def test_a_private_element_of_somebody_else_is_no_b_value() -> None:
    made = image(Modality="MR", ScanningSequence="EP")
    made |= {
        "00190010": {"vr": "LO", "Value": ["ACME"]},
        "0019100C": {"vr": "IS", "Value": [800]},
    }
    assert arrange("1.2", [made]).sequence == ""


@pytest.mark.parametrize(
    ("phase", "attributes"),
    [
        ("arterial", {"ContrastBolusStartTime": "100000", "AcquisitionTime": "100028.5"}),
        ("portal venous", {"ContrastBolusStartTime": "100000", "AcquisitionTime": "100110"}),
        ("delayed", {"ContrastBolusStartTime": "100000", "AcquisitionTime": "100500"}),
        ("arterial", {"ContrastBolusStartTime": "235950", "AcquisitionTime": "000015"}),
        ("portal venous", {"SeriesDescription": "Abdomen pv 5.0"}),
        ("contrast", {"ContrastBolusStartTime": "nonsense"}),
    ],
)
def test_phases_are_known_by_the_time_since_the_injection(
    phase: str, attributes: dict[str, str]
) -> None:
    assert ct(ContrastBolusAgent="Iomeprol 350", **attributes).phase == phase


@pytest.mark.parametrize(
    ("phase", "description"),
    [
        ("native", "Abdomen ohne KM"), ("native", "TAP sans injection"), ("native", "Thorax w/o contrast"),
        ("native", "上腹部 単純"), ("arterial", "Leber arteriell 1.0"), ("arterial", "Foie temps artériel"),
        ("arterial", "動脈相"), ("portal venous", "ABD portalvenös"), ("portal venous", "temps portal"),
        ("portal venous", "fase portale"), ("portal venous", "门脉期"), ("delayed", "Spätphase"),
        ("delayed", "fase tardía"), ("delayed", "Urographic 10 min"), ("contrast", "Thorax mit KM"),
        ("native", "Thorax lateral recon"),
    ],
)  # fmt: skip
def test_phases_are_read_in_many_languages(phase: str, description: str) -> None:
    assert ct(SeriesDescription=description).phase == phase


def test_an_agent_left_open_is_neither_given_nor_not() -> None:
    assert ct(ContrastBolusAgent="").phase == ""
    assert ct(ContrastBolusAgent="None").phase == "native"
    assert ct().phase == "native"


@pytest.mark.parametrize(
    ("phase", "attributes"),
    [
        ("post contrast", {"ContrastBolusAgent": "Gadovist"}),
        ("post contrast", {"SeriesDescription": "T1 SE ax +C"}),
        ("post contrast", {"SeriesDescription": "t1 nach KM"}),
        ("native", {"SeriesDescription": "t1 ohne KM"}),
        ("native", {"SeriesDescription": "T1 pre-contrast"}),
        ("", {"SeriesDescription": "T1 posterior fossa"}),
    ],
)
def test_a_contrast_agent_shows_in_magnetic_resonance(
    phase: str, attributes: dict[str, str]
) -> None:
    assert mr(**attributes).phase == phase


@pytest.mark.parametrize(
    ("kernel", "manufacturer", "name"),
    [
        ("soft", "SIEMENS", "B30f"), ("soft", "Siemens Healthineers", "Br40d"), ("bone", "SIEMENS", "H70h"),
        ("lung", "SIEMENS", "Bl57f"), ("soft", "GE MEDICAL SYSTEMS", "STANDARD"),
        ("lung", "GE MEDICAL SYSTEMS", "LUNG"),
        ("bone", "GE MEDICAL SYSTEMS", "BONEPLUS"), ("soft", "Philips", "B"), ("bone", "Philips", "YE"),
        ("soft", "TOSHIBA", "FC08"), ("bone", "TOSHIBA", "FC30"), ("lung", "CANON_MEC", "FC52"),
        ("", "ACME", "B30f"),
    ],
)  # fmt: skip
def test_kernels_are_known_by_their_vendors_names(
    kernel: str, manufacturer: str, name: str
) -> None:
    described = "Knochen" if kernel == "soft" else ""  # does not count then
    found = ct(Manufacturer=manufacturer, ConvolutionKernel=name, SeriesDescription=described)
    assert found.kernel == kernel


def test_an_unknown_kernel_is_known_by_words_then_by_its_window() -> None:
    assert ct(ConvolutionKernel="X1", SeriesDescription="Thorax Lunge 1mm").kernel == "lung"
    assert ct(ConvolutionKernel="X1", WindowCenter=-600, WindowWidth=1500).kernel == "lung"
    assert (
        ct(ConvolutionKernel="X1", WindowCenter=[450, 40], WindowWidth=[2000, 400]).kernel == "bone"
    )
    assert ct(ConvolutionKernel="X1").kernel == ""


@pytest.mark.parametrize(
    ("label", "attributes"),
    [
        ("CT, localizer", {"Modality": "CT", "ImageType": ["ORIGINAL", "PRIMARY", "LOCALIZER"]}),
        ("CT, localizer", {"Modality": "CT", "SeriesDescription": "Topogramm 0.6"}),
        ("CT, screen save", {"Modality": "CT", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.7"}),
        ("CT, dose report", {"Modality": "CT", "SeriesDescription": "Patient Protocol"}),
        ("SR, dose report", {"Modality": "SR", "SOPClassUID": "1.2.840.10008.5.1.4.1.1.88.67"}),
        ("SR, document", {"Modality": "SR"}),
        ("CT native, axial, reformat", {"Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "MPR"],
                                        "ImagePositionPatient": [0, 0, 0], "ImageOrientationPatient": AXIAL}),
        ("CT native, projection", {"Modality": "CT", "ImageType": ["DERIVED", "SECONDARY", "MIP"]}),
        ("RTDOSE", {"Modality": "RTDOSE"}),
        ("US", {"Modality": "US"}),
        ("", {}),
    ],
)  # fmt: skip
def test_what_a_series_is_for_shows_in_its_label(label: str, attributes: dict[str, Any]) -> None:
    assert series(**attributes).label == label
