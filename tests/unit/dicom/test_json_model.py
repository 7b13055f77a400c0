import json
import struct

import pytest
from tests.support.data_sets import (
    EXPLICIT,
    IMPLICIT,
    SEQUENCE_END,
    UNDEFINED,
    element,
    encapsulated,
    identity,
    implicit,
    instance,
    item,
    text,
)

from isocenter.dicom.encoding import FORMS
from isocenter.dicom.header import scan
from isocenter.dicom.json_model import dumps, to_json
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.limits import Finding
from isocenter.errors import IsocenterError


def model(
    data: bytes, syntax: str = EXPLICIT, offset: int = 0, findings: list[Finding] | None = None
) -> JsonObject:
    return to_json(
        scan(data, offset, syntax).pieces,
        dataset_offset=offset,
        transfer_syntax_uid=syntax,
        bulk_data_uri=lambda start, length: f"{start}-{length}",
        findings=findings,
    )


def value(vr: str, raw: bytes, tag: int = 0x00420030) -> object:
    """The attribute object of one element."""
    made: object = model(instance(late=element(tag, vr, raw)))[f"{tag:08X}"]
    return made


@pytest.mark.parametrize(
    ("vr", "raw", "expected"),
    [
        ("CS", b"A \\ B\\\\C ", ["A", "B", None, "C"]),
        ("UI", b"1.2.3\0", ["1.2.3"]),
        ("LO", b" a b ", ["a b"]),
        ("UC", b" a ", [" a"]),
        ("LT", b" a\\b ", [" a\\b"]),
        ("UR", b"http://x/ ", ["http://x/"]),
        ("DS", b"1.5\\-2\\1e3 ", [1.5, -2.0, 1000.0]),
        ("DS", b"1,5 ", ["1,5"]),
        ("DS", b"nan ", ["nan"]),
        ("DS", b"1_0 ", ["1_0"]),
        ("DS", b"\\1", [None, 1.0]),
        ("IS", b"007 ", [7]),
        ("IS", b"2.0 ", [2]),
        ("IS", b"1A", ["1A"]),
        ("IS", b"1_0 ", ["1_0"]),
        ("AT", b"\x28\0\x10\0\x08\0\x18\0", ["00280010", "00080018"]),
        ("US", b"\1\0\2\0", [1, 2]),
        ("SS", b"\xff\xff", [-1]),
        ("UL", b"\1\0\0\0", [1]),
        ("SL", b"\xff\xff\xff\xff", [-1]),
        ("UV", b"\xff" * 8, [2**64 - 1]),
        ("SV", b"\xff" * 8, [-1]),
        ("FL", struct.pack("<f", 0.5), [0.5]),
        (
            "FD",
            struct.pack("<3d", 0.1, float("inf"), float("-inf")),
            [0.1, "Infinity", "-Infinity"],
        ),
        ("FD", struct.pack("<d", float("nan")), ["NaN"]),
    ],
)
def test_values_become_what_table_f_2_3_1_says(vr: str, raw: bytes, expected: object) -> None:
    # A tag that PS3.6 does not have, so that the written representation counts.
    assert value(vr, raw) == {"vr": vr, "Value": expected}


@pytest.mark.parametrize("vr", ["OB", "OD", "OF", "OL", "OV", "OW", "UN"])
def test_binary_values_are_base64(vr: str) -> None:
    assert value(vr, b"\0\1\2\3\4\5\6\7") == {"vr": vr, "InlineBinary": "AAECAwQFBgc="}


@pytest.mark.parametrize("vr", sorted(vr.decode() for vr in FORMS))
def test_an_empty_value_has_only_a_representation(vr: str) -> None:
    assert value(vr, b"") == {"vr": vr}


@pytest.mark.parametrize(
    ("vr", "raw"), [("US", b"abc"), ("FD", b"abcd"), ("AT", b"ab"), ("UV", b"abcd")]
)
def test_a_number_of_the_wrong_size_is_given_as_unknown_bytes(vr: str, raw: bytes) -> None:
    made = value(vr, raw)
    assert isinstance(made, dict)
    assert made["vr"] == "UN"


def test_person_names_have_their_groups() -> None:
    raw = "Yamada^Tarou=山田^太郎=やまだ^たろう\\=洪\\\\Smith^J ".encode()
    document = model(instance(charset="ISO_IR 192", patient=element(0x00100010, "PN", raw)))
    assert document["00100010"] == {
        "vr": "PN",
        "Value": [
            {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"},
            {"Ideographic": "洪"},
            None,
            {"Alphabetic": "Smith^J"},
        ],
    }
    assert "山田" in dumps(document).decode("utf-8")


def test_an_item_may_have_a_character_set_of_its_own() -> None:
    inner = text(0x00080005, "CS", "ISO_IR 144") + element(0x00081030, "LO", b"\xbb\xee")
    other = element(0x00081030, "LO", b"\xc4 ")
    data = instance(charset="ISO_IR 100", late=element(0x00420010, "SQ", item(inner) + item(other)))
    first, second = model(data)["00420010"]["Value"]
    assert first["00081030"]["Value"] == ["Лю"]
    assert second["00081030"]["Value"] == ["Ä"]


def test_text_outside_its_character_set_is_told() -> None:
    found: list[Finding] = []
    model(instance(patient=element(0x00100010, "PN", b"R\xfcdiger ")), findings=found)
    assert [code for code, _, _ in found] == ["text_undecodable"]


def test_group_lengths_and_pixel_data_are_left_out_and_keys_ascend() -> None:
    before, after = identity()
    data = element(0x00080000, "UL", b"\0\0\0\0") + before + after + text(0x00100010, "PN", "A")
    document = model(data + element(0x7FE00010, "OW", b"ab"))
    assert list(document) == ["00080016", "00080018", "00100010", "0020000D", "0020000E"]


def test_values_that_were_cut_out_are_bulk_data_in_the_object() -> None:
    large, larger = b"a" * 5000, b"b" * 6000
    nested = element(
        0x00420010, "SQ", item(element(0x00420011, "OB", large) + text(0x00420012, "LO", "x"))
    )
    data = b"meta" + instance(late=nested + element(0x00420013, "UT", larger))
    document = model(data, offset=4)
    inner = document["00420010"]["Value"][0]
    for attribute, vr, content in (
        (inner["00420011"], "OB", large),
        (document["00420013"], "UT", larger),
    ):
        start, length = map(int, attribute["BulkDataURI"].split("-"))
        assert attribute["vr"] == vr
        assert data[start : start + length] == content
    assert inner["00420012"]["Value"] == ["x"]


def test_what_follows_a_cut_value_and_the_pixels_is_in_the_model() -> None:
    late = element(0x7FE00010, "OW", b"x" * 5000) + text(0x7FE10010, "LO", "AFTER")
    assert model(instance(late=late))["7FE10010"]["Value"] == ["AFTER"]
    late = encapsulated([b"ab" * 3000]) + text(0x7FE10010, "LO", "AFTER")
    assert model(instance(late=late), "1.2.840.10008.1.2.4.50")["7FE10010"]["Value"] == ["AFTER"]


def test_the_fragments_of_an_icon_are_given_with_their_items() -> None:
    icon = element(0x00880200, "SQ", item(encapsulated([b"ab"]) + text(0x7FE10010, "LO", "AFTER")))
    inner = model(instance(late=icon), "1.2.840.10008.1.2.4.50")["00880200"]["Value"][0]
    assert inner["7FE00010"]["vr"] == "OB"
    assert inner["7FE10010"]["Value"] == ["AFTER"]


def test_without_representations_those_of_ps3_6_count_and_private_ones_are_unknown() -> None:
    data = b"".join(
        (
            implicit(0x00080016, b"1.2\0"),
            implicit(0x00080018, b"1.3\0"),
            implicit(0x00090010, b"ME"),
            implicit(0x00091001, b"ab"),
            implicit(0x0020000D, b"1.4\0"),
            implicit(0x0020000E, b"1.5\0"),
            implicit(0x00280103, b"\1\0"),
            implicit(0x00280106, b"\xff\xff"),
            implicit(0x00283000, item(implicit(0x00283002, b"\1\0\xff\xff\x10\0"))),
            implicit(0x60003000, b"\1\2"),
        )
    )
    document = model(data, IMPLICIT)
    assert document["00090010"] == {"vr": "LO", "Value": ["ME"]}
    assert document["00091001"] == {"vr": "UN", "InlineBinary": "YWI="}
    assert document["00280106"] == {"vr": "SS", "Value": [-1]}
    assert document["00283000"]["Value"][0]["00283002"] == {"vr": "SS", "Value": [1, -1, 16]}
    assert document["60003000"]["vr"] == "OW"


def test_a_text_attribute_has_the_representation_of_ps3_6() -> None:
    found: list[Finding] = []
    document = model(
        instance(patient=text(0x00100010, "LO", "A^B") + element(0x00100020, "UN", b"ID")),
        findings=found,
    )
    assert document["00100010"] == {"vr": "PN", "Value": [{"Alphabetic": "A^B"}]}
    assert document["00100020"] == {"vr": "LO", "Value": ["ID"]}
    assert [(code, tag) for code, tag, _ in found] == [("vr_differs", "00100010")]


def test_a_sequence_under_unknown_is_read_as_implicit() -> None:
    inside = item(implicit(0x00080060, b"CT"))
    known = element(0x00400275, "UN", inside)
    private = element(0x00430010, "UN", inside + SEQUENCE_END, UNDEFINED)
    document = model(instance(late=known + private))
    for key in ("00400275", "00430010"):
        assert document[key]["Value"] == [{"00080060": {"vr": "CS", "Value": ["CT"]}}]


def test_big_endian_values_and_bytes_are_turned_round() -> None:
    uids = b"".join(
        element(tag, "UI", raw, big=True)
        for tag, raw in (
            (0x00080016, b"1.2\0"),
            (0x00080018, b"1.3\0"),
            (0x0020000D, b"1.4\0"),
            (0x0020000E, b"1.5\0"),
        )
    )
    data = (
        uids
        + element(0x00280010, "US", b"\2\0", big=True)
        + element(0x00420030, "OW", b"\1\2\3\4", big=True)
    )
    document = model(data, "1.2.840.10008.1.2.2")
    assert document["00280010"]["Value"] == [512]
    assert document["00420030"]["InlineBinary"] == "AgEEAw=="


def test_dumps_gives_compact_utf_8_that_parses_back() -> None:
    document = model(
        instance(charset="ISO_IR 192", patient=element(0x00100020, "LO", "ü\x01".encode() + b" "))
    )
    assert b": " not in dumps(document)
    assert json.loads(dumps(document)) == document


def test_pieces_that_no_scan_gave_raise_one_of_our_errors() -> None:
    cut = [(0, b"\x08\0\x18\0UI\xff\0")]
    overlapping = [(0, b"abcdefgh"), (4, b"x")]
    endless = [(0, element(0x00081140, "SQ", b"", UNDEFINED))]
    for pieces in (cut, overlapping, endless):
        with pytest.raises(IsocenterError):
            to_json(
                pieces,
                dataset_offset=0,
                transfer_syntax_uid=EXPLICIT,
                bulk_data_uri=lambda start, length: "",
            )
