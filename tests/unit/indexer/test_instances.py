"""What is shown of several data sets of one SOP instance: a table, and the promise that order does not matter."""

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.indexer.instances import Instance, choose, covers, settle
from isocenter.ports.index_rows import DeletionRow

PLAIN, OTHER = "1.2.840.10008.1.2.1", "1.2.840.10008.1.2.4.80"


def instance(digest: str = "a", *versions: int, syntax: str = PLAIN) -> Instance:
    receipts = [(version, "ingest") for version in versions or (10,)]
    return Instance("1.2.1", "1.2.2", "1.2.3", digest, syntax, "|p", receipts)


def deletion(version: int, state: str = "deleted", series: str = "", sop: str = "") -> DeletionRow:
    row = DeletionRow("d", "1.2.1", series, sop, version, "", "", 0, "deleted")
    return replace(row, state=state)  # type: ignore[arg-type]  # one of the states


@pytest.mark.parametrize(
    ("versions", "deletions", "is_visible", "first"),
    [
        ((10,), [], True, 10),
        ((10, 20), [], True, 10),
        ((10,), [deletion(15)], False, 10),
        ((10, 20), [deletion(15)], True, 20),
        ((10, 20, 30), [deletion(15)], True, 20),
        ((10,), [deletion(10)], True, 10),
        ((10,), [deletion(15, "undeleted")], True, 10),
        ((10, 20), [deletion(15, "purged")], True, 20),
        ((10,), [deletion(5)], True, 10),
        ((10,), [deletion(15, series="1.2.9")], True, 10),
        ((10,), [deletion(15, series="1.2.2", sop="1.2.9")], True, 10),
        ((10,), [deletion(15, series="1.2.2", sop="1.2.3")], False, 10),
        ((10, 30), [deletion(15), deletion(20, "undeleted")], True, 30),
    ],
)
def test_receipts_and_deletions_say_what_is_visible_and_since_when(
    versions: tuple[int, ...], deletions: list[DeletionRow], is_visible: bool, first: int
) -> None:
    row = instance("a", *versions)
    settle(row, deletions)
    assert (row.is_visible, row.first[0]) == (is_visible, first)


def test_purged_receipts_never_were() -> None:
    row = instance("a", 10)
    settle(row, [deletion(15, "purged")])
    assert row.forgotten
    assert not row.is_visible


@pytest.mark.parametrize(
    ("rows", "shown"),
    [
        ([("a", 10, PLAIN)], "a"),
        ([("a", 10, PLAIN), ("b", 20, PLAIN)], "b"),
        ([("a", 10, PLAIN), ("b", 20, OTHER)], "a"),
        ([("a", 10, PLAIN), ("b", 20, OTHER), ("c", 30, PLAIN)], "c"),
        ([("a", 10, PLAIN), ("b", 20, OTHER), ("c", 30, OTHER)], "a"),
        ([("a", 10, PLAIN), ("b", 10, PLAIN)], "b"),
    ],
)
def test_newest_is_shown_but_another_transfer_syntax_waits(
    rows: list[tuple[str, int, str]], shown: str
) -> None:
    for order in permutations(rows):
        group = [instance(digest, version, syntax=syntax) for digest, version, syntax in order]
        for one in group:
            settle(one, [])
        choose(group)
        assert [one.digest for one in group if one.current] == [shown]


def test_nothing_hidden_is_current() -> None:
    group = [instance("a", 10), instance("b", 20), instance("c", 30)]
    group[1].held = True
    for one in group:
        settle(one, [deletion(25)])
    assert [one.digest for one in choose(group)] == ["c"]
    assert [one.current for one in group] == [False, False, True]


@given(st.permutations(range(1, 8)), st.integers(0, 9))
def test_receipts_learned_in_any_order_are_one_history(order: list[int], deleted: int) -> None:
    row = instance("a", 99)
    row.receipts.clear()
    for version in [*order, *order]:
        row.add((version, "ingest"))
    settle(row, [deletion(deleted)])
    assert [version for version, _ in row.receipts] == sorted(order)
    assert row.deleted == (deleted > 7)


def test_deletion_of_a_series_speaks_of_that_series_only() -> None:
    assert covers(deletion(1, series="1.2.2"), instance())
    assert not covers(deletion(1, series="1.2.20"), instance())
