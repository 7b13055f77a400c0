"""The conformance statement is the code's: what stands in the file is what the tables of this release say."""

from pathlib import Path

import isocenter
from isocenter.ingest.statuses import Status
from isocenter.operations.conformance import tables
from isocenter.operations.conformance.statement import FILE, statement

PACKAGE = Path(isocenter.__file__).parent


def test_file_is_what_this_release_says() -> None:
    kept = (PACKAGE / FILE).read_text()
    assert kept == statement(), f"isocenter conformance > services/isocenter/{FILE}"


def test_every_status_that_is_answered_with_is_told() -> None:
    told = tables.STORE | tables.FIND | tables.RETRIEVE | tables.COMMIT | tables.ANY
    assert set(told) == set(Status)


def test_nothing_is_left_to_be_filled_in() -> None:
    said = statement()
    assert not [line for line in said.splitlines() if "{" in line and "`" not in line]
    assert "None" not in said.replace("None are defined", "")
