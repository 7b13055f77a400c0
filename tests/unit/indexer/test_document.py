"""A receipt becomes a row."""

import json

from tests.support.data_sets import element, text
from tests.support.indexing import receipt

from isocenter.indexer.document import row_of


def test_row_knows_what_the_header_says() -> None:
    made = receipt(patient=" 4711 ", issuer="THERE", number=12)
    row = row_of(made, 7, "ingest", "HERE")
    assert (row.patient, row.instance_number, row.number_of_frames) == ("THERE|4711", 12, 1)
    assert (row.version, row.first_version, row.receipts) == (7, 7, ((7, "ingest"),))
    assert json.loads(row.document)["00100010"]["Value"] == [{"Alphabetic": "Doe^Jane"}]


def test_long_value_is_at_an_address_that_names_the_bytes() -> None:
    made = receipt()
    made.head[0].content += element(0x00420011, "OB", b"", 9000)
    row = row_of(made, 7, "ingest", "")
    offset = made.dataset_offset + len(made.head[0].content)
    assert json.loads(row.document)["00420011"]["BulkDataURI"] == (
        f"@base@/studies/1.2.1/series/1.2.2/instances/1.2.3.1/bulkdata/{made.digest[:32]}/{offset}/9000"
    )


def test_numbers_that_are_none_are_left_out() -> None:
    made = receipt()
    made.head[0].content = made.head[0].content.replace(
        text(0x00200013, "IS", "1"), text(0x00200013, "IS", "1,5") + text(0x00280008, "IS", "-3")
    )
    row = row_of(made, 7, "ingest", "")
    assert (row.instance_number, row.number_of_frames) == (None, 1)


def test_findings_of_the_receipt_stay_with_the_row() -> None:
    made = receipt()
    made.findings.add(code="uid_leading_zero", tag="00080018", message="A component has a zero.")
    row = row_of(made, 7, "ingest", "")
    assert ("uid_leading_zero", "00080018", "A component has a zero.") in row.findings
