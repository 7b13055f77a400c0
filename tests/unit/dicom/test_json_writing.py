"""DICOM JSON written as a data set: pydicom reads what was said, and what is no DICOM JSON is refused by its tag."""

from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.filereader import read_dataset

from isocenter.dicom import json_model
from isocenter.dicom.json_writing import write_dataset
from isocenter.errors import InvalidRequest

SYNTAXES = {True: "1.2.840.10008.1.2.1", False: "1.2.840.10008.1.2"}
CHARACTERS = st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\^=")
TEXT = st.text(CHARACTERS, min_size=1, max_size=20).map(str.strip).filter(bool)
CODE = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_", min_size=1, max_size=16)


def member(vr: str, values: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.lists(values, max_size=3).map(
        lambda found: {"vr": vr, "Value": found} if found else {"vr": vr}
    )


LEAVES = {
    "00080060": member("CS", CODE),
    "0008103E": member("LO", TEXT),
    "00100010": member(
        "PN", st.fixed_dictionaries({"Alphabetic": TEXT}, optional={"Ideographic": TEXT})
    ),
    "00201206": member("IS", st.integers(-(2**31), 2**31 - 1)),
    "00280010": member("US", st.integers(0, 65535)),
    "00189074": member("DT", st.just("20260102030405.123456")),
    "00186011": st.just({"vr": "SQ"}),
    "00189087": member("FD", st.floats(allow_nan=False, allow_infinity=False)),
    "00280009": member("AT", st.just("00181063")),
    "00420011": st.binary(min_size=1, max_size=4).map(
        lambda raw: {"vr": "OB", "InlineBinary": b64encode(raw + raw).decode()}
    ),
}
LEVEL = st.fixed_dictionaries({}, optional=LEAVES)
DOCUMENT = st.builds(
    lambda top, items: {**top, "00081140": {"vr": "SQ", "Value": items}},
    LEVEL,
    st.lists(LEVEL, max_size=2),
)


def read_back(content: bytes, *, explicit: bool) -> dict[str, Any]:
    return json_model.to_json(
        [(0, content)],
        dataset_offset=0,
        transfer_syntax_uid=SYNTAXES[explicit],
        bulk_data_uri=lambda offset, length: "",
    )


def without_empty_sequences(document: dict[str, Any]) -> dict[str, Any]:
    cleaned = {}
    for tag, content in document.items():
        items = (
            [without_empty_sequences(item) for item in content.get("Value", [])]
            if content["vr"] == "SQ"
            else []
        )
        cleaned[tag] = (
            {"vr": "SQ", **({"Value": items} if items else {})}
            if content["vr"] == "SQ"
            else content
        )
    return cleaned


@given(DOCUMENT, st.booleans())
def test_what_was_written_is_read_back(document: dict[str, Any], explicit: bool) -> None:
    content, name = write_dataset(document, explicit=explicit)
    found = read_back(content, explicit=explicit)
    assert found.pop("00080005") == {"vr": "CS", "Value": [name]}
    assert without_empty_sequences(found) == without_empty_sequences(document)


@given(LEVEL, st.booleans())
def test_pydicom_reads_the_same(document: dict[str, Any], explicit: bool) -> None:
    content, _ = write_dataset(document, explicit=explicit)
    found = read_dataset(BytesIO(content), is_implicit_VR=not explicit, is_little_endian=True)
    assert {f"{int(e.tag):08X}" for e in found} == {*document, "00080005"}
    for tag in (0x00080060, 0x0008103E):
        wanted = document.get(f"{tag:08X}", {}).get("Value", [])
        got = found[tag].value if tag in found else None
        assert wanted == ([] if not got else [got] if isinstance(got, str) else list(got))


@pytest.mark.parametrize(
    ("name", "charset"),
    [("Müller^Jörg", "ISO_IR 100"), ("山田^太郎", "ISO_IR 192"), ("Doe", "ISO_IR 100")],
)
def test_character_set_is_the_smallest_that_can_say_it(name: str, charset: str) -> None:
    document = {"00100010": {"vr": "PN", "Value": [{"Alphabetic": name}]}}
    content, named = write_dataset(document, explicit=True)
    assert named == charset
    assert read_back(content, explicit=True)["00100010"] == document["00100010"]


@pytest.mark.parametrize("value", [1 / 3, -1e-300, 123456789012345.6, 0.1, 1e22])
def test_decimal_fits_in_sixteen_characters(value: float) -> None:
    content, _ = write_dataset({"00281050": {"vr": "DS", "Value": [value]}}, explicit=True)
    text = content.split(b"DS")[-1][2:].decode().strip()
    assert len(text) <= 16
    assert float(text) == pytest.approx(value, rel=1e-9)


@pytest.mark.parametrize(
    "content",
    [
        {"Value": ["x"]},
        {"vr": "XX", "Value": ["x"]},
        {"vr": "US", "Value": ["x"]},
        {"vr": "US", "Value": [70000]},
        {"vr": "OB", "InlineBinary": "*"},
        {"vr": "UT", "BulkDataURI": "http://elsewhere"},
        {"vr": "LO", "Value": ["a\0b"]},
        {"vr": "LO", "Value": ["x" * 70_000]},
        {"vr": "SQ", "Value": [{"zz": {"vr": "LO"}}]},
        "text",
    ],
)
def test_what_is_no_dicom_json_is_refused_by_its_tag(content: Any) -> None:
    with pytest.raises(InvalidRequest) as refused:
        write_dataset({"00420010": content}, explicit=True)
    assert "elsewhere" not in refused.value.message


def test_nesting_is_bounded() -> None:
    document: dict[str, Any] = {}
    for _ in range(20):
        document = {"00081140": {"vr": "SQ", "Value": [document]}}
    with pytest.raises(InvalidRequest):
        write_dataset(document, explicit=True)
