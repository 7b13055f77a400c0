"""What the index on OpenSearch promises beyond the contract: many matches, many processes, indices that go."""

import logging
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest
from tests.contract.index_search_suite import conditions
from tests.contract.index_write_suite import NOTHING, STREAM
from tests.support.index_rows import (
    Study,
    batch_of,
    digest_of,
    element,
    instance_row,
    series_row,
    study_row,
)
from tests.support.opensearch_server import OpenSearchForTests
from tests.support.poll import poll

from isocenter.adapters.index.opensearch import (
    OpenSearchGenerations,
    OpenSearchReader,
    lease,
    located,
    server,
)
from isocenter.adapters.index.opensearch.generation import Generation
from isocenter.adapters.index.opensearch.server import Server
from isocenter.adapters.open import open_index_generations, open_index_reader
from isocenter.errors import InvalidRequest, LimitExceeded, Unavailable
from isocenter.ports.index import Query
from isocenter.ports.index_rows import Claim, IndexBatch

MANY = 10_300


@pytest.fixture
def url(opensearch: OpenSearchForTests) -> Iterator[str]:
    yield opensearch.fresh_url()
    opensearch.clear()


def test_it_is_opened_by_url_and_told_credentials_apart(
    url: str, opensearch: OpenSearchForTests
) -> None:
    open_index_generations(url, **opensearch.secrets).open().close()
    reader = open_index_reader(url, **opensearch.secrets)
    assert reader.positions() == {}
    reader.close()
    nowhere = ["opensearch+http://u:p@h/x", "opensearch+http://h:1/", "opensearch+http:///x"]
    for wrong in (*nowhere, "opensearch+http://h/X", "opensearch+http://h/x?y", "http://h/x"):
        with pytest.raises(InvalidRequest):
            open_index_reader(wrong)


def test_pages_go_on_beyond_what_the_server_gives_at_once(
    url: str, opensearch: OpenSearchForTests
) -> None:
    place = located(url, **opensearch.secrets)
    index, reader = OpenSearchGenerations(*place).open(), OpenSearchReader(*place)
    batch = batch_of([Study(f"1.{number:05}") for number in range(MANY)])
    batch.instances = [
        instance_row("1.00000", "1.00000.1", f"1.00000.1.{number}", number=number)
        for number in range(MANY)
    ]
    index.write(batch)
    for level in ("study", "series", "instance"):
        query = Query(level, limit=MANY + 10)
        whole = [one.sop_instance_uid or one.study_instance_uid for one in reader.search(query)]
        assert len(set(whole)) == len(whole) == MANY == reader.count(query)
        late = reader.search(replace(query, offset=MANY - 5, limit=50))
        assert [one.sop_instance_uid or one.study_instance_uid for one in late] == whole[-5:]
    assert len(reader.instances("1.00000")) == len(reader.states("1.00000")) == MANY
    (summary,) = index.summarise("1.00000")
    assert summary.instances == MANY
    reader.close()
    index.close()


def test_one_process_writes_at_a_time_and_the_next_has_a_greater_fence(
    url: str, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = located(url, **opensearch.secrets)
    ours, theirs = (OpenSearchGenerations(*place, holder=name) for name in ("a", "b"))
    mine = ours.open()
    with pytest.raises(Unavailable):
        theirs.open()
    mine.close()
    second = theirs.open()
    assert second.fence > mine.fence
    with pytest.raises(Unavailable):
        ours.open()
    monkeypatch.setattr(lease, "LEASE_S", 0.3)  # its process has died, so nobody renews

    def taken_over() -> bool:
        try:
            opened.append(ours.open())
        except Unavailable:
            return False
        return True

    opened = [mine]
    poll(taken_over)
    assert opened[-1].fence > second.fence
    monkeypatch.setattr(lease, "RENEW_S", 0.0)
    for _ in range(2):  # it was not dead: what it says now is not heard
        with pytest.raises(Unavailable):
            second.write(IndexBatch([instance_row()], positions={STREAM: 5}))
        with pytest.raises(Unavailable):
            second.claim([Claim("sop:1", "b", "1.2")])
        with pytest.raises(Unavailable):
            theirs.swap(theirs.create())
    assert not theirs.serves(second)  # which makes its owner open anew, and wait
    assert ours.serves(opened[-1])
    assert opened[-1].totals() == NOTHING
    assert opened[-1].positions() == {}
    opened[-1].close()


def test_lease_is_kept_by_a_holder_that_waits_for_something_else(
    url: str, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lease, "LEASE_S", 1.0)
    monkeypatch.setattr(lease, "RENEW_S", 0.1)
    place = located(url, **opensearch.secrets)
    mine = OpenSearchGenerations(*place, holder="a", keeps=True).open()
    theirs = OpenSearchGenerations(*place, holder="b")
    began_s = time.monotonic()

    def is_refused_for_long() -> bool:
        with pytest.raises(Unavailable):
            theirs.open()
        return time.monotonic() - began_s > 3 * lease.LEASE_S

    poll(is_refused_for_long)
    mine.check_writer()
    mine.close()
    theirs.open().close()


def test_of_two_that_find_no_index_at_once_the_later_takes_what_the_other_made(
    url: str, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Or the first one's decisions are in an index that is gone, and are made again."""
    place = located(url, **opensearch.secrets)
    ours, theirs = (OpenSearchGenerations(*place, holder=name) for name in ("a", "b"))
    make, made = theirs._make, []

    def make_later() -> Generation:
        made.append(ours.open())
        return make()

    monkeypatch.setattr(theirs, "_make", make_later)
    with pytest.raises(Unavailable):
        theirs.open()
    assert ours.serves(made[0])
    made[0].write(IndexBatch([instance_row()], positions={STREAM: 5}))
    made[0].close()
    taken = theirs.open()
    assert taken.positions() == {STREAM: 5}
    taken.close()


def test_a_writer_whose_indices_were_taken_away_makes_none(
    url: str, opensearch: OpenSearchForTests
) -> None:
    place = located(url, **opensearch.secrets)
    generations, reader = OpenSearchGenerations(*place), OpenSearchReader(*place)
    with pytest.raises(Unavailable):
        reader.totals()
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    before = reader.generation()
    opensearch.clear()
    assert not generations.serves(index)
    with pytest.raises(Unavailable):
        index.write(batch_of([Study("1.3")]))
    with pytest.raises(Unavailable):
        reader.totals()
    assert opensearch.client.indices.get(index=f"{place[1]}.*") == {}
    again = generations.open()
    assert again.positions() == {}
    poll(lambda: reader.totals() == NOTHING)
    assert reader.generation() > before
    again.close()


@pytest.mark.parametrize("kind", ["studies", "series", "instances", "ledger"])
def test_an_index_that_lacks_a_part_is_left_for_an_empty_one(
    url: str, opensearch: OpenSearchForTests, kind: str
) -> None:
    generations = OpenSearchGenerations(*located(url, **opensearch.secrets))
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    opensearch.client.indices.delete(index=index.opened.index(kind))  # type: ignore[arg-type]
    assert not generations.serves(index)
    again = generations.open()
    assert again.totals() == NOTHING
    again.close()


def test_an_index_of_another_version_is_left_for_an_empty_one(
    url: str, opensearch: OpenSearchForTests
) -> None:
    generations = OpenSearchGenerations(*located(url, **opensearch.secrets))
    index = generations.open()
    index.write(batch_of([Study("1.2")]))
    other = {"_meta": {"schema_version": 0}}
    opensearch.client.indices.put_mapping(index=index.opened.index("ledger"), body=other)
    again = generations.open()
    assert again.totals() == NOTHING
    again.close()


def test_what_is_gone_is_not_brought_back_by_an_older_version_however_late(
    url: str, opensearch: OpenSearchForTests
) -> None:
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    opensearch.client.indices.put_settings(
        index=index.opened.everything, body={"index.gc_deletes": "0s"}
    )
    index.write(batch_of([Study("1.2")], version=5))
    index.write(IndexBatch(gone_studies=["1.2"], purged=[("1.2.1.1", digest_of(1))]))
    index.write(batch_of([Study("1.2")], version=4))
    assert index.totals() == NOTHING
    assert not (index.study("1.2") or index.states("1.2"))
    index.write(batch_of([Study("1.2")], version=6))
    assert index.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}
    index.close()


@pytest.mark.parametrize("requests", range(1, 5))
def test_a_batch_cut_short_moves_no_position_and_converges_when_repeated(
    url: str, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch, requests: int
) -> None:
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    index.write(batch_of([Study("1.1"), Study("1.2")]))
    batch = batch_of([Study("1.2", {"00100020": element("LO", "P2")})], version=2)
    batch.gone_studies = ["1.1"]
    batch.dirty_studies = [("1.2", 500)]
    batch.purged = [("1.1.1.1", digest_of(1))]
    batch.positions = {STREAM: 7}
    sent = [0]
    written = Server._bulk

    def cut(self: Server, *arguments: object, **options: object) -> object:
        sent[0] += 1
        if sent[0] >= requests:
            raise Unavailable("cut")
        return written(self, *arguments, **options)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Server, "_bulk", cut)
        with pytest.raises(Unavailable):
            index.write(batch)
    assert index.positions() == {}
    before = index.generation()
    index.write(batch)
    assert index.generation() > before
    assert index.positions() == {STREAM: 7}
    assert index.totals() == NOTHING | {"studies": 1, "series": 1, "instances": 1}
    assert index.dirty(501) == ["1.2"]
    assert index.states("1.1") == []
    index.close()


def test_large_batches_go_in_several_requests(
    url: str, opensearch: OpenSearchForTests, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "MAX_BULK_OPERATIONS", 7)
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    index.write(batch_of([Study(f"1.{number}") for number in range(20)]))
    monkeypatch.setattr(server, "MAX_BULK_BYTES", 2_000)
    index.write(batch_of([Study(f"1.{number}") for number in range(15, 30)], version=2))
    assert index.totals() == NOTHING | {"studies": 30, "series": 30, "instances": 30}
    assert len(index.search(Query("series", limit=100))) == 30
    index.close()


def test_a_study_is_found_through_a_series_without_a_document_yet(
    url: str, opensearch: OpenSearchForTests
) -> None:
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    index.write(IndexBatch([instance_row()], studies=[study_row()]))
    named = Query("instance", study_instance_uid="1.2", series_instance_uid="1.2.1")
    assert [one.sop_instance_uid for one in index.search(named)] == ["1.2.1.1"]
    assert index.search(Query("series")) == []
    index.write(IndexBatch(series=[series_row(document={"00080060": element("CS", "CT")})]))
    asked = conditions(("00080060", "CS", "CT"))
    assert len(index.search(replace(named, conditions=asked))) == 1
    index.close()


def test_an_attribute_of_a_study_that_only_an_instance_has_is_found_there(
    url: str, opensearch: OpenSearchForTests
) -> None:
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    weight = {"00101030": element("DS", 70)}
    index.write(
        batch_of([Study("1.1", {}, [({}, [weight, {}])]), Study("1.2", weight)]),
    )
    for value, expected in (("70", ["1.1.1.1", "1.2.1.1"]), ('""', ["1.1.1.2"]), ("71", [])):
        query = Query("instance", conditions(("00101030", "DS", value)))
        found = sorted(one.sop_instance_uid for one in index.search(query))
        assert (found, index.count(query)) == (expected, len(expected))
    index.close()


def test_a_wild_card_too_wild_is_refused_and_long_values_are_found(
    url: str, opensearch: OpenSearchForTests
) -> None:
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    long = "x" * 40_000
    index.write(batch_of([Study("1.2", {"00104000": element("LT", long)})]))
    for value in (long, "xxx*", "?" * 3 + "*"):
        assert len(index.search(Query("study", conditions(("00104000", "LT", value))))) == 1
    wild = "*a" + "?" * 100 + "b*c" + "?" * 100
    with pytest.raises(LimitExceeded):
        index.search(Query("study", conditions(("00104000", "LT", wild))))
    index.close()


def test_neither_errors_nor_logs_say_what_was_asked(
    url: str, opensearch: OpenSearchForTests, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    index = OpenSearchGenerations(*located(url, **opensearch.secrets)).open()
    index.write(batch_of([Study("1.2.77", {"00100010": element("PN", {"Alphabetic": "Secret"})})]))
    assert index.study("1.2.77")
    wild = "*secret" + "?" * 100 + "b*c" + "?" * 100
    with pytest.raises(LimitExceeded) as error:
        index.search(Query("study", conditions(("00104000", "LT", wild))))
    index.close()
    for text in ("1.2.77", "Secret", "secret"):
        assert text not in caplog.text + str(error.value) + repr(error.value.__cause__)
