"""Identifiers of C-FIND understood, and sequences answered."""

import json
from typing import Any

import pytest
from tests.support.index_rows import element

from isocenter.dicom.matching import InSequence, PersonName, SingleValue
from isocenter.errors import InvalidRequest
from isocenter.streaming.finding import Question, understand

REQUESTS, STEP, PROCEDURE = "00400275", "00400009", "00401001"


def asked(is_fuzzy: bool = False, **keys: dict[str, Any]) -> Question:
    identifier = {tag.removeprefix("t"): key for tag, key in keys.items()}
    return understand("series", json.dumps(identifier).encode(), is_fuzzy=is_fuzzy)


def test_the_keys_of_an_item_are_asked_of_one_item() -> None:
    item = {STEP: element("SH", "S1"), PROCEDURE: element("SH"), "00091001": element("LO", "x")}
    question = asked(t00400275=element("SQ", item))
    step = SingleValue(STEP, "SH", ("S1",))
    assert question.query.conditions == (InSequence(REQUESTS, (step,)),)
    assert question.ignored == ("00091001",)


@pytest.mark.parametrize("items", [[], [{}], [None], [{STEP: element("SH")}]])
def test_an_item_that_asks_nothing_matches_everything(items: list[Any]) -> None:
    question = asked(t00400275={"vr": "SQ", "Value": items})
    assert (question.query.conditions, question.ignored) == ((), ())


@pytest.mark.parametrize("key", [element("SQ", {}, {}), element("SH", "S1")])
def test_a_sequence_key_without_exactly_one_item_is_refused(key: dict[str, Any]) -> None:
    with pytest.raises(InvalidRequest, match=REQUESTS):
        asked(t00400275=key)


def test_names_are_fuzzy_where_that_was_negotiated() -> None:
    key = element("PN", {"Alphabetic": "Miller"})
    assert asked(t00100010=key).query.conditions == (PersonName("00100010", "miller"),)
    fuzzy = asked(True, t00100010=key)
    assert fuzzy.query.conditions == (PersonName("00100010", "miller*", "mlr"),)


def test_of_a_sequence_the_items_that_match_are_answered_with_what_was_asked_for() -> None:
    code = {"00080100": element("SH", "C1"), "00080104": element("LO", "meaning")}
    stored = element(
        "SQ",
        {
            STEP: element("SH", "S1"),
            PROCEDURE: element("SH", "R1"),
            "00400008": element("SQ", code),
        },
        {STEP: element("SH", "S2"), PROCEDURE: element("SH", "R1")},
    )
    item = {
        STEP: element("SH", "S1"),
        "00400008": element("SQ", {"00080100": element("SH")}),
        "00400007": element("LO"),
    }
    question = asked(t00400275=element("SQ", item), t00081032=element("SQ"))
    assert set(question.items) == {REQUESTS}
    answered = question.items[REQUESTS].of(stored)
    assert answered["Value"] == [
        {
            "00400007": {"vr": "LO"},
            "00400008": element("SQ", {"00080100": element("SH", "C1")}),
            STEP: element("SH", "S1"),
        }
    ]
