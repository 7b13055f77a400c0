"""Every real file that can be stored has a place in its series, and none of them a warning that is not true."""

from collections import defaultdict
from functools import cache

from tests.support.dicom_files import all_files

from isocenter.arrangement.study import Series, arrange
from isocenter.dicom.header import scan
from isocenter.dicom.json_attributes import first
from isocenter.dicom.json_model import to_json
from isocenter.dicom.json_values import JsonObject
from isocenter.dicom.part10 import read_file_meta
from isocenter.errors import IsocenterError


@cache
def documents() -> tuple[JsonObject, ...]:
    found = []
    for path in all_files():
        content = path.read_bytes()
        try:
            meta = read_file_meta(content)
            header = scan(content, meta.dataset_offset, meta.transfer_syntax_uid)
            found.append(
                to_json(
                    header.pieces,
                    dataset_offset=meta.dataset_offset,
                    transfer_syntax_uid=meta.transfer_syntax_uid,
                    bulk_data_uri=lambda offset, length: f"{offset}/{length}",
                )
            )
        except IsocenterError:
            continue  # refused on the way in: never in a series
    return tuple(found)


@cache
def series() -> dict[str, Series]:
    groups = defaultdict(list)
    for document in documents():
        groups[first(document, "0020000E")].append(document)
    return {uid: arrange(uid, found) for uid, found in groups.items()}


def of_file(sop_instance_uid: str) -> Series:
    return next(
        one
        for one in series().values()
        if sop_instance_uid in {instance.sop_instance_uid for instance in one.instances}
    )


def test_every_file_has_a_place() -> None:
    assert len(documents()) > 250
    placed = {one.sop_instance_uid for found in series().values() for one in found.instances}
    assert placed == {first(document, "00080018") for document in documents()}


def test_a_real_scan_is_whole_and_evenly_spaced() -> None:
    scan_of_a_chest = of_file("1.3.6.1.4.1.14519.5.2.1.6279.6001.140191884720294832315625551245")
    assert len(scan_of_a_chest.instances) == 26
    assert scan_of_a_chest.spacing_mm == 1
    assert scan_of_a_chest.notices == ()


def test_what_is_said_of_real_geometry_names_no_patient() -> None:
    messages = {notice.message for found in series().values() for notice in found.notices}
    assert messages
    words = {word.strip(",") for message in messages for word in message.split()}
    names = {
        part
        for document in documents()
        for part in str(document.get("00100010", {}).get("Value", "")).split("'")
        if len(part) > 3
    }
    assert words & names == set()
