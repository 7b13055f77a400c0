"""Every real file can be corrected: its file and its document say the same, and all after its head is as it was."""

from pathlib import Path

from tests.support import foreign
from tests.support.corrections import row
from tests.support.dicom_files import real_files
from tests.unit.corrections.test_files import document, read

from isocenter.corrections.documents import Edited, edited_of, seen
from isocenter.corrections.files import corrected_file
from isocenter.dicom.json_values import JsonObject
from isocenter.errors import IsocenterError

CORRECTIONS = (
    row(1, PatientName="Roe^Jane", StudyDescription="thorax", SeriesNumber="7"),
    row(2, PatientName="", StudyDate="20260102", StudyID="x" * 16),
)


def readable() -> list[Path]:
    found = []
    for file in real_files():
        try:
            read(file.path.read_bytes())
        except IsocenterError:
            continue
        found.append(file.path)
    return found


def test_real_files_are_corrected_in_place() -> None:
    paths = readable()
    assert len(paths) > 200
    for path in paths:
        file = path.read_bytes()
        edited = edited_of(document(file), CORRECTIONS)
        pieces = corrected_file(memoryview(file), edited)
        made = b"".join(map(bytes, pieces))
        assert shown(made) == expected(file, edited), path
        if isinstance(pieces[-1], memoryview):  # what lies behind the header
            assert file.endswith(pieces[-1]), path


def test_dciodvfy_finds_nothing_in_a_corrected_file_that_the_stored_one_had_not(
    tmp_path: Path,
) -> None:
    for path in readable()[::24]:
        file = path.read_bytes()
        edited = edited_of(document(file), CORRECTIONS[:1])
        made = b"".join(map(bytes, corrected_file(memoryview(file), edited)))
        assert findings(tmp_path, made) <= findings(tmp_path, file), path


def findings(folder: Path, file: bytes) -> set[str]:
    path = folder / "file.dcm"
    path.write_bytes(file)
    return set(foreign.run("dciodvfy", path).stderr.splitlines())


def shown(made: bytes) -> JsonObject:
    return without_places(read(made))


def expected(file: bytes, edited: Edited) -> JsonObject:
    return without_places(seen(read(file), edited))


def without_places(found: JsonObject) -> JsonObject:
    """Where values lie is another in another file; lengths of groups are those of the file."""
    return {tag: without_place(member) for tag, member in found.items() if not tag.endswith("0000")}


def without_place(member: JsonObject) -> JsonObject:
    if "BulkDataURI" in member:
        return {**member, "BulkDataURI": member["BulkDataURI"].partition("/")[2]}
    if member["vr"] != "SQ":
        return member
    items = [without_places(item) for item in member.get("Value", [])]
    return {**member, "Value": items}
