"""Errors as HTTP answers."""

import json

import pytest

from isocenter import errors
from isocenter.dicomweb.problems import STATUS, problem_of, status_of


def _all_errors(kind: type[errors.IsocenterError]) -> list[type[errors.IsocenterError]]:
    """Those of the tree itself; what a room adds for its own edge never reaches this one."""
    below = [found for sub in kind.__subclasses__() for found in _all_errors(sub)]
    return [one for one in (kind, *below) if one.__module__ == errors.__name__]


@pytest.mark.parametrize(
    "kind", _all_errors(errors.PermanentError) + _all_errors(errors.TransientError)
)
def test_every_error_has_a_status_of_its_kind(kind: type[errors.IsocenterError]) -> None:
    status = status_of(kind())
    if issubclass(kind, errors.TransientError):
        assert status in (503, 507)
    elif kind not in (errors.PermanentError, errors.Corrupted):
        assert 400 <= status < 500
    assert all(issubclass(known, errors.IsocenterError) for known in STATUS)


def test_a_problem_is_readable_and_never_cached() -> None:
    problem = problem_of(errors.NotFound("there is no such study"))
    content = json.loads(problem.body)
    assert content["detail"] == "there is no such study"
    assert content["reason"] == "NOT_FOUND"
    assert dict(problem.headers)["Content-Type"] == "application/problem+json"
    assert dict(problem.headers)["Cache-Control"] == "no-store"


def test_what_may_be_tried_again_says_when() -> None:
    problem = problem_of(errors.Busy("full", retry_after_s=2.5))
    assert dict(problem.headers)["Retry-After"] == "3"


def test_a_range_past_the_end_names_the_length() -> None:
    problem = problem_of(errors.RangeNotSatisfiable("past the end", size_bytes=10))
    assert problem.status == 416
    assert dict(problem.headers)["Content-Range"] == "bytes */10"


def test_an_unexpected_error_keeps_its_words_to_itself() -> None:
    problem = problem_of(ValueError("Doe^John"))
    assert problem.status == 500
    assert b"Doe" not in problem.body
