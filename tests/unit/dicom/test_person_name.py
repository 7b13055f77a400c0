"""Names made comparable."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.dicom.person_name import FoldedName, fold, fold_group, fold_name, fold_pattern


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Müller", "muller"),
        ("Mu\u0308ller", "muller"),
        ("STRAẞE", "strasse"),
        ("Ångström", "angstrom"),
        ("Øre Łuk Đà", "ore luk da"),
        ("İstanbul ısı", "istanbul isi"),
        ("ΓΙΏΡΓΟΣ", "γιωργοσ"),
        ("Γιώργος", "γιωργοσ"),
        ("قَبَّانِي", "قباني"),
        ("أحمـد", "احمد"),
        ("שָׁלוֹם", "שלום"),
        ("ﾔﾏﾀﾞ", "やまだ"),
        ("ヤマダ", "やまだ"),
        ("やまた", "やまた"),
        ("山田", "山田"),
        ("김희중", "김희중"),
        ("김희중".encode().decode(), "김희중"),
        ("Ａｎｎａ　Ｂ", "anna b"),
        ("  de   la  Cruz ", "de la cruz"),
        ("หญิง", "หญิง"),
        ("हिन्दी", "हिन्दी"),
        ("Иванов Ё", "иванов е"),
        ("", ""),
    ],
)
def test_case_accents_and_width_make_no_difference(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(st.text(max_size=30))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(st.text(max_size=30))
def test_folding_makes_no_delimiters(text: str) -> None:
    assert not set("^=\\\n") & set(fold(text))


def test_a_name_is_found_by_groups_components_words_and_as_it_is_spoken() -> None:
    assert fold_name(["de la Cruz^María José^^Dr", "", "山田^太郎"]) == FoldedName(
        ("de la cruz^maria jose^^dr", "山田^太郎"),
        (
            *("de la cruz", "maria jose", "dr", "de", "la", "cruz", "maria", "jose"),
            *("de la cruz maria jose dr", "山田", "太郎", "山田 太郎"),
        ),
        ("krs", "mr", "js"),
    )


def test_an_empty_name_has_no_parts() -> None:
    assert fold_name(["", "^^^"]) == FoldedName((), ())


def test_trailing_delimiters_of_a_group_say_nothing() -> None:
    assert fold_group("Yamada^Tarou^^^") == fold_group("YAMADA^tarou") == "yamada^tarou"


@pytest.mark.parametrize(
    ("pattern", "folded"),
    [
        ("Mü*", "mu*"),
        ("Smith^", "smith^"),
        ("Smith^^", "smith^"),
        ("=山田^太?", "山田^太?"),
        ("Yamada^Tarou=山田^太郎", "yamada^tarou=山田^太郎"),
        ("a=A=á", "a"),
        ("", ""),
        ("^", ""),
    ],
)
def test_a_search_key_keeps_its_wild_cards_and_delimiters(pattern: str, folded: str) -> None:
    assert fold_pattern(pattern) == folded
