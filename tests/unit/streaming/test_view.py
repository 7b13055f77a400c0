"""The view: what was corrected is changed in documents and files, everything else passes as the very same memory."""

import orjson
import pytest
from tests.support.corrections import row
from tests.support.part10 import part10

from isocenter.corrections.documents import edited_of
from isocenter.runtime.web import Body
from isocenter.streaming.view import Form, Viewed, entity_tag, entity_tag_of_many, view

DOCUMENT = b'{"00100010":{"vr":"PN","Value":[{"Alphabetic":"Doe^Jane"}]}}'
EDITED = edited_of(DOCUMENT, [row(1, PatientName="Roe^Jane")])
PLAIN = Viewed("1.2.1", "1.2.2", "1.2.3", "ab" * 32)
CORRECTED = Viewed("1.2.1", "1.2.2", "1.2.3", "ab" * 32, edit_version=7, edited=EDITED)
FORMS: tuple[Form, ...] = ("answer", "document", "file", "bulk", "frame", "picture")


@pytest.mark.parametrize("form", FORMS)
def test_nothing_passes_changed_that_nobody_corrected(form: Form) -> None:
    pieces: list[Body] = [memoryview(b"some"), b"bytes"]
    assert view(PLAIN, form, pieces) is pieces
    unchanged = Viewed("1.2.1", edited=edited_of(DOCUMENT, [row(1, PatientName="Doe^Jane")]))
    assert view(unchanged, form, pieces) is pieces


@pytest.mark.parametrize("form", ["bulk", "frame", "picture"])
def test_pixels_and_bulk_data_of_a_corrected_instance_pass_as_they_are(form: Form) -> None:
    pieces = [memoryview(b"some")]
    assert view(CORRECTED, form, pieces) is pieces


def test_a_document_has_the_correction_and_what_was_there() -> None:
    (shown,) = view(CORRECTED, "document", [DOCUMENT])
    document = orjson.loads(bytes(shown))
    assert document["00100010"]["Value"] == [{"Alphabetic": "Roe^Jane"}]
    [item] = document["04000561"]["Value"]
    assert item["04000550"]["Value"] == [orjson.loads(DOCUMENT)]


def test_of_a_file_only_its_head_is_new_memory() -> None:
    file = memoryview(part10("1.2.3", "1.2.1", "1.2.2"))
    pieces = view(CORRECTED, "file", [file])
    assert len(pieces) > 1
    last = pieces[-1]
    assert isinstance(last, memoryview)
    assert last.obj is file.obj
    assert b"".join(map(bytes, pieces)) != bytes(file)


def test_the_entity_tag_says_which_corrections_are_shown() -> None:
    assert entity_tag(PLAIN) != entity_tag(CORRECTED)
    assert entity_tag_of_many([PLAIN]) != entity_tag_of_many([CORRECTED])
