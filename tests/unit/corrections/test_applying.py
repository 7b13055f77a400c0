"""Which corrections apply: in the order they were made, to whoever it is by then, and undone as if never made."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from tests.support.corrections import patient_row, row

from isocenter.corrections.applying import applying, edit_version, gathered, patient_after
from isocenter.corrections.documents import edited, seen
from isocenter.ports.index_rows import CorrectionRow

STUDY, SERIES = "1.2.1", "1.2.2"
DOCUMENT: dict[str, Any] = {
    "00080020": {"vr": "DA", "Value": ["20260101"]},
    "0008103E": {"vr": "LO", "Value": ["axial"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane"}]},
    "00100020": {"vr": "LO", "Value": ["1"]},
}
PATIENTS = ("|1", "|2", "|3")

rows = st.one_of(
    st.builds(
        lambda n, name: row(n, PatientName=name),
        st.integers(1, 1 << 14),
        st.sampled_from(["Doe^Jane", "Roe^Jane", ""]),
    ),
    st.builds(
        lambda n, text, series: row(n, series=series, SeriesDescription=text),
        st.integers(1, 1 << 14),
        st.sampled_from(["sagittal", "coronal"]),
        st.sampled_from([SERIES, "1.2.9"]),
    ),
    st.builds(
        lambda n, whose, to: patient_row(n, whose, to if to != whose else "|4"),
        st.integers(1, 1 << 14),
        st.sampled_from(PATIENTS),
        st.sampled_from(PATIENTS),
    ),
)
histories = st.lists(rows, max_size=8, unique_by=lambda one: one.version).map(
    lambda found: sorted(found, key=lambda one: one.version)
)


def shown(history: list[CorrectionRow]) -> tuple[object, str, int]:
    """Everything an answer is made of."""
    chosen = applying(history, STUDY, SERIES, "|1")
    document = seen(DOCUMENT, edited(DOCUMENT, chosen))
    return document, patient_after(chosen, "|1"), edit_version(chosen)


@given(histories, st.data())
def test_undo_restores_what_was_shown_before_wherever_it_stands_in_the_history(
    history: list[CorrectionRow], data: st.DataObject
) -> None:
    made = data.draw(rows)
    without = [one for one in history if one.version != made.version]
    whole = sorted([*without, made], key=lambda one: one.version)
    undone = [replace(one, undone_version=1 << 62) if one is made else one for one in whole]
    assert shown(undone) == shown(without)


@given(histories)
def test_a_document_applied_to_is_left_as_it_was_and_its_originals_are_kept(
    history: list[CorrectionRow],
) -> None:
    chosen = applying(history, STUDY, SERIES, "|1")
    found = edited(DOCUMENT, chosen)
    for tag in found.now:
        first = next(change.before[tag] for change in found.changes if tag in change.before)
        assert first.get("Value") == DOCUMENT.get(tag, {}).get("Value")


def test_a_correction_of_a_patient_follows_whoever_it_is_by_then() -> None:
    merged = patient_row(1, "|1", to="|2")
    named = patient_row(2, "|2", PatientName="Two")
    other = patient_row(3, "|1", PatientName="One")
    chosen = applying([merged, named, other], STUDY, SERIES, "|1")
    assert chosen == (merged, named)
    assert patient_after(chosen, "|1") == "|2"


def test_all_that_may_apply_is_looked_up_along_the_way_of_a_patient() -> None:
    known = [patient_row(1, "|1", to="|2"), patient_row(2, "|2", to="|3"), row(3, PatientName="X")]
    asked: list[str] = []

    def look(subjects: Sequence[str]) -> list[CorrectionRow]:
        asked.extend(subjects)
        return [one for one in known if one.subject in subjects]

    assert gathered(look, [STUDY], ["|1"]) == known
    assert asked == ["study:1.2.1", "patient:|1", "patient:|2", "patient:|3"]


def test_the_same_corrections_have_the_same_number_and_none_is_nought() -> None:
    first, second = row(1, PatientName="A"), row(2, PatientName="B")
    assert edit_version([]) == 0
    numbers = {edit_version(one) for one in ([first], [second], [first, second])}
    assert len(numbers) == 3
    assert edit_version([first]) == edit_version([first])
