"""How words of names sound."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom.person_name import fold, fold_name
from isocenter.dicom.sounds import sound_of

ALIKE = [
    "Müller Mueller Miller Möller",
    "Schmidt Smith Schmitt Schmid",
    "Meyer Maier Mayr Meier",
    "Catherine Katharina Kathrin Katrin",
    "Stephen Steven Stefan Stéphane",
    "Mohammed Muhammad Mohamed Mehmet",
    "Yusuf Youssef Josef Joseph",
    "Łukasz Lukas Lucas",
    "Kowalski Kovalsky",
    "O'Neil ONeal Oneill",
    "Tarou Taro Tarō",
    "Ohno Ono Oono",
    "Shimizu Simizu",
    "Gonzalez Gonzales",
    "Johnson Jansson Yansen",
    "Wagner Vagner",
    "Brown Braun",
    "Philipp Filip Felipe",
    "McDonald MacDonald",
]


@pytest.mark.parametrize("words", ALIKE)
def test_what_is_said_alike_has_one_code_and_what_is_not_has_another(words: str) -> None:
    codes = {sound_of(fold(word)) for word in words.split()}
    assert len(codes) == 1
    assert codes.isdisjoint(
        sound_of(fold(other)) for line in ALIKE if line != words for other in line.split()
    )


@pytest.mark.parametrize("word", ["li", "lee", "山田", "παπας", "やまだ", "", "-", "a1"])
def test_nothing_is_said_of_other_scripts_and_of_what_is_too_short(word: str) -> None:
    assert sound_of(word) == ""


def test_words_joined_by_a_hyphen_sound_alone_and_together() -> None:
    sounds = fold_name(["Müller-Lüdenscheidt^Jörg Åke"]).sounds
    assert {"mlr", "ltnst", "mlrltnst"} <= set(sounds)


@given(st.text(max_size=40))
def test_any_word_has_a_short_code_of_small_letters_or_none(word: str) -> None:
    code = sound_of(fold(word))
    assert code == "" or (code.isascii() and code.islower() and len(code) <= 3 * len(word) + 3)
