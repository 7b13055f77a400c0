"""Corrections in the index: what is found and how it looks, for what is there and what comes, and back again."""

import json
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.corrections import edit, merge, move, undone
from tests.support.indexing import World, deletion, receipt

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.dicom.matching import PersonName, SingleValue
from isocenter.indexer.indexing import Indexer
from isocenter.ports.index import Among, Query

NAME, ID, DESCRIPTION = "00100010", "00100020", "00081030"
SERIES_DESCRIPTION = "0008103E"
STUDIES = ("1.2.1", "1.2.50")


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def apply(indexer: Indexer) -> None:
    indexer.follow()
    while indexer.refresh():
        pass


def value(world: World, tag: str, study: str = "1.2.1", level: str = "study") -> Any:
    """First value in the default or whole document of a level."""
    query = Query(level, (SingleValue("0020000D", "UI", (study,)),), full=True)  # type: ignore[arg-type]
    [found, *_] = world.reader.search(query)
    values = json.loads(found.content).get(tag, {}).get("Value", [None])
    return values[0]["Alphabetic"] if isinstance(values[0], dict) else values[0]


def shown_as(world: World, patient: str) -> set[str]:
    query = Query("study", among=Among((patient,)))
    return {found.study_instance_uid for found in world.reader.search(query)}


def test_an_edited_study_is_found_by_what_it_shows_and_no_more_by_what_it_was(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt())
    apply(indexer)
    world.tell(edit("e1", PatientName="Roe^Jane", StudyDescription="thorax"))
    apply(indexer)
    assert value(world, NAME) == "Roe^Jane"
    assert value(world, DESCRIPTION) == "thorax"
    for name, count in (("roe^jane", 1), ("doe^jane", 0)):
        query = Query("study", (PersonName(NAME, name),))
        assert len(world.reader.search(query)) == count
    assert world.reader.study("1.2.1").edit_version  # type: ignore[union-attr]


def test_a_series_is_edited_and_its_neighbour_is_not(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", series="1.2.7"))
    world.tell(edit("e1", series="1.2.7", SeriesDescription="coronal"))
    apply(indexer)
    query = Query("series", (SingleValue(SERIES_DESCRIPTION, "LO", ("coronal",)),))
    assert [found.series_instance_uid for found in world.reader.search(query)] == ["1.2.7"]


def test_late_slices_of_the_received_and_of_the_corrected_patient_belong_to_a_moved_study(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.4.1", study="1.2.50", series="1.2.51", patient="9"))
    apply(indexer)
    world.tell(move("m1", "|9"))
    apply(indexer)
    world.tell(receipt("1.2.3.2"), receipt("1.2.3.3", patient="9"), receipt("1.2.3.4", patient="8"))
    apply(indexer)
    assert [sop for sop, _ in world.visible()] == ["1.2.3.1", "1.2.3.2", "1.2.3.3"]
    assert [hold.sop_instance_uid for hold in world.reader.holds()] == ["1.2.3.4"]
    assert value(world, ID) == "9"
    assert shown_as(world, "|9") == set(STUDIES)
    assert shown_as(world, "|4711") == set()


def test_a_merged_patient_is_the_other_for_studies_that_come_later_too(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(patient="1"))
    apply(indexer)
    world.tell(merge("m1", "|1", "|2"))
    apply(indexer)
    world.tell(receipt("1.2.4.1", study="1.2.50", series="1.2.51", patient="1"))
    indexer.follow()
    assert value(world, ID, "1.2.50") == "2"  # at once, before documents are made anew
    apply(indexer)
    assert shown_as(world, "|2") == set(STUDIES)
    world.tell(undone(merge("m1", "|1", "|2")))
    apply(indexer)
    assert shown_as(world, "|1") == set(STUDIES)


def test_undo_brings_every_answer_back(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", series="1.2.7"))
    apply(indexer)
    before = world.answers("1.2.1")
    made = (
        edit("e1", PatientName="Roe^Jane"),
        edit("e2", series="1.2.7", SeriesDescription="coronal"),
        move("m1", "|9"),
    )
    world.tell(*made)
    apply(indexer)
    assert world.answers("1.2.1") != before
    world.tell(*map(undone, made))
    apply(indexer)
    assert world.answers("1.2.1") == before
    assert world.reader.study("1.2.1").edit_version == 0  # type: ignore[union-attr]


def test_a_correction_read_after_its_undoing_stays_undone(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    apply(indexer)
    made = edit("e1", PatientName="Roe^Jane")
    later = world.clock.version()
    world.tell(undone(made), node="b", version=later + 10)
    apply(indexer)
    world.tell(made, node="a", version=later)
    apply(indexer)
    assert value(world, NAME) == "Doe^Jane"
    [kept] = world.reader.corrections(["study:1.2.1"])
    assert (kept.undone_by, kept.version) == ("you", later)


def test_a_study_sent_after_its_deletion_starts_afresh_and_undeleted_it_is_corrected_again(
    world: World,
) -> None:
    indexer = world.start()
    world.tell(receipt())
    world.tell(edit("e1", PatientName="Roe^Jane"))
    apply(indexer)
    world.tell(deletion("d1"))
    apply(indexer)
    world.tell(receipt())
    apply(indexer)
    assert value(world, NAME) == "Doe^Jane"
    world.tell(entries.Undeletion(deletion_id="d1", study_instance_uid="1.2.1"))
    apply(indexer)
    assert value(world, NAME) == "Roe^Jane"


def test_what_was_corrected_of_a_purged_study_is_forgotten(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), move("m1", "|9"))
    world.tell(deletion("d1"))
    world.tell(entries.Purge(deletion_id="d1", study_instance_uid="1.2.1"))
    apply(indexer)
    [kept] = world.reader.corrections(["study:1.2.1"])
    assert (kept.attributes, bool(kept.ended_version)) == ("{}", True)
    world.tell(receipt(patient="another"))
    apply(indexer)
    assert value(world, ID) == "another"


changes = st.one_of(
    st.builds(
        lambda sop, study, patient: receipt(
            f"{sop}.{study[-1]}", study=study, series=f"{study}.9", patient=patient
        ),
        st.sampled_from(["1.2.3.1", "1.2.3.2"]),
        st.sampled_from(STUDIES),
        st.sampled_from(["a", "b"]),
    ),
    st.builds(
        lambda study, name: edit("", study, PatientName=name),
        st.sampled_from(STUDIES),
        st.sampled_from(["Roe^Jane", "Moe^Jane"]),
    ),
    st.builds(lambda study, to: move("", to, study), st.sampled_from(STUDIES), st.just("|b")),
    st.builds(lambda whose, to: merge("", whose, to), st.just("|a"), st.sampled_from(["|b", "|c"])),
)


@given(st.lists(changes, min_size=3, max_size=10), st.data())
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_a_rebuild_shows_the_same_corrections(
    happened: list[entries.Receipt | entries.Correction], data: st.DataObject
) -> None:
    folder = Path(tempfile.mkdtemp(prefix="isocenter-"))
    world = World(folder)
    try:
        indexer = world.start()
        for number, message in enumerate(happened):
            if isinstance(message, entries.Correction):
                message.correction_id = f"c{number}"
            world.tell(message)
            if isinstance(message, entries.Correction) and data.draw(st.booleans()):
                world.tell(undone(message))
            if data.draw(st.booleans()):
                apply(indexer)
        apply(indexer)
        before = world.answers(*STUDIES), world.states(*STUDIES)
        holds = world.reader.holds()
        patients = {study: world.reader.study(study) for study in STUDIES}
        rebuild = indexer.start_rebuild()
        indexer.take_over(rebuild)
        apply(indexer)
        assert (world.answers(*STUDIES), world.states(*STUDIES)) == before
        for study, row in patients.items():
            again = world.reader.study(study)
            assert (again and (again.patient, again.edit_version)) == (
                row and (row.patient, row.edit_version)
            )
        shutil.rmtree(folder / "index")
        indexer.reopen()
        apply(indexer)
        assert world.answers(*STUDIES) == before[0]
        assert world.reader.holds() == holds
    finally:
        world.close()
        shutil.rmtree(folder)
