"""A release and the one before it run beside each other: each reads what the other writes, and asks it."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.compat.releases import Release, earlier, later
from tests.support.indexing import World, receipt
from tests.support.nats_server import RunningNats, die_with_parent, running_nats
from tests.support.poll import poll

UNKNOWN_FIELD = "fa7f036e6577"  # field 2047, three bytes: what a later release may add
TOKEN = "0123456789abcdef"
PAIRS = ("N-1 to N", "N to N-1")
LATER_KINDS = {
    "AE_CHANGED",
    "CORRECTION",
}  # N-1 passes over them: its services neither say nor need them
STUDIES = ("1.2.1", "1.2.2", "1.2.3")


@pytest.fixture(scope="module", params=PAIRS)
def pair(request: pytest.FixtureRequest) -> tuple[Release, Release]:
    """Who writes or asks, and who reads or answers."""
    releases = {release.name: release for release in (earlier(), later())}
    first, second = str(request.param).split(" to ")
    return releases[first], releases[second]


def test_every_event_of_one_release_is_understood_by_the_other(
    pair: tuple[Release, Release],
) -> None:
    _, reader = pair
    said = known_to_both(pair)
    assert "instance.stored" in said
    assert reader.speak("hear_events", said) == said


def known_to_both(pair: tuple[Release, Release]) -> dict[str, Any]:
    """What the writer says of facts that both have: a later one's services alone hear what it has more."""
    said, knows = (release.says("say_events") for release in pair)
    older, newer = (said, knows) if pair[0].name == "N-1" else (knows, said)
    assert older.keys() <= newer.keys()
    return {name: one for name, one in said.items() if name in older}


def test_what_a_later_release_adds_to_an_event_is_kept_when_it_is_sent_on(
    pair: tuple[Release, Release],
) -> None:
    _, reader = pair
    said = known_to_both(pair)
    for one in said.values():
        one["data"] += UNKNOWN_FIELD
        one["headers"]["ce-laterextension"] = "x"
    assert reader.speak("hear_events", said) == said


def test_every_journal_entry_of_one_release_is_understood_by_the_other(
    pair: tuple[Release, Release], tmp_path: Path
) -> None:
    writer, reader = pair
    written = writer.speak("write_journal", str(tmp_path), {})
    read = reader.speak("read_journal", str(tmp_path))
    known = [one for one in written if one[0] in reader.says("say_kinds")]
    assert [one[:2] for one in read] == [*known, written[0]]
    assert {kind for kind, *_ in read} >= {"RECEIPT", "HOLD", "COMPLETION", "AUDIT", "REDACTED"}


def test_kinds_and_fields_of_a_later_release_do_not_stop_a_reader_of_the_journal(
    pair: tuple[Release, Release], tmp_path: Path
) -> None:
    writer, reader = pair
    written = writer.speak("write_journal", str(tmp_path), {"250": "00ff", "1": UNKNOWN_FIELD})
    read = reader.speak("read_journal", str(tmp_path))
    known = [one for one in written if one[0] in reader.says("say_kinds")]
    assert [one[:2] for one in read] == [*known, ["RECEIPT", {}], written[0]]
    assert read[len(known)][2] == UNKNOWN_FIELD


def test_a_release_passes_over_kinds_that_only_the_later_one_has(
    pair: tuple[Release, Release], tmp_path: Path
) -> None:
    writer, reader = pair
    missing = set(writer.says("say_kinds")) - set(reader.says("say_kinds"))
    assert missing == (LATER_KINDS if reader.name == "N-1" else set())
    writer.speak("write_journal", str(tmp_path), {})
    assert not missing & {kind for kind, *_ in reader.speak("read_journal", str(tmp_path))}


def test_both_releases_write_streams_of_one_journal(
    pair: tuple[Release, Release], tmp_path: Path
) -> None:
    first, second = pair
    written = [one.speak("write_journal", str(tmp_path), {}) for one in (first, second, first)]
    shared = set(first.says("say_kinds")) & set(second.says("say_kinds"))
    read = [
        [one for one in release.speak("read_journal", str(tmp_path)) if one[0] in shared]
        for release in pair
    ]
    assert read[0] == read[1]
    told = [kind for commit in written for kind, _ in commit if kind in shared]
    assert len(read[0]) == len(told) + len(written)


def test_every_message_of_the_index_is_understood_by_the_other(
    pair: tuple[Release, Release],
) -> None:
    writer, reader = pair
    said = writer.says("say_index")
    assert said.keys() == reader.says("say_index").keys()
    assert reader.speak("hear_index", said) == writer.speak("hear_index", said)
    more = {name: data + UNKNOWN_FIELD for name, data in said.items()}
    assert reader.speak("hear_index", more) == reader.speak("hear_index", said)


def test_one_release_asks_the_indexer_of_the_other(
    pair: tuple[Release, Release], nats: RunningNats, tmp_path: Path
) -> None:
    asker, answerer = pair
    world = World(tmp_path)
    world.tell(*(receipt(f"{study}.1", study=study) for study in STUDIES))
    world.close()
    with indexer(answerer, nats, tmp_path) as run_folder:
        told: dict[str, Any] = asker.speak("ask_indexer", str(run_folder), TOKEN)
    assert told["refused"] == ["NotFound", "InvalidRequest"]
    assert told["rebuilt"]["finished"]
    assert told["rebuilt"]["applied_entries"] == told["rebuilt"]["total_entries"] != "0"


@pytest.fixture
def nats(tmp_path: Path) -> Iterator[RunningNats]:
    folder = tmp_path / "nats"
    folder.mkdir()
    with running_nats(folder) as server:
        yield server


@contextmanager
def indexer(release: Release, nats: RunningNats, folder: Path) -> Iterator[Path]:
    """The indexer of a release as a process, once it listens."""
    run_folder = folder / "run"
    environment = release.environment(
        ISOCENTER_DATA_FOLDER=str(folder),
        ISOCENTER_BUS_URL=nats.url,
        ISOCENTER_BUS_TOKEN=nats.token,
        ISOCENTER_RPC_TOKEN=TOKEN,
    )
    log = folder / "indexer.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "isocenter.indexer.main"],
            cwd=folder,
            env=environment,
            stdout=output,
            stderr=output,
            preexec_fn=die_with_parent,  # noqa: PLW1509  (takes no lock)
        )
    try:
        poll(lambda: (run_folder / "indexer.sock").exists() or process.poll() is not None, 30)
        assert process.poll() is None, log.read_text()
        yield run_folder
    finally:
        process.terminate()
        assert process.wait(30) == os.EX_OK, log.read_text()
