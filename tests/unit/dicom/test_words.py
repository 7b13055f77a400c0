"""Words that studies are found by when nobody says of what they are."""

from hypothesis import given
from hypothesis import strategies as st
from tests.support.index_rows import element, name

from isocenter.dicom.words import MAX_LETTERS, MAX_WORDS, words_in, words_of


def test_words_are_folded_runs_of_letters_and_digits() -> None:
    assert words_in("Müller-Lüdenscheidt^Jörg, YT-1977/03 Knie_links") == [
        *("muller", "ludenscheidt", "jorg", "yt", "1977", "03", "knie", "links"),
    ]
    assert words_in(" .-* ") == []


def test_names_texts_and_few_codes_have_words_and_private_attributes_have_none() -> None:
    document = {
        "00100010": name("Yamada^Tarou", "山田^太郎"),
        "00080060": element("CS", "CT"),
        "00080008": element("CS", "ORIGINAL"),
        "0020000D": element("UI", "1.2.3"),
        "00091001": element("LO", "secret"),
        "00400275": element("SQ", {"00400007": element("LO", "inside")}),
        "00081030": element("LO"),
        "00104000": {"vr": "LT", "BulkDataURI": "x"},
    }
    assert set(words_of([document])) == {"yamada", "tarou", "山田", "田", "太郎", "郎", "ct"}


def test_a_study_has_no_more_words_than_it_may() -> None:
    texts = [
        {"00081030": element("LO", *(f"w{n}x{part}" for n in range(50)))} for part in range(99)
    ]
    assert len(words_of(texts)) == MAX_WORDS


@given(st.text())
def test_any_text_has_words_of_letters_and_digits_only(text: str) -> None:
    assert all(word.isalnum() and len(word) <= MAX_LETTERS for word in words_in(text))
    assert set(words_of([{"00104000": element("LT", text)}])) >= set(words_in(text.strip()))
