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


async def test_a_store_that_was_away_is_asked_until_it_answers() -> None:
    answers: list[Exception | None] = [Unavailable("away"), Unavailable("still"), None]

    def probe() -> Sequence[str]:
        error = answers.pop(0)
        if error is not None:
            raise error
        return ()

    proof = await prove_store(probe, again_s=0.001)
    await proof.tasks["probe"]()
    assert not answers
    assert not (await prove_store(lambda: ())).tasks


async def test_a_store_found_to_lie_later_ends_the_task_and_is_named() -> None:
    answers = [away, lying]

    def probe() -> Sequence[str]:
        return answers.pop(0)()

    out = io.StringIO()
    configure("test", stream=out)
    proof = await prove_store(probe, again_s=0.001)
    with pytest.raises(PermanentError):
        await proof.tasks["probe"]()
    line = json.loads(out.getvalue().splitlines()[-1])
    assert (line["event"], line["error"]) == ("object_store_unfit", "it lies")
