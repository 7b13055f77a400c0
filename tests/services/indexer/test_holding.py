"""Identities that disagree: held, said, and never shown until a person decides."""

import random
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.support.indexing import World, deletion, names, receipt, say_all

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.errors import Conflict, NotFound
from isocenter.events.entries import EntryKind


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


OTHERS = {
    "instance_under_other_study": receipt(study="1.2.99"),
    "instance_under_other_series": receipt(series="1.2.98"),
    "instance_under_other_patient": receipt(patient="another"),
}


@pytest.mark.parametrize("reason", OTHERS)
def test_instance_uid_that_comes_elsewhere_is_held_and_the_first_unharmed(
    world: World, reason: str
) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    indexer.refresh()
    before = world.answers("1.2.1")
    other = OTHERS[reason]
    world.tell(other)
    indexer.follow()
    indexer.refresh()
    assert world.answers("1.2.1") == before
    assert world.visible(other.study_instance_uid) in ([], [("1.2.3.1", receipt().digest)])
    [hold] = world.reader.holds()
    assert (hold.reason, hold.digest) == (reason, other.digest)
    assert hold.standing_study_instance_uid == "1.2.1"
    assert sorted(names(say_all(indexer))) == ["instance.held", "study.arrived"]


def test_study_of_one_patient_is_not_another_patients(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", patient="another"))
    indexer.follow()
    assert world.visible() == [("1.2.3.1", receipt().digest)]
    [hold] = world.reader.holds()
    assert hold.reason == "study_under_other_patient"


@pytest.mark.parametrize(
    "same", [{"patient": " 4711"}, {"patient": "4711 "}, {"issuer": "HERE"}], ids=str
)
def test_padding_and_default_issuer_are_no_other_patient(
    tmp_path: Path, same: dict[str, str]
) -> None:
    world = World(tmp_path, default_issuer="HERE")
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", **same))  # type: ignore[arg-type]  # texts all
    indexer.follow()
    assert len(world.visible()) == 2


def test_letter_case_is_no_other_patient_inside_a_study_but_joins_nobody(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(patient="ab12"), receipt("1.2.3.2", patient="AB12"))
    indexer.follow()
    assert len(world.visible()) == 2
    assert {row.patient for row in world.states("1.2.1")} == {"|ab12", "|AB12"}


@pytest.mark.parametrize(("first", "second"), [("", "4711"), ("4711", "")])
def test_nobody_and_somebody_do_not_share_a_study(world: World, first: str, second: str) -> None:
    indexer = world.start()
    world.tell(receipt(patient=first), receipt("1.2.3.2", patient=second))
    indexer.follow()
    assert len(world.visible()) == 1
    assert world.reader.totals()["holds"] == 1


def test_slices_without_a_patient_id_share_their_study(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(patient=""), receipt("1.2.3.2", patient=""))
    indexer.follow()
    assert len(world.visible()) == 2


def test_held_instance_claims_nothing(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    world.tell(receipt(study="1.2.99", patient="mistaken"))
    world.tell(receipt("1.2.3.5", study="1.2.99", patient="right"))
    indexer.follow()
    assert len(world.visible("1.2.99")) == 1
    assert world.reader.totals()["holds"] == 1


def test_repeats_of_a_held_instance_make_no_second_hold(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    for _ in range(3):
        world.tell(receipt(patient="another"))
        indexer.follow()
    assert len(world.decisions(EntryKind.HOLD)) == 1


def held(world: World) -> str:
    [hold] = world.reader.holds()
    return hold.hold_id


def test_released_instance_is_shown_and_its_like_not_held_any_more(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", patient="maiden"))
    indexer.follow()
    assert indexer.handle_held(held(world), "released", "a person", "married") == "1.2.1"
    assert len(world.visible()) == 2
    row = world.reader.study("1.2.1")
    assert row is not None
    assert row.instances == 2
    world.tell(receipt("1.2.3.3", patient="maiden"))
    indexer.follow()
    assert len(world.visible()) == 3
    world.tell(receipt("1.2.3.4", patient="a third"))
    indexer.follow()
    assert world.reader.totals()["holds"] == 1


def test_release_of_the_same_uid_in_another_study_shows_both(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt(study="1.2.99"))
    indexer.follow()
    indexer.handle_held(held(world), "released", "a person", "")
    assert len(world.visible("1.2.1")) == len(world.visible("1.2.99")) == 1
    said = sorted(names(say_all(indexer)))
    assert said == ["instance.held", "study.arrived", "study.arrived"]


def test_dropped_instance_stays_away_until_it_is_sent_again(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2", patient="another"))
    indexer.follow()
    first = held(world)
    indexer.handle_held(first, "dropped", "a person", "")
    assert len(world.visible()) == 1
    assert world.reader.holds() == []
    world.tell(receipt("1.2.3.2", patient="another"))
    indexer.follow()
    assert held(world) != first
    assert len(world.visible()) == 1


def test_decision_said_twice_is_one_and_another_is_refused(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt(patient="another"))
    indexer.follow()
    hold = held(world)
    for _ in range(2):
        indexer.handle_held(hold, "dropped", "a person", "")
    assert len(world.decisions(EntryKind.HOLD_HANDLED)) == 1
    with pytest.raises(Conflict):
        indexer.handle_held(hold, "released", "a person", "")
    with pytest.raises(NotFound):
        indexer.handle_held("no such", "released", "a person", "")


def test_release_written_down_before_a_crash_is_applied_after_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    class PowerCut(BaseException):
        pass

    def cut(_: object) -> None:
        raise PowerCut

    indexer = world.start()
    world.tell(receipt(), receipt(study="1.2.99"))
    indexer.follow()
    hold = held(world)
    monkeypatch.setattr(indexer._index, "write", cut)
    with pytest.raises(PowerCut):
        indexer.handle_held(hold, "released", "a person", "")
    again = world.start()
    assert len(world.visible("1.2.99")) == 1
    assert len(world.decisions(EntryKind.ARRIVAL)) == 2
    assert world.reader.study("1.2.99") is not None
    again.close()


def test_purge_of_the_first_lets_the_next_one_in(world: World) -> None:
    indexer = world.start()
    for message in (
        receipt(),
        receipt(study="1.2.99", patient="another"),
        deletion("d"),
        entries.Purge(deletion_id="d", study_instance_uid="1.2.1"),
        receipt(study="1.2.97", patient="third"),
    ):
        world.tell(message)
        indexer.follow()
    assert len(world.visible("1.2.97")) == 1
    assert world.visible("1.2.99") == []  # waits for a person still


def test_two_associations_at_once_never_show_both(world: World) -> None:
    """The same SOP Instance UID under two patients, on two streams, in both orders of writing and of versions."""
    indexer = world.start()
    random.seed(4711)
    for round_ in range(100):
        sop = f"1.2.4.{round_}"
        pair = [
            (receipt(sop, study=f"1.2.5.{round_}", patient="a"), "ingest-a"),
            (receipt(sop, study=f"1.2.6.{round_}", patient="b"), "ingest-b"),
        ]
        versions = [world.clock.version(), world.clock.version()]
        if round_ % 2:
            pair.reverse()
        if random.random() < 0.5:
            versions.reverse()
        for (message, node), version in zip(pair, versions, strict=True):
            world.tell(message, node=node, version=version)
            if random.random() < 0.5:
                indexer.follow()
        indexer.follow()
        shown = len(world.visible(f"1.2.5.{round_}")) + len(world.visible(f"1.2.6.{round_}"))
        assert shown == 1, f"seed 4711, round {round_}"
    assert world.reader.totals()["holds"] == 100
