"""The AE list in the journal: the newest word of each title counts, in every process, whatever order it is read in."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import permutations
from pathlib import Path

import pytest

from isocenter.adapters.journal.files import FileJournal
from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.events.entries import EntryKind
from isocenter.ingest.ae_entry import AeEntry, read_entry
from isocenter.ingest.ae_journal import AeJournal
from isocenter.ingest.ae_list import AeList
from isocenter.ports.journal import AE, Entry
from isocenter.runtime.caller import Action
from isocenter.runtime.clock import HybridClock

WHOLE = {
    "title": "WS1", "address": "10.0.4.0/24", "may_send": True, "may_ask": True,
    "moves_to": ["WS2"], "tls_subject": "commonName=ws1",
}  # fmt: skip
DESTINATION = {"title": "WS2", "address": "10.0.4.9", "port": 104, "tls": True}


def entry(**said: object) -> AeEntry:
    return read_entry({"title": "CT1", **said}, 1)


@contextmanager
def process(root: Path, node: str) -> Iterator[AeJournal]:
    """One process with its own clock and reader of the journal below `root`."""
    clock = HybridClock()
    journal = FileJournal(root, clock)
    clock.observe(journal.latest_version())
    made = AeJournal(journal, clock, node)
    try:
        yield made
    finally:
        made.close()
        journal.close()


def test_change_in_one_process_is_known_in_another_at_its_next_look(tmp_path: Path) -> None:
    with process(tmp_path, "web-0") as one, process(tmp_path, "ingest") as other:
        listed = AeList(None, other)
        assert listed.caller("CT1", "10.0.0.1", on_loopback=False) is None
        one.change("CT1", [entry(may_send=True)], "anna")
        other.look()
        caller = listed.caller("CT1", "10.0.0.1", on_loopback=False)
        assert caller is not None and caller.may == {Action.VERIFY, Action.STORE}
        other.change("CT1", [], "ben")
        assert listed.caller("CT1", "10.0.0.1", on_loopback=False) is None
        assert one.look()["CT1"].caller == "ben"


def test_who_was_added_a_moment_ago_is_not_refused(tmp_path: Path) -> None:
    with process(tmp_path, "web") as one, process(tmp_path, "ingest") as other:
        listed = AeList(None, other)
        one.change("CT1", [entry(address="10.0.0.1", port=104, may_send=True)], "anna")
        caller = listed.caller("CT1", "10.0.0.1", on_loopback=False)
        assert caller is not None
        one.change("WS1", [read_entry({"title": "WS1", "address": "10.0.0.2", "port": 1}, 1)], "")
        found = listed.destination("WS1", caller)  # the last look was just now
        assert found is not None
        assert (found.host, found.port) == ("10.0.0.2", 1)


@pytest.mark.parametrize("said", [WHOLE, DESTINATION, {"title": "A B/C"}])
def test_entry_is_read_as_it_was_said(tmp_path: Path, said: dict[str, object]) -> None:
    with process(tmp_path, "web") as one, process(tmp_path, "ingest") as other:
        made = read_entry(said, 1)
        one.change(made.title, [made], "anna")
        assert other.look()[made.title].entries == (made,)
        assert made.as_mapping() == said


def test_file_counts_for_titles_that_the_journal_does_not_speak_of(tmp_path: Path) -> None:
    file = tmp_path / "ae.toml"
    file.write_text('[[ae]]\ntitle = "CT1"\nmay_send = true\n[[ae]]\ntitle = "CT2"\n')
    with process(tmp_path, "ingest") as journaled:
        listed = AeList(file, journaled)
        assert [one.title for one in listed.entries()] == ["CT1", "CT2"]
        journaled.change("CT1", [], "anna")
        assert [one.title for one in listed.entries()] == ["CT2"]
        file.write_text(file.read_text() + '[[ae]]\ntitle = "CT1"\n[[ae]]\ntitle = "CT3"\n')
        assert [one.title for one in listed.entries()] == ["CT2", "CT3"]
        journaled.change("CT1", [entry(may_ask=True)], "anna")
        assert [one for one in listed.entries() if one.title == "CT1"] == [entry(may_ask=True)]


def test_list_is_the_same_after_a_restart(tmp_path: Path) -> None:
    with process(tmp_path, "web") as one:
        one.change("CT1", [entry(may_send=True)], "anna")
        one.change("CT2", [], "anna")
        before = one.known()
    with process(tmp_path, "web") as again:
        assert again.look() == before


@pytest.mark.parametrize("order", list(permutations(range(3))))
def test_newest_word_counts_in_whatever_order_it_is_read(
    tmp_path: Path, order: tuple[int, ...]
) -> None:
    journal = FileJournal(tmp_path, HybridClock())
    for number in order:
        line = pb.AeLine(may_send=number == 2)
        message = pb.AeChanged(title="CT1", lines=[line], caller=f"caller {number}")
        payload = message.SerializeToString()
        writer = journal.writer(f"node-{number}{AE}")
        writer.append([Entry(100 + number, EntryKind.AE_CHANGED, 0, payload)])
        writer.close()
    known = AeJournal(journal, HybridClock(), "reader").look()
    assert (known["CT1"].caller, known["CT1"].entries) == ("caller 2", (entry(may_send=True),))
    journal.close()


def test_line_of_a_later_release_that_cannot_be_understood_lets_nobody_in(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, HybridClock())
    lines = [pb.AeLine(address="by name", may_send=True), pb.AeLine(address="10.0.0.1")]
    payload = pb.AeChanged(title="CT1", lines=lines).SerializeToString()
    with process(tmp_path, "ingest") as journaled:
        writer = journal.writer(f"web{AE}")
        writer.append([Entry(7, EntryKind.AE_CHANGED, 0, payload)])
        writer.append([Entry(8, EntryKind.AE_CHANGED, 0, b"\xff no message")])
        writer.close()
        journal.close()
        assert journaled.look()["CT1"].entries == (entry(address="10.0.0.1"),)


def test_streams_of_images_are_not_read(tmp_path: Path) -> None:
    journal = FileJournal(tmp_path, HybridClock())
    writer = journal.writer("ingest")
    payload = pb.AeChanged(title="CT1", lines=[pb.AeLine(may_send=True)]).SerializeToString()
    writer.append([Entry(7, EntryKind.AE_CHANGED, 0, payload)])
    writer.close()
    journal.close()
    with process(tmp_path, "ingest") as journaled:
        assert journaled.look() == {}
