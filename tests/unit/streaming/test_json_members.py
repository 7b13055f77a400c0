"""Members added to DICOM JSON as bytes."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isocenter.streaming.json_members import element, with_base, with_character_set, with_member

tags = st.integers(0x00080006, 0x7FE00010).map(lambda tag: f"{tag:08X}")
texts = st.text(max_size=20)
simple = texts.map(lambda text: {"vr": "LO", "Value": [text]})
nested = st.dictionaries(tags, simple, max_size=3).map(
    lambda item: {"vr": "SQ", "Value": [dict(sorted(item.items()))]}
)
documents = st.dictionaries(tags, simple | nested, max_size=8).map(
    lambda d: dict(sorted(d.items()))
)


def _dump(document: dict[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


@given(documents, tags, texts)
def test_a_member_stands_where_its_tag_belongs_and_nothing_else_changes(
    document: dict[str, Any], tag: str, text: str
) -> None:
    found = json.loads(with_member(_dump(document), tag, element("UR", text)))
    assert list(found) == sorted(found)
    assert found == document | {tag: {"vr": "UR", "Value": [text]}}


@given(documents)
def test_the_character_set_is_said_first_and_once(document: dict[str, Any]) -> None:
    utf8 = {"00080005": {"vr": "CS", "Value": ["ISO_IR 192"]}}
    assert json.loads(with_character_set(_dump(document))) == utf8 | document
    own = {"00080005": {"vr": "CS", "Value": ["ISO 2022 IR 6", "ISO 2022 IR 87"]}} | document
    assert json.loads(with_character_set(_dump(own))) == utf8 | document
    empty = {"00080005": {"vr": "CS"}} | document
    assert json.loads(with_character_set(_dump(empty))) == utf8 | document


def test_addresses_of_bulk_data_become_absolute_and_texts_stay() -> None:
    document = {
        "00091001": {"vr": "OB", "BulkDataURI": "@base@/studies/1/bulkdata/d/1/2"},
        "00104000": {"vr": "LT", "Value": ['"BulkDataURI":"@base@/']},
    }
    found = json.loads(with_base(_dump(document), "http://here/dicom-web"))
    assert found["00091001"]["BulkDataURI"] == "http://here/dicom-web/studies/1/bulkdata/d/1/2"
    assert found["00104000"] == document["00104000"]
