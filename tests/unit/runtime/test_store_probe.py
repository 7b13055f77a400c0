"""What a start makes of a store's probe."""

import io
import json
from collections.abc import Sequence
from typing import Any

import pytest

from isocenter.errors import PermanentError, Unavailable
from isocenter.runtime.log import configure
from isocenter.runtime.store_probe import prove_store


async def told_by(probe: Any) -> list[dict[str, str]]:
    out = io.StringIO()
    configure("test", stream=out)
    await prove_store(probe)
    return [json.loads(line) for line in out.getvalue().splitlines()]


def away() -> Sequence[str]:
    raise Unavailable("it does not answer")


def lying() -> Sequence[str]:
    raise PermanentError("it lies")


async def test_each_warning_is_logged() -> None:
    lines = await told_by(lambda: ("a drive", "a version"))
    assert [(line["event"], line["error"]) for line in lines] == [
        ("object_store_warning", "a drive"),
        ("object_store_warning", "a version"),
    ]


async def test_a_store_that_is_away_does_not_keep_a_process_from_starting() -> None:
    (line,) = await told_by(away)
    assert (line["event"], line["reason"]) == ("object_store_not_probed", "UNAVAILABLE")


async def test_a_store_that_lies_does() -> None:
    with pytest.raises(PermanentError):
        await prove_store(lying)
