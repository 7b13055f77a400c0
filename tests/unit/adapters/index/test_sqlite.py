"""What is SQLite's own: processes that share files, files that vanish, which index a search takes."""

import os
import shutil
import sqlite3
import threading
import time
from pathlib import Path

import pytest
from tests.support.index_processes import STREAM, start, study_of
from tests.support.index_rows import Study, batch_of, digest_of, element, instance_row, name

from isocenter.adapters.index.sqlite import SqliteGenerations, SqliteReader, pointer, reads
from isocenter.adapters.index.sqlite.plan import choose
from isocenter.dicom.matching import Match, WildCard, parse
from isocenter.errors import Corrupted, LimitExceeded, Unavailable
from isocenter.ports.index import Query
from isocenter.ports.index_rows import Flags, IndexBatch

KILLS = 6


def condition(tag: str, vr: str, value: str) -> Match:
    read = parse(tag, vr, value)
    assert read is not None
    return read


def index_file(folder: Path) -> Path:
    found = pointer.serving(folder)
    assert found is not None
    return found.path


def test_rows_and_positions_survive_kill_9_together(tmp_path: Path) -> None:
    for kill in range(KILLS):
        process = start("write", tmp_path)
        assert process.stdout is not None
        told = [int(process.stdout.readline()) for _ in range(3 + 5 * kill)]
        process.kill()
        told += [int(line) for line in process.stdout.read().splitlines() if line]
        process.wait()
        reader = SqliteReader(tmp_path)
        last = reader.positions()[STREAM]
        assert last >= told[-1]
        assert reader.totals()["studies"] == reader.totals()["instances"] == last
        assert reader.count(Query("study")) == last
        assert reader.study(study_of(last).uid) is not None
        assert reader.study(study_of(last + 1).uid) is None
        reader.close()


def test_a_subject_is_given_to_exactly_one_of_two_processes(tmp_path: Path) -> None:
    index = SqliteGenerations(tmp_path).open()
    claimers = [start("claim", tmp_path, owner, 200) for owner in ("left", "right")]
    for process in claimers:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == "ready\n"
    for process in claimers:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    left, right = ((process.stdout.read() if process.stdout else "") for process in claimers)
    assert [process.wait() for process in claimers] == [0, 0]
    assert left == right
    assert len(left.split()) == 200
    assert [claim.owner for claim in index.claims_of("1.2")].count("left") == left.split().count(
        "left"
    )
    index.close()


def test_a_reader_sees_what_another_process_wrote_at_its_next_call(tmp_path: Path) -> None:
    index = SqliteGenerations(tmp_path).open()
    index.write(batch_of([study_of(1)]))
    reader = SqliteReader(tmp_path)
    before = reader.generation()
    assert start("once", tmp_path, 2).wait() == 0
    assert reader.count(Query("study")) == 2
    assert reader.generation() > before
    index.write(batch_of([study_of(1)], version=2))  # its cache of row ids noticed the other writer
    assert reader.totals()["studies"] == 2
    reader.close()
    index.close()


def test_a_reader_works_while_no_writer_has_the_files_open(tmp_path: Path) -> None:
    SqliteGenerations(tmp_path).open().close()
    reader = SqliteReader(tmp_path)
    assert reader.totals()["studies"] == 0
    with pytest.raises(sqlite3.OperationalError), reader._lend() as (connection, _):
        connection.execute("DELETE FROM studies")
    reader.close()


def test_there_is_no_index_before_the_indexer_made_one(tmp_path: Path) -> None:
    with pytest.raises(Unavailable):
        SqliteReader(tmp_path / "nothing").totals()


def test_files_taken_away_are_noticed_by_writer_and_reader(tmp_path: Path) -> None:
    folder = tmp_path / "index"
    generations = SqliteGenerations(folder)
    index = generations.open()
    index.write(batch_of([study_of(1)]))
    reader = SqliteReader(folder)
    before = reader.generation()
    shutil.rmtree(folder)
    with pytest.raises(Unavailable):
        index.write(batch_of([study_of(2)]))
    deadline = time.monotonic() + 1.0
    with pytest.raises(Unavailable):
        while time.monotonic() < deadline:
            reader.totals()
    index.close()
    anew = generations.open()
    assert anew.positions() == {}
    anew.write(batch_of([study_of(2)]))
    assert reader.search(Query("study"))[0].study_instance_uid == study_of(2).uid
    assert reader.generation() > before
    reader.close()
    anew.close()


def test_a_file_of_another_version_is_left_for_an_empty_one(tmp_path: Path) -> None:
    generations = SqliteGenerations(tmp_path)
    index = generations.open()
    index.write(batch_of([study_of(1)]))
    index.close()
    old = index_file(tmp_path)
    connection = sqlite3.connect(old)
    connection.execute("PRAGMA user_version = 999")
    connection.close()
    with pytest.raises(Unavailable):
        SqliteReader(tmp_path).totals()
    index = generations.open()
    assert index.totals()["studies"] == 0
    assert index_file(tmp_path) != old
    assert not old.exists()
    index.close()


def test_a_damaged_file_is_called_so(tmp_path: Path) -> None:
    SqliteGenerations(tmp_path).open().close()
    file = index_file(tmp_path)
    file.write_bytes(b"not a database, but as long as one" * 1000)
    with pytest.raises(Corrupted):
        SqliteReader(tmp_path).totals()
    with pytest.raises(Corrupted):
        SqliteGenerations(tmp_path).open()


def test_each_thread_reads_on_a_connection_of_its_own_that_ends_with_it(tmp_path: Path) -> None:
    SqliteGenerations(tmp_path).open().close()
    reader = SqliteReader(tmp_path)
    open_files = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        thread = threading.Thread(target=reader.totals)
        thread.start()
        thread.join()
    assert len(list(Path("/proc/self/fd").iterdir())) <= open_files + 3
    reader.close()


def test_a_child_of_a_fork_reads_on_a_connection_of_its_own(tmp_path: Path) -> None:
    index = SqliteGenerations(tmp_path).open()
    index.write(batch_of([study_of(1)]))
    reader = SqliteReader(tmp_path)
    assert reader.totals()["studies"] == 1
    child = os.fork()
    if child == 0:
        os._exit(0 if reader.count(Query("study")) == 1 else 1)
    assert os.waitpid(child, 0)[1] == 0
    index.write(batch_of([study_of(2)]))
    assert reader.totals()["studies"] == 2
    reader.close()
    index.close()


def test_a_search_that_takes_too_long_is_interrupted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = SqliteGenerations(tmp_path).open()
    index.write(
        batch_of([Study(f"1.2.{n}", {"00104000": element("LT", "text")}) for n in range(300)])
    )
    monkeypatch.setattr(reads, "SEARCH_LIMIT_S", 0.0)
    monkeypatch.setattr(reads, "OPERATIONS_PER_CHECK", 100)
    reader = SqliteReader(tmp_path)
    slow = Query("study", (WildCard("00104000", "LT", "*none*"),))
    for search in (reader.search, reader.count):
        with pytest.raises(LimitExceeded):
            search(slow)
    assert reader.totals()["studies"] == 300
    reader.close()
    index.close()


@pytest.mark.parametrize(
    ("keys", "taken"),
    [
        ([], "studies_moment"),
        ([("00100020", "LO", "P7")], "studies_patient_id"),
        ([("00100020", "LO", "P7*")], "studies_patient_id"),
        ([("00080050", "SH", "A7")], "studies_accession_number"),
        ([("00100010", "PN", "rare7*")], "FROM names"),
        ([("00100010", "PN", "*are7^*")], "study_text"),
        ([("00100010", "PN", "*太*")], "FROM names"),
        ([("00100010", "PN", "*田^*")], "FROM names"),
        ([("00100010", "PN", "*o*")], "studies_moment"),
        ([("00100010", "PN", "common*")], "studies_moment"),
        ([("00100010", "PN", "?*")], "studies_moment"),
        ([("00080061", "CS", "CT")], "study_modalities"),
        ([("00080061", "CS", "CT"), ("00080020", "DA", "20240101-")], "study_modalities"),
        ([("00100010", "PN", "common*"), ("00080061", "CS", "MR")], "study_modalities"),
        ([("00080018", "UI", "1.2.7.1.1")], "instances"),
    ],
)
def test_a_search_starts_where_candidates_are_few(
    tmp_path: Path, keys: list[tuple[str, str, str]], taken: str
) -> None:
    index = SqliteGenerations(tmp_path).open()
    index.write(
        batch_of(
            [
                Study(
                    f"1.2.{n}",
                    {
                        "00100010": name("Common^Anna" if n % 20 else f"Rare{n}^Bo"),
                        "00080020": element("DA", "20240102"),
                        "00080061": element("CS", "CT" if n else "MR"),
                    },
                )
                for n in range(200)
            ]
        )
    )
    query = Query("instance", tuple(condition(*key) for key in keys), limit=10)
    with index._lend() as (connection, _):
        assert taken in choose(connection, query, ordered=True).sql
    assert isinstance(index.search(query), list)
    index.close()


@pytest.mark.parametrize(
    ("words", "taken"),
    [(("rare20",), "FROM words"), (("common",), "studies_moment"), ((), "moment")],
)
def test_words_are_gathered_where_they_are_rare(
    tmp_path: Path, words: tuple[str, ...], taken: str
) -> None:
    index = SqliteGenerations(tmp_path).open()
    names = (name("Common^Anna" if n % 20 else f"Rare{n}^Bo") for n in range(200))
    index.write(batch_of([Study(f"1.2.{n}", {"00100010": one}) for n, one in enumerate(names)]))
    query = Query("study", words=words, limit=10)
    with index._lend() as (connection, _):
        assert taken in choose(connection, query, ordered=True).sql
    assert len(index.search(query)) == (1 if "rare20" in words else 10)
    index.close()


def test_purged_patients_leave_no_trace_in_the_file(tmp_path: Path) -> None:
    index = SqliteGenerations(tmp_path).open()
    secret = {
        "00100010": name("Unforgettable^Zacharias"),
        "00100020": element("LO", "SECRET-ID-77"),
    }
    index.write(batch_of([Study("1.2", secret), Study("1.3")]))
    index.write(
        IndexBatch(
            flags=[Flags("1.2.1.1", digest_of(1), current=True, held=False, deleted=True)],
            gone_studies=["1.2"],
            purged=[("1.2.1.1", digest_of(1))],
        )
    )
    index.checkpoint()
    index.close()
    content = index_file(tmp_path).read_bytes().lower()
    assert b"unforgettable" not in content
    assert b"secret-id-77" not in content
    assert b"1.2.1.1" not in content.replace(instance_row("1.3").sop_instance_uid.encode(), b"")
