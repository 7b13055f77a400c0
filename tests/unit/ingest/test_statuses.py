"""Every error of the tree has a DIMSE status, and none of them is Success."""

import pytest

from isocenter import errors
from isocenter.ingest.outcome import Outcome
from isocenter.ingest.statuses import Status, answer_to_error, answer_to_outcome

NAMES = ("1.2", "1.2.3", "1.2.4", "1.2.5", "0" * 64)
ALL_ERRORS = [
    value
    for value in vars(errors).values()
    if isinstance(value, type) and issubclass(value, errors.IsocenterError)
]


@pytest.mark.parametrize("kind", [*ALL_ERRORS, OSError, KeyError])
def test_no_error_is_success(kind: type[Exception]) -> None:
    answer = answer_to_error(kind())
    assert answer.status is not Status.SUCCESS
    assert len(answer.comment) <= 64


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (errors.OutOfSpace, 0xA700),
        (errors.StorageFailed, 0xA700),
        (errors.Busy, 0xA700),
        (errors.Unavailable, 0xA700),
        (errors.InvalidInstance, 0xC000),
        (errors.LimitExceeded, 0xC010),
        (errors.Denied, 0x0124),
        (errors.Corrupted, 0x0110),
    ],
)
def test_error_has_its_status(kind: type[errors.IsocenterError], status: int) -> None:
    assert answer_to_error(kind()).status == status


def test_stored_and_duplicate_are_success_and_quarantined_is_not() -> None:
    assert answer_to_outcome(Outcome("stored", *NAMES)).status is Status.SUCCESS
    assert answer_to_outcome(Outcome("duplicate", *NAMES)).status is Status.SUCCESS
    assert answer_to_outcome(Outcome("quarantined", *NAMES)).status is Status.CANNOT_UNDERSTAND


@pytest.mark.parametrize("tag", ["0020000D", "nonsense", "12", ""])
def test_offending_element_is_named_when_it_is_a_tag(tag: str) -> None:
    answer = answer_to_error(errors.InvalidInstance("odd", tag=tag))
    assert answer.offending_tags == ((0x0020000D,) if tag == "0020000D" else ())
