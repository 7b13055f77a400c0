"""Study and series documents from what is visible."""

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from isocenter.indexer.summary import sum_up
from isocenter.ports.index_rows import SeriesSummary

STUDY = "1.2.1"


def document(**given: Any) -> bytes:
    made: dict[str, Any] = {
        "00080020": {"vr": "DA", "Value": ["20260102"]},
        "00080060": {"vr": "CS", "Value": ["CT"]},
        "00081030": {"vr": "LO", "Value": ["Thorax"]},
        "0008103E": {"vr": "LO", "Value": ["axial"]},
        "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
        "00100020": {"vr": "LO", "Value": ["4711"]},
        "00200013": {"vr": "IS", "Value": [3]},
        "00280010": {"vr": "US", "Value": [512]},
    } | {f"{int(tag[1:], 16):08X}": value for tag, value in given.items()}
    return json.dumps(made).encode()


def series(
    uid: str = "1.2.2", *, first: int = 1, instances: int = 2, text: bytes = b""
) -> SeriesSummary:
    return SeriesSummary(uid, instances, 9, ("1.2.840.1",), text or document(), first)


def test_study_answer_has_what_a_search_returns_by_default() -> None:
    summed = sum_up(STUDY, [series(), series("1.2.7", first=2, instances=3)], "HERE")
    answer = json.loads(summed.study.answer)
    assert list(answer) == sorted(answer)
    assert answer["00201206"]["Value"] == [2]
    assert answer["00201208"]["Value"] == [5]
    assert answer["00080056"]["Value"] == ["ONLINE"]
    assert answer["00080050"] == {"vr": "SH"}
    assert answer["0020000D"]["Value"] == [STUDY]
    assert not {"0008103E", "00200013", "00280010", "0020000E"} & set(answer)
    assert (summed.patient, summed.instances, summed.version) == ("HERE|4711", 5, 9)


def test_series_answer_has_its_own_attributes_only() -> None:
    summed = sum_up(STUDY, [series()], "")
    answer = json.loads(summed.series["1.2.2"].answer)
    assert answer["00201209"]["Value"] == [2]
    assert answer["0008103E"]["Value"] == ["axial"]
    assert answer["0020000E"]["Value"] == ["1.2.2"]
    assert not {"00100020", "00081030", "0020000D"} & set(answer)


def test_modalities_and_classes_are_those_of_all_series() -> None:
    other = document(x00080060={"vr": "CS", "Value": ["SR"]})
    answer = json.loads(sum_up(STUDY, [series("1.2.8", text=other), series()], "").study.answer)
    assert answer["00080061"]["Value"] == ["CT", "SR"]
    assert answer["00080062"]["Value"] == ["1.2.840.1"]


def test_first_instance_speaks_for_the_study() -> None:
    late = document(x00081030={"vr": "LO", "Value": ["late"]})
    for order in (
        [series("1.2.1", first=2, text=late), series("1.2.2")],
        [series("1.2.2"), series("1.2.3", first=2, text=late)],
    ):
        answer = json.loads(sum_up(STUDY, order, "").study.answer)
        assert answer["00081030"]["Value"] == ["Thorax"]


def test_document_without_any_patient_is_nobodys() -> None:
    bare = b'{"0020000D":{"vr":"UI","Value":["1.2.1"]}}'
    summed = sum_up(STUDY, [series(text=bare)], "HERE")
    assert summed.patient == ""
    assert json.loads(summed.study.answer)["00100020"] == {"vr": "LO"}


values = st.one_of(
    st.none(),
    st.just({"vr": "LO"}),
    st.lists(st.one_of(st.none(), st.text(max_size=5), st.integers()), max_size=3).map(
        lambda found: {"vr": "LO", "Value": found}
    ),
)


@given(
    st.dictionaries(st.sampled_from(["x00080060", "x00100020", "x00100021", "x00200010"]), values)
)
def test_odd_values_never_stop_a_summary(odd: dict[str, Any]) -> None:
    text = document(**{tag: value for tag, value in odd.items() if value is not None})
    assert sum_up(STUDY, [series(text=text)], "").instances == 2
