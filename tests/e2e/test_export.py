"""`isocenter export`: a folder or ZIP that foreign readers take for a DICOM medium, and nothing half done."""

import zipfile
from hashlib import sha256
from importlib.resources import files
from pathlib import Path

from pydicom import dcmread
from pydicom.fileset import FileSet
from tests.support.commanded import Commanded
from tests.support.dicom_files import real_files
from tests.support.part10 import part10
from tests.support.senders import fresh_uid


def stored_study(desk: Commanded, folder: Path, count: int = 3, *, name: str = "Doe^Jane") -> str:
    study, series = fresh_uid(), fresh_uid()
    folder.mkdir()
    for number in range(count):
        (folder / f"{number}.dcm").write_bytes(part10(fresh_uid(), study, series, name=name))
    desk.json("import", folder)
    desk.until_settled()
    return study


def data_sets(paths: list[Path]) -> set[str]:
    """What a data set is told apart by: everything behind the File Meta."""
    found = set()
    for path in paths:
        content = path.read_bytes()
        start = 144 + int.from_bytes(content[140:144], "little")
        found.add(sha256(content[start:]).hexdigest())
    return found


def test_study_is_a_medium_with_the_bytes_that_were_sent(desk: Commanded, tmp_path: Path) -> None:
    study = stored_study(desk, tmp_path / "sent")
    told = desk.json("export", study, tmp_path / "cd")
    assert (told["instances"], told["not_in_dicomdir"]) == (3, 0)
    medium = FileSet(tmp_path / "cd" / "DICOMDIR")
    exported = [Path(one.path) for one in medium]
    assert data_sets(exported) == data_sets(list((tmp_path / "sent").iterdir()))
    assert not list(tmp_path.glob("*.part"))


def test_zip_holds_the_same(desk: Commanded, tmp_path: Path) -> None:
    study = stored_study(desk, tmp_path / "sent", 1)
    desk.json("export", study, tmp_path / "study.zip")
    with zipfile.ZipFile(tmp_path / "study.zip") as packed:
        assert sorted(name.rpartition("/")[2] for name in packed.namelist()) == [
            "DICOMDIR",
            "IM000000",
        ]
        packed.extractall(tmp_path / "out")
    assert len(FileSet(tmp_path / "out" / "DICOMDIR")) == 1


def test_studies_of_every_modality_can_be_exported(library: Commanded, tmp_path: Path) -> None:
    studies = library.get("/dicom-web/studies", params={"limit": 1000}).json()
    of_modality = {
        str(one["00080061"].get("Value")): one["0020000D"]["Value"][0] for one in studies
    }
    names = sorted(of_modality.values())
    assert names and real_files()
    for number, study in enumerate(names):
        told = library.json("export", study, tmp_path / str(number))
        here = [path for path in (tmp_path / str(number)).rglob("*") if path.is_file()]
        assert len(here) == told["instances"] + 1
        named = (
            FileSet(tmp_path / str(number) / "DICOMDIR")
            if told["instances"] > told["not_in_dicomdir"]
            else ()
        )
        assert len(named) == told["instances"] - told["not_in_dicomdir"]


def test_decoded_on_request(desk: Commanded, tmp_path: Path) -> None:
    rle = Path(str(files("pydicom.data"))) / "test_files" / "MR_small_RLE.dcm"
    desk.json("import", rle)
    desk.until_settled()
    study = str(dcmread(rle).StudyInstanceUID)
    desk.json("export", study, tmp_path / "cd", "--transfer-syntax", "explicit")
    (exported,) = FileSet(tmp_path / "cd" / "DICOMDIR")
    decoded = dcmread(exported.path)
    assert decoded.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.1"
    assert (decoded.pixel_array == dcmread(rle).pixel_array).all()


def test_compressed_on_request(desk: Commanded, tmp_path: Path) -> None:
    plain = Path(str(files("pydicom.data"))) / "test_files" / "CT_small.dcm"
    desk.json("import", plain)
    desk.until_settled()
    study = str(dcmread(plain).StudyInstanceUID)
    desk.json("export", study, tmp_path / "cd", "--transfer-syntax", "jpeg-ls")
    (exported,) = FileSet(tmp_path / "cd" / "DICOMDIR")
    found = dcmread(exported.path)
    assert found.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2.4.80"
    assert (found.pixel_array == dcmread(plain).pixel_array).all()


def test_two_people_with_one_id_are_not_put_on_one_medium(desk: Commanded, tmp_path: Path) -> None:
    studies = [
        stored_study(desk, tmp_path / name, 1, name=f"{name}^Same") for name in ("One", "Two")
    ]
    done = desk.cli("export", *studies, tmp_path / "cd", code=1)
    assert "Export them apart" in done.stderr
    assert not (tmp_path / "cd").exists()


def test_what_is_not_there_is_said_and_leaves_nothing(desk: Commanded, tmp_path: Path) -> None:
    done = desk.cli("export", "1.2.3.4", tmp_path / "cd", code=1)
    assert "no study 1.2.3.4" in done.stderr
    assert list(tmp_path.iterdir()) == []
