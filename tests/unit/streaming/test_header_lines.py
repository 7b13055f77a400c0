"""A header as lines that a person reads."""

from isocenter.streaming import header_lines as lines
from isocenter.streaming.header_lines import header_lines


def told(document: dict[str, object]) -> list[tuple[int | str, ...]]:
    return [
        (one["depth"], one["tag"], one["keyword"], one["value"]) for one in header_lines(document)
    ]


def test_elements_have_their_names_and_values_as_they_are_written() -> None:
    document = {
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Yamada^Tarou", "Phonetic": "やまだ"}]},
        "00080008": {"vr": "CS", "Value": ["ORIGINAL", None, "AXIAL"]},
        "00091001": {"vr": "LO", "Value": ["theirs"]},
        "00080050": {"vr": "SH"},
    }
    assert told(document) == [
        (0, "00080008", "ImageType", "ORIGINAL\\\\AXIAL"),
        (0, "00080050", "AccessionNumber", ""),
        (0, "00091001", "private", "theirs"),
        (0, "00100010", "PatientName", "Yamada^Tarou==やまだ"),
    ]


def test_items_stand_one_deeper_than_their_sequence_and_each_is_numbered() -> None:
    item = {"00080100": {"vr": "SH", "Value": ["T-1"]}}
    assert told({"00082218": {"vr": "SQ", "Value": [item, {}]}, "00082219": {"vr": "SQ"}}) == [
        (0, "00082218", "AnatomicRegionSequence", "2 items"),
        (1, "", "", "item 1"),
        (1, "00080100", "CodeValue", "T-1"),
        (1, "", "", "item 2"),
        (0, "00082219", "", ""),
    ]


def test_bulk_data_are_told_by_their_length_and_long_texts_are_cut() -> None:
    document = {
        "00091010": {"vr": "OB", "BulkDataURI": "series/1/instances/2/bulkdata/ab/128/5000"},
        "00091011": {"vr": "OB", "InlineBinary": "AAEC"},
        "00091012": {"vr": "UT", "Value": ["x" * 5000]},
    }
    values = [value for *_, value in told(document)]
    assert values[:2] == ["5000 bytes", "base64 AAEC"]
    assert str(values[2]).endswith("x … (5000 characters)")


def test_too_many_lines_end_with_a_word_of_it() -> None:
    many = {f"0009{number:04X}": {"vr": "LO"} for number in range(lines.MAX_LINES + 5)}
    found = header_lines(many)
    assert len(found) == lines.MAX_LINES + 1
    assert found[-1]["value"] == "and more"
