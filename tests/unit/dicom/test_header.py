import struct
import zlib

import pytest
from tests.support.data_sets import (
    EXPLICIT,
    IMPLICIT,
    SEQUENCE_END,
    UNDEFINED,
    element,
    encapsulated,
    identity,
    image_of,
    implicit,
    instance,
    item,
    text,
)

from isocenter.dicom import header
from isocenter.dicom.header import Header, scan
from isocenter.dicom.inflate import inflated_range
from isocenter.dicom.pixel_location import PixelLocation
from isocenter.dicom.quick_walk import Odd
from isocenter.errors import InvalidInstance

JPEG = "1.2.840.10008.1.2.4.50"
DEFLATED = "1.2.840.10008.1.2.1.99"
BIG = b"x" * 5000


@pytest.fixture(params=["quick", "careful"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Every test holds for the quick walk (which may hand over) and for the careful walk alone."""
    if request.param == "careful":

        def refuse(*_args: object, **_keywords: object) -> None:
            raise Odd

        monkeypatch.setattr(header, "QuickWalk", refuse)
    return str(request.param)


def pixels_of(found: Header) -> PixelLocation:
    assert found.pixel_data is not None
    return found.pixel_data


def codes(found: Header) -> list[str]:
    return [code for code, _, _ in found.findings]


def holes(found: Header, end: int) -> list[tuple[int, int]]:
    """What the pieces leave out, as (offset, length)."""
    left, at = [], found.pieces[0][0]
    for offset, content in (*found.pieces, (end, b"")):
        if offset > at:
            left.append((at, offset - at))
        at = offset + len(content)
    return left


def refused(data: bytes, syntax: str = EXPLICIT) -> object:
    with pytest.raises(InvalidInstance) as caught:
        scan(data, 0, syntax)
    return caught.value.fields["code"]


@pytest.mark.usefixtures("way")
class TestScan:
    def test_a_clean_instance_has_its_uids_its_pixels_and_no_findings(self) -> None:
        pixels = element(0x7FE00010, "OW", b"\1\2\3\4")
        data = b"meta" + instance(image=image_of(), late=pixels)
        found = scan(data, 4, EXPLICIT)
        assert (found.sop_instance_uid, found.study_instance_uid, found.series_instance_uid) == (
            "1.2.3",
            "1.2.1",
            "1.2.2",
        )
        assert found.findings == ()
        assert found.pieces == ((4, data[4:-4]),)
        assert (pixels_of(found).tag, pixels_of(found).offset, pixels_of(found).length) == (
            "7FE00010",
            len(data) - 4,
            4,
        )

    def test_what_follows_the_pixels_is_a_piece_of_its_own(self) -> None:
        after = text(0x7FE10010, "LO", "AFTER")
        data = instance(late=element(0x7FE00010, "OW", b"\1\2\3\4") + after)
        assert scan(data, 0, EXPLICIT).pieces[1] == (len(data) - len(after), after)

    def test_values_above_4_kib_are_left_out_at_any_depth(self) -> None:
        nested = element(0x00081140, "SQ", item(element(0x00091001, "OB", BIG)))
        late = element(0x00420011, "OB", BIG)
        whole = identity()[0] + nested + identity()[1] + late
        found = scan(whole, 0, EXPLICIT)
        assert [length for _, length in holes(found, len(whole))] == [5000, 5000]
        for offset, length in holes(found, len(whole)):
            assert whole[offset : offset + length] == BIG

    def test_a_value_of_exactly_4_kib_stays(self) -> None:
        data = instance(late=element(0x00420011, "OB", b"x" * 4096))
        assert holes(scan(data, 0, EXPLICIT), len(data)) == []

    def test_undefined_lengths_are_followed_in_both_encodings(self) -> None:
        explicit = element(
            0x00081140,
            "SQ",
            item(text(0x00081150, "UI", "1.2"), undefined=True) + SEQUENCE_END,
            UNDEFINED,
        )
        before, after = identity()
        assert scan(before + explicit + after, 0, EXPLICIT).findings == ()
        plain = implicit(
            0x00081140,
            item(implicit(0x00081150, b"1.2\0"), undefined=True) + SEQUENCE_END,
            UNDEFINED,
        )
        head = implicit(0x00080016, b"1.2\0") + implicit(0x00080018, b"1.2.3\0")
        tail = implicit(0x0020000D, b"1.2\0") + implicit(0x0020000E, b"1.2\0")
        assert scan(head + plain + tail, 0, IMPLICIT).sop_instance_uid == "1.2.3"

    def test_an_unknown_element_of_undefined_length_holds_implicit_items(self) -> None:
        unknown = element(
            0x00091001, "UN", item(implicit(0x00091002, b"ab")) + SEQUENCE_END, UNDEFINED
        )
        before, after = identity()
        assert scan(before + unknown + after, 0, EXPLICIT).findings == ()

    def test_truncated_pixels_are_accepted_and_told(self) -> None:
        data = instance(late=element(0x7FE00010, "OW", b"\1\2\3\4", 400))
        found = scan(data, 0, EXPLICIT)
        assert codes(found) == ["pixel_data_truncated"]
        assert pixels_of(found).length == 4

    def test_truncated_fragments_are_accepted_and_told(self) -> None:
        data = instance(late=encapsulated([b"\xff\xd8ab", b"\xff\xd8cd"], delimited=False)[:-2])
        found = scan(data, 0, JPEG)
        assert "pixel_data_truncated" in codes(found)
        assert pixels_of(found).fragment_lengths == (4, 2)

    def test_a_header_that_is_cut_off_is_refused(self) -> None:
        assert refused(instance(late=element(0x00420011, "OB", b"ab", 400))) == "truncated"
        assert refused(instance()[:-3]) == "truncated"

    def test_bytes_after_the_last_element_are_told_and_in_no_piece(self) -> None:
        data = instance(late=element(0x7FE00010, "OW", b"\1\2\3\4"))
        found = scan(data + b"\0" * 5000, 0, EXPLICIT)
        assert codes(found) == ["trailing_bytes"]
        assert found.pieces == scan(data, 0, EXPLICIT).pieces

    def test_duplicate_and_unordered_elements_are_told_and_the_first_is_used(self) -> None:
        before, after = identity()
        other = text(0x0020000E, "UI", "9.9")
        found = scan(before + after + other + text(0x00100010, "PN", "A"), 0, EXPLICIT)
        assert found.series_instance_uid == "1.2.2"
        assert set(codes(found)) == {"duplicate_element", "out_of_order"}

    def test_odd_lengths_and_unknown_representations_are_told(self) -> None:
        found = scan(
            instance(patient=element(0x00100010, "PN", b"abc") + element(0x00100020, "ZZ", b"ab")),
            0,
            EXPLICIT,
        )
        assert codes(found) == ["odd_length", "vr_unknown"]

    def test_a_data_set_written_in_the_other_encoding_is_read(self) -> None:
        plain = b"".join(
            implicit(tag, uid)
            for tag, uid in (
                (0x00080016, b"1.2\0"),
                (0x00080018, b"1.3\0"),
                (0x0020000D, b"1.4\0"),
                (0x0020000E, b"1.5\0"),
            )
        )
        assert codes(scan(plain, 0, EXPLICIT)) == ["encoding_mismatch"]
        assert codes(scan(instance(), 0, IMPLICIT)) == ["encoding_mismatch"]

    def test_a_sequence_that_holds_no_items_is_kept_as_bytes(self) -> None:
        found = scan(instance(patient=element(0x00100050, "SQ", b"no items")), 0, EXPLICIT)
        assert codes(found) == ["malformed_sequence"]
        assert (
            refused(instance(patient=element(0x00100050, "SQ", b"no items", UNDEFINED)))
            == "malformed_sequence"
        )

    @pytest.mark.parametrize(
        "name", ["sop_class_uid", "sop_instance_uid", "study_instance_uid", "series_instance_uid"]
    )
    def test_an_instance_without_one_of_its_uids_is_refused(self, name: str) -> None:
        keyword = {"sop_class_uid": "sop_class", "sop_instance_uid": "sop"}.get(
            name, name.split("_", maxsplit=1)[0]
        )
        assert refused(b"".join(identity(**{keyword: ""}))) == f"no_{name}"
        assert refused(b"".join(identity(**{keyword: "../../../etc"}))) == f"invalid_{name}"
        assert refused(b"".join(identity(**{keyword: "1" * 66}))) == f"invalid_{name}"

    def test_uids_with_leading_zeros_or_odd_padding_are_accepted_and_told(self) -> None:
        assert codes(scan(b"".join(identity(sop="1.02.3")), 0, EXPLICIT)) == ["uid_leading_zero"]
        found = scan(b"".join(identity(sop="1.2.3   ")), 0, EXPLICIT)
        assert found.sop_instance_uid == "1.2.3"
        assert codes(found) == ["uid_padding"]

    def test_a_media_directory_is_no_instance(self) -> None:
        assert (
            refused(text(0x00041130, "CS", "DISC") + element(0x00041220, "SQ", b""))
            == "media_directory"
        )

    def test_a_delimiter_at_the_top_level_is_told(self) -> None:
        assert codes(scan(instance(late=SEQUENCE_END), 0, EXPLICIT)) == ["stray_delimiter"]

    def test_an_element_of_the_delimiters_group_has_no_representation(self) -> None:
        assert refused(instance(late=element(0xFFFEFFFF, "OW", b""))) == "truncated"

    def test_an_empty_data_set_is_refused(self) -> None:
        assert refused(b"") == "empty"

    def test_unknown_character_sets_are_told(self) -> None:
        assert codes(scan(instance(charset="KLINGON"), 0, EXPLICIT)) == ["charset_unknown"]
        assert codes(scan(instance(charset="ISO-IR 100"), 0, EXPLICIT)) == ["charset_misspelt"]

    def test_unknown_character_sets_do_not_hide_that_the_rest_is_clean(self) -> None:
        assert scan(instance(charset="ISO_IR 192"), 0, EXPLICIT).findings == ()


@pytest.mark.usefixtures("way")
class TestFragments:
    def frames(
        self,
        fragments: list[bytes],
        count: int,
        table: bytes = b"",
        syntax: str = JPEG,
        extra: bytes = b"",
    ) -> Header:
        data = instance(image=image_of(frames=count), late=extra + encapsulated(fragments, table))
        return scan(data, 0, syntax)

    def test_one_fragment_for_each_frame_needs_no_map(self) -> None:
        found = self.frames([b"\xff\xd8aa", b"\xff\xd8bb"], 2)
        assert pixels_of(found).fragment_lengths == (4, 4)
        assert pixels_of(found).frame_first_fragments == ()

    def test_the_basic_offset_table_tells_where_frames_start(self) -> None:
        found = self.frames([b"aa", b"bb", b"cc"], 2, struct.pack("<LL", 0, 20))
        assert pixels_of(found).frame_first_fragments == (0, 2)

    def test_the_extended_offset_table_is_used_first(self) -> None:
        extra = element(0x7FE00001, "OV", struct.pack("<QQ", 0, 10)) + element(
            0x7FE00002, "OV", struct.pack("<QQ", 2, 4)
        )
        found = self.frames([b"aa", b"bb", b"cc"], 2, struct.pack("<LL", 0, 20), extra=extra)
        assert pixels_of(found).frame_first_fragments == (0, 1)

    def test_a_wrong_offset_table_falls_back_to_the_codecs_start_markers(self) -> None:
        found = self.frames([b"\xff\xd8", b"bb", b"\xff\xd8"], 2, struct.pack("<LL", 0, 11))
        assert pixels_of(found).frame_first_fragments == (0, 2)

    def test_many_fragments_of_one_frame_are_that_frame(self) -> None:
        assert pixels_of(self.frames([b"aa", b"bb"], 1)).frame_first_fragments == (0,)

    def test_frames_that_cannot_be_told_apart_are_told(self) -> None:
        assert codes(self.frames([b"aa", b"bb", b"cc"], 2)) == ["frame_boundaries_unknown"]

    def test_video_is_one_stream(self) -> None:
        found = self.frames([b"aa", b"bb"], 2, syntax="1.2.840.10008.1.2.4.102")
        assert pixels_of(found).frame_first_fragments == (0,)

    def test_encapsulation_that_does_not_fit_the_syntax_is_told(self) -> None:
        assert codes(self.frames([b"aa"], 1, syntax=EXPLICIT)) == ["encapsulated_in_native_syntax"]
        data = instance(late=element(0x7FE00010, "OW", b"\1\2"))
        assert codes(scan(data, 0, JPEG)) == ["native_in_encapsulated_syntax"]

    def test_the_place_and_length_span_the_fragments_alone(self) -> None:
        data = instance(late=encapsulated([b"aa", b"bb"], b"\0\0\0\0"))
        found = pixels_of(scan(data, 0, JPEG))
        assert data[found.offset : found.offset + found.length] == item(b"aa") + item(b"bb")


def deflated(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def noise(size: int) -> bytes:
    """Bytes that do not deflate much."""
    return b"".join(
        zlib.crc32(n.to_bytes(4, "little")).to_bytes(4, "little") for n in range(size // 4)
    )


def test_a_deflated_data_set_gives_what_the_inflated_one_gives() -> None:
    after = text(0x7FE10010, "LO", "AFTER")
    pixels = noise(3_000_000)
    plain = instance(
        early=b"",
        late=element(0x00420011, "OB", noise(2_000_000))
        + element(0x7FE00010, "OW", pixels)
        + after,
    )
    expected, found = (
        scan(b"meta" + plain, 4, EXPLICIT),
        scan(b"meta" + deflated(plain), 4, DEFLATED),
    )
    assert found.deflated and not expected.deflated
    assert (found.pieces, found.pixel_data, found.findings) == (
        expected.pieces,
        expected.pixel_data,
        (),
    )
    start = pixels_of(found).offset
    assert inflated_range(b"meta" + deflated(plain), 4, start + 8, start + 16) == pixels[8:16]


def test_a_deflated_header_larger_than_the_first_look_is_read_whole() -> None:
    plain = instance(
        late=b"".join(element(0x00420000 + n, "OB", noise(4000)) for n in range(16, 800))
    )
    assert scan(deflated(plain), 0, DEFLATED).pieces == ((0, plain),)


def test_a_deflated_data_set_that_is_cut_off_is_told() -> None:
    plain = instance(late=element(0x7FE00010, "OW", noise(3_000_000)))
    found = scan(deflated(plain)[:-100_000], 0, DEFLATED)
    assert codes(found) == ["pixel_data_truncated"]
    assert 2_000_000 < pixels_of(found).length < 3_000_000
    assert refused(b"\x07\x07\x07", DEFLATED) == "bad_deflate"


def test_a_zlib_header_before_the_deflated_bytes_is_understood() -> None:
    assert scan(zlib.compress(instance()), 0, DEFLATED).sop_instance_uid == "1.2.3"


def test_big_endian_is_read() -> None:
    before = [
        (0x00080016, b"1.2\0"),
        (0x00080018, b"1.3\0"),
        (0x0020000D, b"1.4\0"),
        (0x0020000E, b"1.5\0"),
    ]
    data = b"".join(element(tag, "UI", value, big=True) for tag, value in before)
    found = scan(data + element(0x7FE00010, "OW", b"\1\2", big=True), 0, "1.2.840.10008.1.2.2")
    assert (found.sop_instance_uid, pixels_of(found).length, found.findings) == ("1.3", 2, ())
