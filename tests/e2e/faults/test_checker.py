"""The checker itself: of a good run's evidence something is taken away, doubled or changed, and it says what."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.perf.scans import Maker
from tests.support.checker import index_rows, journal_files, stored
from tests.support.checker.check import Evidence, check, naming, told
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.platform import Platform
from tests.support.sending import Item, Sending, acknowledged

SIDE = 32


@dataclass(frozen=True, slots=True)
class Good:
    """A run without a fault: its evidence, and a copy of what lies on disk."""

    evidence: Evidence
    data: Path


@pytest.fixture(scope="module")
def good(platform: Platform, tmp_path_factory: pytest.TempPathFactory) -> Good:
    folder = tmp_path_factory.mktemp("evidence")
    items = [Item(n % 3, n // 3) for n in range(60)]
    sending = Sending(platform, Maker(1, SIDE, SIDE), items, folder / "acknowledged.log")
    sending.start()
    sending.finish(60)
    until_indexed(platform)
    until_told(platform)
    evidence = collect(platform, acknowledged(folder / "acknowledged.log"))
    shutil.copytree(platform.archive, folder / "archive", ignore=shutil.ignore_patterns(".spool"))
    (folder / "index").mkdir()
    serving = index_rows.serving(platform.data / "index")
    shutil.copy(platform.data / "index" / "current", folder / "index")
    with (
        closing(sqlite3.connect(serving)) as index,
        closing(sqlite3.connect(folder / "index" / serving.name)) as copy,
    ):
        index.backup(copy)
    return Good(evidence, folder)


@pytest.fixture
def data(good: Good, tmp_path: Path) -> Path:
    """A copy to harm."""
    return Path(shutil.copytree(good.data, tmp_path / "data"))


def read_again(evidence: Evidence, data: Path) -> list[str]:
    return check(
        replace(
            evidence,
            objects=stored.instances(data / "archive"),
            journal=journal_files.lines(data / "archive"),
            rows=index_rows.rows(data / "index"),
        )
    )


def test_good_run_is_good(good: Good, data: Path) -> None:
    assert len(set(good.evidence.acknowledged)) == 60
    assert check(good.evidence) == []
    assert read_again(good.evidence, data) == []


def test_missing_object_is_named(good: Good, data: Path) -> None:
    key = good.evidence.objects[7].key
    (data / "archive" / key).unlink()
    assert read_again(good.evidence, data) == [f"receipt without object: {key}"]


@pytest.mark.parametrize("at", [0, 600, -1])
def test_flipped_bit_is_named(good: Good, data: Path, at: int) -> None:
    key = good.evidence.objects[11].key
    path = data / "archive" / key
    content = bytearray(path.read_bytes())
    content[at] ^= 1
    path.write_bytes(content)
    wrong = read_again(good.evidence, data)
    assert wrong and all(key in sentence for sentence in wrong)


def test_object_that_nobody_received_is_named(good: Good, data: Path) -> None:
    key = good.evidence.objects[3].key
    strange = key.replace("instances/", "instances/9.")
    path = data / "archive" / strange
    path.parent.mkdir(parents=True)
    shutil.copy(data / "archive" / key, path)
    assert read_again(good.evidence, data) == [f"object without receipt: {strange}"]


def cut_commit(archive: Path, sequence_from_end: int) -> journal_files.Receipt:
    """Take one commit with a receipt out of the longest stream of ingest."""
    path = max((archive / "journal").rglob("ingest-*"), key=lambda path: path.stat().st_size)
    found = journal_files.receipts(journal_files.newest(archive, "ingest"))
    victim = found[-sequence_from_end]
    content = path.read_bytes()
    mark = content.index(victim.line.payload)
    start = content.rindex(b"ISJ1", 0, mark)
    end = content.find(b"ISJ1", mark)
    path.write_bytes(content[:start] + (content[end:] if end > 0 else b""))
    return victim


@pytest.mark.parametrize("sequence_from_end", [1, 5])
def test_missing_journal_entry_is_named(good: Good, data: Path, sequence_from_end: int) -> None:
    victim = cut_commit(data / "archive", sequence_from_end)
    wrong = read_again(good.evidence, data)
    assert f"acknowledged without receipt: {victim.sop}" in wrong
    assert f"row without receipt: {victim.sop}" in wrong
    assert (f"journal ingest-{victim.line.epoch} jumps" in wrong) == (sequence_from_end > 1)


def test_segment_that_a_list_missed_because_it_was_merged_is_read_with_the_next_list(
    good: Good, data: Path
) -> None:
    files = (data / "archive/journal").rglob("*")
    paths = sorted(str(path) for path in files if journal_files.NAME.match(path.name))
    looks = iter([paths[1:], paths, paths])
    found = journal_files.at_rest(
        lambda: next(looks), lambda read: [Path(path).read_bytes() for path in read]
    )
    assert found == good.evidence.journal
    assert next(looks, None) is None


def test_a_commit_that_came_after_the_list_does_not_make_it_another_journal(
    good: Good, data: Path
) -> None:
    files = (data / "archive/journal").rglob("*")
    paths = sorted(str(path) for path in files if journal_files.NAME.match(path.name))
    named = journal_files.NAME.match(paths[0].rpartition("/")[2])
    assert named is not None
    stream, first = f"{named[1]}-{named[2]}", 1_000_000
    last = max(
        line.sequence for line in good.evidence.journal if stream == f"{line.node}-{line.epoch}"
    )
    grown = f"{paths[0].rpartition('/')[0]}/{stream}-{last + 1:012d}-{last + 1:012d}.seg"
    merged = f"{paths[0].rpartition('/')[0]}/{stream}-{1:012d}-{first:012d}.seg"
    for fresh, more in ((grown, 0), (merged, 1)):
        looks = iter([paths, [*paths, fresh], *[[*paths, fresh]] * more])
        found = journal_files.at_rest(
            lambda looks=looks: next(looks),  # type: ignore[misc]
            lambda read: [
                Path(path).read_bytes() if Path(path).exists() else None for path in read
            ],
        )
        assert found == good.evidence.journal
        assert next(looks, None) is None


def test_missing_row_is_named(good: Good, data: Path) -> None:
    sop = good.evidence.acknowledged[5]
    with closing(sqlite3.connect(index_rows.serving(data / "index"))) as index, index:
        assert index.execute("DELETE FROM instances WHERE sop = ?", (sop,)).rowcount == 1
    assert f"receipt without row: {sop}" in read_again(good.evidence, data)


def without(sop: str, names: list[str]) -> list[str]:
    return [name for name in names if name != sop]


CHANGES: dict[str, Callable[[Evidence, str], tuple[Evidence, str]]] = {
    "a row is doubled": lambda good, sop: (
        replace(good, rows=[*good.rows, *(row for row in good.rows if row.sop == sop)]),
        f"shown 2 times: {sop}",
    ),
    "search gives it twice": lambda good, sop: (
        replace(good, searchable=[*good.searchable, sop]),
        f"searchable 2 times: {sop}",
    ),
    "search does not give it": lambda good, sop: (
        replace(good, searchable=without(sop, good.searchable)),
        f"acknowledged, but 0 times searchable or held: {sop}",
    ),
    "it is shown and held": lambda good, sop: (
        replace(good, held=[sop]),
        f"acknowledged, but 2 times searchable or held: {sop}",
    ),
    "a study counts wrong": lambda good, sop: (
        replace(good, study_counts={uid: 19 for uid in good.study_counts}),
        f"study {next(iter(good.study_counts))} says 19 instances and has 20",
    ),
    "a study arrived twice": lambda good, sop: (
        replace(good, arrived=[*(good.arrived or []), (good.arrived or [])[0]]),
        f"study arrived 2 times: {(good.arrived or [])[0]}",
    ),
    "a study never arrived": lambda good, sop: (
        replace(good, arrived=(good.arrived or [])[1:]),
        f"study never arrived: {(good.arrived or [])[0]}",
    ),
    "an event is doubled": lambda good, sop: (
        replace(good, events=[*(good.events or []), (good.events or [])[0]]),
        f"event said 2 times: {(good.events or [])[0].id}",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_change_is_named(good: Good, change: str) -> None:
    evidence, sentence = CHANGES[change](good.evidence, good.evidence.acknowledged[17])
    assert sentence in check(evidence)


def test_missing_event_is_named(good: Good) -> None:
    evidence = good.evidence
    assert evidence.events is not None
    victim = journal_files.receipts(evidence.journal)[23]
    naming_it = naming(victim, told(evidence.events))
    left = [event for event in evidence.events if event not in naming_it]
    wrong = check(replace(evidence, events=left))
    assert any(victim.sop in sentence and "no event names" in sentence for sentence in wrong)
    assert len(wrong) < len(evidence.acknowledged)
