"""What every Journal promises (ports/journal.py); an adapter's test class inherits it and gives `make`."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from isocenter.errors import InvalidRequest, NotFound
from isocenter.events.entries import EntryKind
from isocenter.ports.journal import Entry, Journal, Record, Stream


def entry(version: int, payload: bytes = b"", kind: EntryKind = EntryKind.RECEIPT) -> Entry:
    return Entry(version, kind, version % 64, payload or b"entry %d" % version)


def versions(records: Iterator[Record]) -> list[int]:
    return [record.entry.version for record in records]


class JournalSuite:
    """`make` opens the journal of one test; every call opens the same one, as another process would."""

    def make(self) -> Journal:
        raise NotImplementedError

    @pytest.fixture
    def journal(self) -> Journal:
        return self.make()

    def test_an_empty_journal_has_no_streams(self, journal: Journal) -> None:
        assert journal.ends() == {}
        assert journal.latest_version() == 0

    def test_what_was_appended_is_read_as_it_was_written(self, journal: Journal) -> None:
        writer = journal.writer("node-1")
        entries = [
            Entry(7, EntryKind.RECEIPT, 63, b"\0\1\2"),
            Entry(8, EntryKind.AUDIT, 0, b""),
            Entry(1 << 62, EntryKind.DEPARTURE, 5, b"x" * 100_000),
        ]
        positions = writer.append(entries)
        records = list(journal.read(writer.stream))
        assert [record.entry for record in records] == entries
        assert [record.position for record in records] == positions
        assert [position.entry_index for position in positions] == [0, 1, 2]
        assert {(p.node, p.epoch, p.sequence) for p in positions} == {(*writer.stream, 1)}

    def test_sequences_count_from_one_without_gaps(self, journal: Journal) -> None:
        writer = journal.writer("n")
        sequences = [writer.append([entry(n)])[0].sequence for n in range(1, 30)]
        assert sequences == list(range(1, 30))
        assert journal.ends() == {writer.stream: 29}

    def test_appending_nothing_writes_nothing(self, journal: Journal) -> None:
        writer = journal.writer("n")
        assert writer.append([]) == []
        assert all(end == 0 for end in journal.ends().values())

    def test_every_writer_has_a_stream_of_its_own(self, journal: Journal) -> None:
        writers = [journal.writer("n") for _ in range(3)]
        for number, writer in enumerate(writers):
            writer.append([entry(number + 1)])
        assert len({writer.stream.epoch for writer in writers}) == 3
        assert journal.ends() == {writer.stream: 1 for writer in writers}

    def test_another_process_sees_what_was_committed(self, journal: Journal) -> None:
        writer, reader = journal.writer("n"), self.make()
        for number in range(1, 6):
            writer.append([entry(number)])
            assert reader.ends()[writer.stream] == number
            assert versions(reader.read(writer.stream, number - 1)) == [number]

    def test_a_part_of_a_stream_is_read_by_sequence(self, journal: Journal) -> None:
        writer = journal.writer("n")
        for number in range(1, 21):
            writer.append([entry(number), entry(100 + number)])
        assert versions(journal.read(writer.stream, 17, 19)) == [18, 118, 19, 119]
        assert versions(journal.read(writer.stream, 19)) == [20, 120]
        assert versions(journal.read(writer.stream, 0, 1)) == [1, 101]
        assert versions(journal.read(writer.stream, 20)) == []
        assert versions(journal.read(writer.stream, 5, 5)) == []
        assert versions(journal.read(writer.stream, 18, 900)) == [19, 119, 20, 120]

    def test_reading_in_any_order_gives_the_same(self, journal: Journal) -> None:
        writer = journal.writer("n")
        for number in range(1, 40):
            writer.append([entry(number, b"p" * 20_000)])
        for number in (38, 2, 20, 1, 39, 21, 3):
            assert versions(journal.read(writer.stream, number - 1, number)) == [number]

    def test_reading_ends_where_the_stream_ended_when_it_was_asked(self, journal: Journal) -> None:
        writer = journal.writer("n")
        writer.append([entry(1)])
        records = journal.read(writer.stream)
        writer.append([entry(2)])
        assert versions(records) == [1]

    def test_an_unknown_stream_is_not_found(self, journal: Journal) -> None:
        with pytest.raises(NotFound):
            list(journal.read(Stream("n", "0" * 16)))

    def test_appends_of_many_threads_share_commits_and_none_is_lost(self, journal: Journal) -> None:
        writer = journal.writer("n")
        start = threading.Barrier(8)

        def append(thread: int) -> list[tuple[int, int]]:
            start.wait()
            return [writer.append([entry(1000 * thread + n)])[0][2:] for n in range(1, 16)]

        with ThreadPoolExecutor(8) as pool:
            places = [place for places in pool.map(append, range(8)) for place in places]
        records = list(journal.read(writer.stream))
        assert len(set(places)) == len(places) == len(records) == 120
        assert sorted(places) == [record.position[2:] for record in records]
        by_thread: dict[int, list[int]] = {}
        for version in (record.entry.version for record in records):
            by_thread.setdefault(version // 1000, []).append(version)
        assert all(numbers == sorted(numbers) for numbers in by_thread.values())

    def test_a_closed_writer_loses_nothing(self, journal: Journal) -> None:
        writer = journal.writer("n")
        for number in range(1, 4):
            writer.append([entry(number)])
        records = journal.read(writer.stream)
        assert next(records).entry.version == 1
        writer.close()
        writer.close()
        assert versions(records) == [2, 3]
        assert journal.ends() == {writer.stream: 3} == self.make().ends()

    def test_closing_an_unused_writer_leaves_nothing_to_read(self, journal: Journal) -> None:
        journal.writer("n").close()
        assert all(end == 0 for end in self.make().ends().values())

    def test_the_latest_version_is_the_greatest_wherever_it_is(self, journal: Journal) -> None:
        first, second = journal.writer("a"), journal.writer("b")
        first.append([entry(900)])
        first.append([entry(500)])
        second.append([entry(100)])
        assert journal.latest_version() == 900 == self.make().latest_version()
        first.close()
        second.close()
        assert journal.latest_version() == 900 == self.make().latest_version()

    def test_abandoned_streams_are_sealed_and_keep_their_records(self, journal: Journal) -> None:
        writers = [journal.writer(f"n{n}") for n in range(3)]
        for writer in writers:
            for number in range(1, 5):
                writer.append([entry(number)])
        before = {w.stream: versions(journal.read(w.stream)) for w in writers}
        self.abandon(writers[0])
        writers[1].close()
        self.make().seal_abandoned(0)
        assert {w.stream: versions(journal.read(w.stream)) for w in writers} == before
        writers[2].append([entry(5)])
        assert versions(self.make().read(writers[2].stream)) == [1, 2, 3, 4, 5]

    def test_redacted_entries_lose_their_content_and_all_others_stay(
        self, journal: Journal
    ) -> None:
        writer = journal.writer("n")
        for number in range(1, 11):
            kind = EntryKind.RECEIPT if number % 5 else EntryKind.QUARANTINE
            writer.append([entry(number, kind=kind)])
        writer.close()
        before = list(journal.read(writer.stream))
        for _ in range(2):
            assert journal.redact(lambda e: e.kind == EntryKind.QUARANTINE, since_ms=0) == 0
            for opened in (journal, self.make()):
                after = list(opened.read(writer.stream))
                assert [r.position for r in after] == [r.position for r in before]
                assert versions(iter(after)) == versions(iter(before))
                for old, new in zip(before, after, strict=True):
                    if old.entry.kind == EntryKind.QUARANTINE:
                        assert (new.entry.kind, new.entry.payload) == (EntryKind.REDACTED, b"")
                    else:
                        assert new == old

    def abandon(self, writer: object) -> None:
        """Let the writer go as a killed process would, where the adapter can."""

    @pytest.mark.parametrize("node", ["", "A", "a_b", "a/b", "..", "x" * 33, "é"])
    def test_what_is_no_node_name_is_refused(self, journal: Journal, node: str) -> None:
        with pytest.raises(InvalidRequest):
            journal.writer(node)
