"""Which abstract syntaxes are storage, against the registry of PS3.6 as pydicom has it."""

import pytest
from pydicom.uid import UID_dictionary

from isocenter.dimse.sop_classes import is_storage_sop_class

NOT_BY_C_STORE = {
    "1.2.840.10008.1.3.10",  # Media Storage Directory: on media only
    "1.2.840.10008.1.20.1",  # Storage Commitment, which is another service
    "1.2.840.10008.1.20.2",
}
# Names without the word; instances of these are stored all the same, or their names were never published.
STORED_WITHOUT_THE_WORD = {
    "1.2.840.10008.5.1.4.1.1.12.77",
    "1.2.840.10008.5.1.4.1.1.40",
}
SOP_CLASSES = {uid: row[0] for uid, row in UID_dictionary.items() if "SOP Class" in row[1]}


def test_standard_sop_class_is_storage_when_its_name_says_so() -> None:
    expected = {
        uid
        for uid, name in SOP_CLASSES.items()
        if ("Storage" in name and uid not in NOT_BY_C_STORE) or uid in STORED_WITHOUT_THE_WORD
    }
    assert {uid for uid in SOP_CLASSES if is_storage_sop_class(uid)} == expected
    assert len(expected) > 150


@pytest.mark.parametrize("uid", ["1.3.12.2.1107.5.9.1", "1.2.840.10008.5.1.4.1.1.999.1", "2.25.1"])
def test_private_and_future_storage_classes_are_storage(uid: str) -> None:
    assert is_storage_sop_class(uid)


@pytest.mark.parametrize("uid", ["", "../../etc/passwd", "1.2.840.10008.1.2", "1.2.840.10008.4.2"])
def test_other_names_are_not_storage(uid: str) -> None:
    assert not is_storage_sop_class(uid)
