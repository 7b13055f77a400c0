import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydicom.charset import decode_bytes
from pydicom.charset import encode_string as pydicom_encode

from isocenter.dicom.charset import charset_of

NAME = b"\\^="


# From PS3.5 annexes H, I, J and K, and one for each single-byte set.
@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        ("", b"Adams^John", "Adams^John"),
        ("ISO_IR 100", b"\xc4neas^R\xfcdiger", "Äneas^Rüdiger"),
        ("ISO_IR 101", b"W\xb3adys\xb3aw", "Władysław"),
        ("ISO_IR 109", b"\xc6\xe6", "Ĉĉ"),
        ("ISO_IR 110", b"\xa2\xb3", "ĸŗ"),
        ("ISO_IR 144", b"\xbb\xee\xdace\xdc\xd1y\xe0\xd3", "Люкceмбyрг"),
        ("ISO_IR 127", b"\xe2\xc8\xc7\xe6\xea", "قباني"),
        ("ISO_IR 126", b"\xc4\xe9\xef\xed\xf5\xf3\xe9\xef\xf2", "Διονυσιος"),
        ("ISO_IR 138", b"\xf9\xf8\xe5\xef", "שרון"),
        ("ISO_IR 148", b"\xc7avu\xfeo\xf0lu", "Çavuşoğlu"),
        ("ISO_IR 203", b"\xa4\xbd", "€œ"),
        ("ISO_IR 166", b"\xca\xc1\xaa\xd2\xc2", "สมชาย"),
        ("ISO_IR 13", b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3", "ﾔﾏﾀﾞ^ﾀﾛｳ"),
        ("ISO_IR 192", "Wang^XiaoDong=王^小東=".encode(), "Wang^XiaoDong=王^小東="),
        ("GB18030", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
        ("GBK", b"Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab=", "Wang^XiaoDong=王^小东="),
        (
            "\\ISO 2022 IR 87",
            b"Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B",
            "Yamada^Tarou=山田^太郎=やまだ^たろう",
        ),
        (
            "ISO 2022 IR 13\\ISO 2022 IR 87",
            b"\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J",
            "ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう",
        ),
        (
            "\\ISO 2022 IR 149",
            b"Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf",
            "Hong^Gildong=洪^吉洞=홍^길동",
        ),
        (
            "\\ISO 2022 IR 58",
            b"Zhang^XiaoDong=\x1b$)A\xd5\xc5^\x1b$)A\xd0\xa1\xb6\xab=",
            "Zhang^XiaoDong=张^小东=",
        ),
        ("\\ISO 2022 IR 159", b"\x1b$(D\x30\x21\x1b(B", "丂"),
        ("ISO 2022 IR 100\\ISO 2022 IR 144", b"\xc4\x1b-L\xbb\xee^\xc4", "ÄЛю^Ä"),
    ],
)
def test_names_of_every_character_set_are_read(charset: str, raw: bytes, expected: object) -> None:
    assert charset_of(charset.encode()).decode(raw, NAME) == (expected, True)


def test_delimiters_bring_back_the_first_character_set() -> None:
    korean = charset_of(b"\\ISO 2022 IR 149")
    assert korean.decode(b"\x1b$)C\xfb\xf3\\A\r\nB", b"\\") == ("洪\\A\r\nB", True)
    text, clean = korean.decode(b"\x1b$)C\xfb\xf3^\xfb\xf3", NAME)  # not announced again
    assert (text, clean) == ("洪^洪", False)


def test_bytes_of_a_two_byte_character_are_no_delimiters() -> None:
    raw = "゜ソム".encode("iso2022_jp")
    assert b"\\" in raw or b"=" in raw
    assert charset_of(b"\\ISO 2022 IR 87").decode(raw, NAME) == ("゜ソム", True)
    assert charset_of(b"GB18030").decode("珄\\A".encode("gb18030"), b"\\") == ("珄\\A", True)


@pytest.mark.parametrize(
    ("charset", "raw", "expected"),
    [
        ("", b"R\xfcdiger", "Rüdiger"),
        ("", "Rüdiger".encode(), "Rüdiger"),
        ("KLINGON", b"R\xfcdiger", "Rüdiger"),
        ("ISO_IR 192", b"R\xfcdiger", "Rüdiger"),
        ("ISO_IR 192", "Rüdiger ü".encode()[:-1], "Rüdiger \ufffd"),
        ("\\ISO 2022 IR 149", b"\xfb\xf3", "洪"),
        ("ISO_IR 6", b"a\x1bZb", "aZb"),
    ],
)
def test_text_in_another_character_set_than_declared_stays_readable(
    charset: str, raw: bytes, expected: object
) -> None:
    assert charset_of(charset.encode()).decode(raw, NAME) == (expected, False)


@pytest.mark.parametrize(
    "spelling", ["ISO IR 192", "ISO-IR 192", "iso_ir 192", "UTF-8", "ISO_IR_192"]
)
def test_misspelt_terms_are_understood_and_told(spelling: str) -> None:
    found = charset_of(spelling.encode())
    assert found.decode("é".encode(), b"") == ("é", True)
    assert [code for code, _, _ in found.findings] == ["charset_misspelt"]


@given(st.binary(max_size=80), st.binary(max_size=20))
def test_anything_declared_and_anything_written_gives_text(raw: bytes, charset: str) -> None:
    for declared in (
        charset,
        b"ISO_IR 192",
        b"\\ISO 2022 IR 87",
        b"ISO 2022 IR 13\\ISO 2022 IR 149",
        b"GB18030",
    ):
        text, _ = charset_of(declared).decode(b"\x1b$B" + raw, NAME)
        text.encode("utf-8")


@pytest.mark.parametrize(
    ("terms", "codecs", "alphabet"),
    [
        (["", "ISO 2022 IR 87"], ["iso8859", "iso2022_jp"], "AZ az山田太郎やまだ"),
        (["", "ISO 2022 IR 149"], ["iso8859", "euc_kr"], "AZ az홍길동洪吉洞"),
        (["ISO 2022 IR 13", "ISO 2022 IR 87"], ["shift_jis", "iso2022_jp"], "AZ azﾔﾏﾀ山田太郎"),
    ],
)
def test_what_pydicom_encodes_is_read_as_pydicom_reads_it(
    terms: list[str], codecs: list[str], alphabet: str
) -> None:
    @given(st.text(alphabet, min_size=1, max_size=12))
    def check(value: str) -> None:
        raw = pydicom_encode(value, codecs)
        ours, _ = charset_of("\\".join(terms).encode()).decode(raw, b"\\^=")
        assert (
            ours == decode_bytes(raw, codecs, {0x0D, 0x0A, 0x09, 0x0C, 0x5C, 0x5E, 0x3D}) == value
        )

    check()
