"""The page at `/`, as a person uses it."""

import base64

import pytest
from tests.browser.conftest import Drive, picture
from tests.support.platform import Platform, running

pytestmark = pytest.mark.browser

NAMES = {  # typed: the names that have to be among the rows
    "phantom iso": ["Phantom Iso"],
    "iso phan": ["Phantom Iso"],
    "yamada": ["Yamada Tarou"],
    "太郎": ["Yamada Tarou"],
    "やまだ": ["Yamada Tarou"],
    "길동": ["Hong Gildong"],
    "διονυσιος": ["Διονυσιος"],
    "jerome": ["Buc Jérôme"],
    "小东": ["Wang XiaoDong"],
    "قباني": ["قباني لنزار"],
    "ISO-2026-0302": ["Phantom Iso"],
    "12345": ["North Nora", "South Sam"],
}


def test_a_person_finds_follows_and_opens_studies(platform: Platform, drive: Drive) -> None:
    arriving = picture("1.2.50.1", name="Newly^Arrived", patient_id="NEW-1")
    found = drive(
        "worklist.mjs", platform.url, "|".join(NAMES), base64.b64encode(arriving).decode()
    )

    for typed, names in NAMES.items():
        rows = found["found"][typed]
        assert 0 < len(rows) < len(found["all"]), typed
        for name in names:
            assert any(row.startswith(name) for row in rows), (typed, rows)
    assert any("山田 太郎" in row for row in found["found"]["yamada"])
    assert found["none"] == []
    assert found["hint"] == "No study matches."

    assert found["marked"] == 1
    assert found["searching"] == "q"
    assert f"StudyInstanceUIDs={found['chosen']}" in found["url"]

    assert "Held 1" in found["state"]
    assert "Quarantine 1" in found["state"]
    assert "Indexing" not in found["state"]
    assert "The same study came under another patient." in found["held"]
    assert "1.2.30.2" in found["held"]
    assert "neither File Meta nor a data set is here" in found["quarantine"]
    assert "Isocenter 0" in found["about"]
    assert "OHIF viewer 3" in found["about"]


def test_a_narrow_screen_shows_the_same_without_scrolling_sideways(
    platform: Platform, drive: Drive
) -> None:
    found = drive("narrow.mjs", platform.url)
    assert found["width"] <= found["screen"]
    assert found["rows"] > 30


def test_an_empty_archive_says_how_to_fill_it_and_a_lost_platform_is_told(
    drive: Drive, tmp_path_factory: pytest.TempPathFactory
) -> None:
    with running(tmp_path_factory.mktemp("empty") / "data") as empty:
        found = drive("empty.mjs", empty.url, str(empty.supervisor_pid))
    assert "isocenter import FOLDER" in found["welcome"]
    assert f"{empty.url}/dicom-web" in found["welcome"]
    assert "does not answer" in found["away"]
