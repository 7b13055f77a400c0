"""Names of every script, found by each of their parts through QIDO."""

from typing import Any

import pydicom
import pytest
from tests.support.commanded import Commanded
from tests.support.dicom_files import real_files

# file of the real set; a search key that has to find it
FOUND = [
    ("chrH31.dcm", "Yamada^Tarou"),
    ("chrH31.dcm", "yamada*"),
    ("chrH31.dcm", "=山田^太郎"),
    ("chrH31.dcm", "山田*"),
    ("chrH31.dcm", "==やまだ^たろう"),
    ("chrH31.dcm", "やまだ*"),
    ("chrH31.dcm", "*太郎"),
    ("chrH32.dcm", "==やまだ*"),
    ("chrH32.dcm", "ﾔﾏﾀﾞ*"),
    ("chrI2.dcm", "Hong*"),
    ("chrI2.dcm", "洪^吉洞"),
    ("chrI2.dcm", "*길동"),
    ("chrI2.dcm", "홍*"),
    ("chrKoreanMulti.dcm", "김희중"),
    ("chrKoreanMulti.dcm", "*희중"),
    ("chrGreek.dcm", "Διονυσιος"),
    ("chrGreek.dcm", "ΔΙΟΝΥΣΙΟΣ"),
    ("chrGreek.dcm", "διονύσιος"),
    ("chrArab.dcm", "قباني^لنزار"),
    ("chrArab.dcm", "*نزار"),
    ("chrX1.dcm", "Wang*"),
    ("chrX1.dcm", "王^小東"),
    ("chrX1.dcm", "=王*"),
    ("chrX2.dcm", "王^小东"),
    ("chrX2.dcm", "*小东"),
    ("chrRuss.dcm", "Люкceмбypг"),
    ("chrRuss.dcm", "люкceмбypг"),
    ("chrHbrw.dcm", "שרון^דבורה"),
    ("chrGerm.dcm", "Äneas^Rüdiger"),
    ("chrGerm.dcm", "aneas^rudiger"),
    ("chrGerm.dcm", "ÄNEAS*"),
    ("chrFren.dcm", "Buc^Jérôme"),
    ("chrFren.dcm", "buc^jerome"),
    ("chrFren.dcm", "BUC^JÉRÔME"),
    ("chrFren.dcm", "buc^je\u0301ro\u0302me"),
    ("chrJapMulti.dcm", "やまだ*"),
]


def names(desk: Commanded, **keys: str) -> dict[str, Any]:
    """Names found, by study UID."""
    found = desk.get("/dicom-web/studies", params=keys)
    found.raise_for_status()
    return {
        study["0020000D"]["Value"][0]: (study["00100010"].get("Value") or [{}])[0]
        for study in (found.json() if found.status_code == 200 else [])
    }


def study_of(name: str) -> str:
    (path,) = [file.path for file in real_files() if file.path.name == name]
    return str(pydicom.dcmread(path, specific_tags=["StudyInstanceUID"]).StudyInstanceUID)


@pytest.mark.parametrize(("file", "key"), FOUND)
def test_name_is_found_by_its_part(file: str, key: str, library: Commanded) -> None:
    assert study_of(file) in names(library, PatientName=key)


def test_name_is_answered_with_all_its_parts(library: Commanded) -> None:
    found = names(library, StudyInstanceUID=study_of("chrH31.dcm"))
    assert list(found.values()) == [
        {"Alphabetic": "Yamada^Tarou", "Ideographic": "山田^太郎", "Phonetic": "やまだ^たろう"}
    ]


def test_other_peoples_names_are_not_found(library: Commanded) -> None:
    assert study_of("chrH31.dcm") not in names(library, PatientName="山本*")
    assert names(library, PatientName="==Yamada*太郎") == {}


def test_names_are_what_an_independent_reader_decodes(library: Commanded) -> None:
    shown = names(library, limit="1000")
    compared = 0
    for file in real_files():
        if file.path.parent.name != "charset" or not file.is_readable:
            continue
        ds = pydicom.dcmread(file.path)
        study = str(ds.get("StudyInstanceUID", ""))
        if study in shown and ds.PatientName:
            parts = dict(
                zip(
                    ("Alphabetic", "Ideographic", "Phonetic"),
                    ds.PatientName.components,
                    strict=False,
                )
            )
            assert shown[study] == {key: text for key, text in parts.items() if text}, file.path
            compared += 1
    assert compared >= 12
