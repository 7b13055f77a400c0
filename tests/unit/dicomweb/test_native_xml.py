"""The Native DICOM Model: what is written is read back, what is hostile is refused."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicomweb.native_xml import read_xml, write_xml
from isocenter.errors import InvalidRequest, IsocenterError

TEXT = st.text(
    st.characters(exclude_categories=("Cc", "Cs"), exclude_characters="\\^=\ufffe\uffff"),
    min_size=1,
)
LEAVES = st.fixed_dictionaries(
    {},
    optional={
        "0008103E": TEXT.map(lambda text: {"vr": "LO", "Value": [text]}),
        "00100010": TEXT.map(lambda text: {"vr": "PN", "Value": [{"Alphabetic": f"{text}^A^^Dr"}]}),
        "00280010": st.integers(0, 65535).map(lambda number: {"vr": "US", "Value": [number]}),
        "00189087": st.floats(allow_nan=False, allow_infinity=False).map(
            lambda number: {"vr": "FD", "Value": [number, number]}
        ),
        "00420011": st.just({"vr": "OB", "InlineBinary": "AAEC"}),
        "7FE00010": st.just({"vr": "OW", "BulkDataURI": "http://there/?a=1&b=<2>"}),
        "00091001": st.just({"vr": "UN"}),
    },
)
DOCUMENT = st.builds(
    lambda top, items: {**top, "00081140": {"vr": "SQ", **({"Value": items} if items else {})}},
    LEAVES,
    st.lists(LEAVES, max_size=3),
)


@given(DOCUMENT)
def test_what_was_written_is_read_back(document: dict[str, Any]) -> None:
    assert read_xml(write_xml(document)) == document


def test_names_have_their_parts_and_attributes_their_keywords() -> None:
    name = {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎"}
    text = write_xml({"00100010": {"vr": "PN", "Value": [name]}}).decode()
    assert '<DicomAttribute tag="00100010" vr="PN" keyword="PatientName">' in text
    assert (
        "<Ideographic><FamilyName>山田</FamilyName><GivenName>太郎</GivenName></Ideographic>"
        in text
    )


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<NativeDicomModel>",
        b'<NativeDicomModel><DicomAttribute tag="00100010"/></NativeDicomModel>',
        b"<NativeDicomModel><Value>1</Value></NativeDicomModel>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><NativeDicomModel>&a;</NativeDicomModel>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd"><NativeDicomModel/>',
        b"<NativeDicomModel>"
        + b'<DicomAttribute tag="00081140" vr="SQ"><Item>' * 40
        + b"</Item></DicomAttribute>" * 40
        + b"</NativeDicomModel>",
    ],
)
def test_what_is_no_model_or_hostile_is_refused(content: bytes) -> None:
    with pytest.raises(IsocenterError):
        read_xml(content)


@given(st.binary(max_size=200))
def test_anything_at_all_is_read_or_refused(content: bytes) -> None:
    try:
        read_xml(b"<NativeDicomModel>" + content + b"</NativeDicomModel>")
    except InvalidRequest:
        return
