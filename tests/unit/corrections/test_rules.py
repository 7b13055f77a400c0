"""What people may correct, and what of it is refused in words."""

import pytest

from isocenter.corrections.rules import attributes_of
from isocenter.errors import InvalidRequest


def test_values_become_elements_of_the_standards_representation() -> None:
    made = attributes_of(
        {
            "PatientName": "Yamada^Taro=山田^太郎",
            "StudyDate": "20260102",
            "SeriesNumber": "7",
            "00081030": "thorax ",
            "PatientComments": "a\\b",
            "AccessionNumber": "",
        },
        "study",
    )
    assert made == {
        "00100010": {
            "vr": "PN",
            "Value": [{"Alphabetic": "Yamada^Taro", "Ideographic": "山田^太郎"}],
        },
        "00080020": {"vr": "DA", "Value": ["20260102"]},
        "00200011": {"vr": "IS", "Value": [7]},
        "00081030": {"vr": "LO", "Value": ["thorax"]},
        "00104000": {"vr": "LT", "Value": ["a\\b"]},
        "00080050": {"vr": "SH"},
    }


@pytest.mark.parametrize(
    ("scope", "name", "value"),
    [
        ("study", "PatientID", "2"),
        ("patient", "IssuerOfPatientID", "HERE"),
        ("study", "StudyInstanceUID", "1.2"),
        ("series", "SeriesInstanceUID", "1.2"),
        ("study", "SOPInstanceUID", "1.2"),
        ("study", "InstanceNumber", "1"),
        ("study", "NumberOfStudyRelatedInstances", "1"),
        ("series", "PatientName", "A"),
        ("series", "StudyDescription", "a"),
        ("patient", "StudyDescription", "a"),
        ("study", "ProcedureCodeSequence", "a"),
        ("study", "StudyDate", "20261301"),
        ("study", "StudyDate", "2026"),
        ("study", "StudyTime", "noon"),
        ("study", "PatientSex", "female"),
        ("study", "PatientAge", "34"),
        ("study", "AccessionNumber", "x" * 17),
        ("study", "SeriesNumber", "one"),
        ("study", "PatientName", "a=b=c=d"),
        ("study", "PatientName", "a\x00b"),
        ("study", "StudyDescription", "a\x1b$B"),
        ("study", "Nonsense", "a"),
        ("study", "00091001", "a"),
    ],
)
def test_what_cannot_be_is_refused(scope: str, name: str, value: str) -> None:
    with pytest.raises(InvalidRequest):
        attributes_of({name: value}, scope)


def test_nothing_is_no_correction() -> None:
    with pytest.raises(InvalidRequest):
        attributes_of({}, "study")
    with pytest.raises(InvalidRequest):
        attributes_of({"PatientName": 7}, "study")
