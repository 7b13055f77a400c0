"""Whatever the order, the batching and the crashes: the same rows, and the same again from the journal alone."""

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from google.protobuf.message import Message
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.support.indexing import JPEG_LS, World, deletion, names, receipt, say_all

from isocenter.api.journal.v1 import entries_pb2 as entries
from isocenter.events.entries import EntryKind
from isocenter.indexer.indexing import Indexer

STUDIES = ("1.2.1", "1.2.50")
SOPS = ("1.2.3.1", "1.2.3.2", "1.2.3.3")

receipts = st.builds(
    lambda sop, variant, syntax, second: receipt(
        sop + (".9" if second else ""),
        study=STUDIES[second],
        series="1.2.2" if sop != SOPS[2] else "1.2.7",
        variant=variant,
        syntax=JPEG_LS if syntax else receipt().transfer_syntax_uid,
        patient="b" if second else "a",
    ),
    st.sampled_from(SOPS),
    st.integers(0, 2),
    st.booleans(),
    st.booleans(),
)
scopes = st.sampled_from(
    [("1.2.1", "", ""), ("1.2.1", "1.2.2", ""), ("1.2.1", "1.2.2", "1.2.3.1"), ("1.2.50", "", "")]
)


@st.composite
def storms(draw: st.DrawFn) -> list[Message]:
    """What happened, in the order of versions: receipts, repeats, deletions, some taken back or carried out."""
    happened: list[Message] = []
    for number in range(draw(st.integers(3, 14))):
        if draw(st.integers(0, 3)):
            happened.append(draw(receipts))
            continue
        study, series, sop = draw(scopes)
        name = f"d{number}"
        happened.append(deletion(name, study, series, sop))
        sequel = draw(st.sampled_from(["", "", "undone", "purged"]))
        if sequel == "undone":
            happened.append(entries.Undeletion(deletion_id=name, study_instance_uid=study))
        elif sequel == "purged":
            happened.append(entries.Purge(deletion_id=name, study_instance_uid=study))
    return happened


Told = tuple[int, Message]


def in_memory() -> Path:
    """A folder where syncing costs nothing: these tests end no process."""
    shm = Path("/dev/shm")  # noqa: S108  (where there is one)
    return Path(tempfile.mkdtemp(prefix="isocenter-", dir=shm if shm.is_dir() else None))


def run(root: Path, told: Sequence[Told], stops: Sequence[int], seed: int) -> tuple[World, Indexer]:
    """Write entries in the given order on two streams, follow after some of them, restart after some of those."""
    world = World(root)
    indexer = world.start()
    for place, (version, message) in enumerate(told):
        world.tell(
            message, node="ingest-a" if (version + seed) % 2 else "ingest-b", version=version
        )
        if place in stops:
            indexer.follow()
            if place % 3 == seed % 3:
                indexer = world.start()
            elif place % 2:
                indexer.refresh()
    indexer.follow()
    indexer.refresh()
    return world, indexer


def rows(world: World) -> list[tuple[object, ...]]:
    """Rows without the node, which tells on what stream a version was written."""
    return [
        (
            *(state.sop_instance_uid, state.digest, state.version, state.first_version),
            *(state.current, state.held, state.deleted, [version for version, _ in state.receipts]),
        )
        for state in world.states(*STUDIES)
    ]


@given(st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_any_order_and_batching_gives_the_rows_of_one_ordered_replay_and_of_a_rebuild(
    data: st.DataObject,
) -> None:
    happened = data.draw(storms())
    told = list(enumerate(happened, start=1 << 30))
    shuffled = data.draw(st.permutations(told))
    stops = data.draw(st.sets(st.integers(0, len(told))))
    seed = data.draw(st.integers(0, 5))
    folder = in_memory()
    try:
        ordered, _ = run(folder / "ordered", told, range(len(told)), 0)
        stormy, indexer = run(folder / "stormy", shuffled, sorted(stops), seed)
        assert rows(stormy) == rows(ordered)
        assert stormy.answers(*STUDIES) == ordered.answers(*STUDIES)
        assert_rebuilds_the_same(stormy, indexer)
        ordered.close()
        stormy.close()
    finally:
        shutil.rmtree(folder)


identities = st.builds(
    lambda sop, study, series, patient: receipt(sop, study=study, series=series, patient=patient),
    st.sampled_from(SOPS[:2]),
    st.sampled_from(STUDIES),
    st.sampled_from(["1.2.2", "1.2.7"]),
    st.sampled_from(["a", "b", ""]),
)


@given(st.lists(identities, min_size=2, max_size=10), st.data())
@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
def test_holds_and_releases_are_the_same_after_a_rebuild(
    happened: list[entries.Receipt], data: st.DataObject
) -> None:
    told = data.draw(st.permutations(list(enumerate(happened, start=1 << 30))))
    folder = in_memory()
    try:
        world, indexer = run(folder, told, [1, 3, 5], 1)
        for hold in world.reader.holds():
            fate = data.draw(st.sampled_from(["released", "dropped", ""]))
            if fate:
                indexer.handle_held(hold.hold_id, fate, "a person", "")  # type: ignore[arg-type]  # one of two
        for message in happened[:3]:
            world.tell(message)
        indexer.follow()
        indexer.refresh()
        assert_rebuilds_the_same(world, indexer)
        world.close()
    finally:
        shutil.rmtree(folder)


def assert_rebuilds_the_same(world: World, indexer: Indexer) -> None:
    """Beside the serving index, and from nothing."""
    said = {event.id for event in say_all(indexer)}
    indexer.save()
    before, answers = rows(world), world.answers(*STUDIES)
    holds = [world.reader.holds(state) for state in ("held", "released", "dropped")]
    decided = count(world)
    rebuild = indexer.start_rebuild()
    indexer.take_over(rebuild)
    compare(world, before, answers, holds)
    indexer.close()
    shutil.rmtree(world.root / "index")
    again = world.start()
    compare(world, before, answers, holds)
    assert count(world) == decided
    assert {event.id for event in say_all(again)} <= said
    again.close()


def count(world: World) -> int:
    return sum(len(world.decisions(kind)) for kind in EntryKind)


def compare(
    world: World, before: list[tuple[object, ...]], answers: list[bytes], holds: Sequence[object]
) -> None:
    world.reader.close()
    world.reader = type(world.reader)(world.root / "index")
    assert rows(world) == before
    assert world.answers(*STUDIES) == answers
    assert [world.reader.holds(state) for state in ("held", "released", "dropped")] == holds


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    world = World(tmp_path)
    yield world
    world.close()


def test_rebuild_keeps_completions_and_says_nothing_again(world: World) -> None:
    indexer = world.start()
    world.tell(receipt(), receipt("1.2.3.2"), receipt("1.2.3.9", study="1.2.50", patient="b"))
    indexer.follow()
    world.now_ms += 61_000
    assert indexer.complete() == 2
    world.tell(receipt("1.2.3.3"))
    indexer.follow()
    indexer.refresh()
    say_all(indexer)
    rebuild = indexer.start_rebuild()
    rebuild.advance(indexer.applied())
    world.tell(receipt("1.2.3.4"))
    indexer.follow()
    world.now_ms += 61_000
    assert indexer.complete() == 1
    said = say_all(indexer)
    assert names(said) == ["study.revised"]
    indexer.take_over(rebuild)
    assert say_all(indexer) == []
    first, second = (world.reader.study(study) for study in STUDIES)
    assert first is not None
    assert second is not None
    assert (first.revision, first.complete, first.instances) == (2, True, 4)
    assert (second.revision, second.complete) == (1, True)
    world.now_ms += 61_000
    assert indexer.complete() == 0
    assert say_all(world.start()) == []


def test_index_that_is_taken_away_is_rebuilt_by_itself(world: World) -> None:
    indexer = world.start()
    world.tell(receipt())
    indexer.follow()
    say_all(indexer)
    assert indexer.stands()
    shutil.rmtree(world.root / "index")
    assert not indexer.stands()
    world.tell(receipt("1.2.3.2"))
    indexer.reopen()
    indexer.follow()
    assert len(world.visible()) == 2
    assert len(world.decisions(EntryKind.ARRIVAL)) == 1


def test_rebuild_decides_what_nobody_came_to_decide(world: World) -> None:
    world.start().close()
    world.tell(receipt(), receipt(variant=1), receipt("1.2.3.2", patient="another"))
    shutil.rmtree(world.root / "index")
    events = say_all(world.start())
    assert sorted(names(events)) == ["instance.conflicted", "instance.held", "study.arrived"]
