"""The same UID from two scanners at the same moment for two patients: never both visible, the first unharmed."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.evidence import held, until_indexed
from tests.support.platform import Platform
from tests.support.scu import Association, dataset_of

PAIRS = 200  # half of them in each order
SIDE = 16
Seen = dict[str, set[tuple[str, str]]]  # per UID: whose it was seen to be


@dataclass(frozen=True, slots=True)
class Twin:
    """One of the two data sets of a pair."""

    sop: str
    dataset: bytes


Pair = tuple[Twin, Twin]


def same_instance(maker: Maker, number: int) -> Pair:
    """One SOP Instance UID in two studies of two patients."""
    sop, other = maker.sop_uid(2 * number, 0), maker.sop_uid(2 * number + 1, 0)
    second = maker.instance(2 * number + 1, 0).replace(other.encode(), sop.encode())
    return Twin(sop, dataset_of(maker.instance(2 * number, 0))), Twin(sop, dataset_of(second))


def same_study(maker: Maker, number: int) -> Pair:
    """One study UID with two instances of two patients."""
    second = maker.instance(number, 1).replace(b"PATIENT-0", b"PATIENT-9")
    return (
        Twin(maker.sop_uid(number, 0), dataset_of(maker.instance(number, 0))),
        Twin(maker.sop_uid(number, 1), dataset_of(second)),
    )


class Reader:
    """Searches again and again, and remembers who was seen under which UID."""

    def __init__(self, platform: Platform, key: str, uids: list[str]) -> None:
        self.seen: Seen = {uid: set() for uid in uids}
        self.looks = 0
        self.most = 0  # instances under one UID in one answer
        self._key = key
        self._client = httpx.Client(base_url=platform.url, timeout=30)
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._failure: BaseException | None = None

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._client.close()
        if self._failure is not None:
            raise self._failure

    def look(self) -> None:
        """One search for half of the UIDs each; a name in two places would show twice."""
        for start in range(0, len(self.seen), 50):
            uids = list(self.seen)[start : start + 50]
            fields = {self._key: ",".join(uids), "includefield": "00100020", "limit": "1000"}
            answer = self._client.get("/dicom-web/instances", params=fields)
            answer.raise_for_status()
            counts = dict.fromkeys(uids, 0)
            for found in answer.json() if answer.status_code == 200 else []:
                uid = found[self._key]["Value"][0]
                whose = found["00100020"]["Value"][0]
                self.seen[uid].add((whose, found["0020000D"]["Value"][0]))
                counts[uid] += 1
            self.most = max(self.most, *counts.values())
        self.looks += 1

    def _run(self) -> None:
        try:
            while not self._is_over.is_set():
                self.look()
        except BaseException as error:
            self._failure = error


def send_at_once(platform: Platform, pairs: list[Pair]) -> list[int]:
    """Two associations, each with one of every pair, together at every step; which is first changes every time."""
    barrier = threading.Barrier(2, timeout=30)
    statuses: list[int] = []

    def run(side: int) -> None:
        with Association(platform.dicom_port, calling=f"SCANNER{side}") as association:
            for number, pair in enumerate(pairs):
                twin = pair[(side + number) % 2]
                barrier.wait()
                statuses.append(association.store(twin.sop, twin.dataset))

    threads = [threading.Thread(target=run, args=(side,)) for side in (0, 1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return statuses


CASES: list[tuple[str, Callable[[Maker, int], Pair], Callable[[Maker, int], str], int]] = [
    ("00080018", same_instance, lambda maker, number: maker.sop_uid(2 * number, 0), 1),
    ("0020000D", same_study, lambda maker, number: maker.study_uid(number), 2),
]


@pytest.mark.parametrize(("key", "make", "name", "run"), CASES, ids=["instance", "study"])
def test_two_patients_never_show_under_one_uid(
    platform: Platform,
    key: str,
    make: Callable[[Maker, int], Pair],
    name: Callable[[Maker, int], str],
    run: int,
) -> None:
    maker = Maker(run, SIDE, SIDE)
    pairs = [make(maker, number) for number in range(PAIRS)]
    uids = [name(maker, number) for number in range(PAIRS)]
    with Reader(platform, key, uids) as reader:
        assert send_at_once(platform, pairs) == [0] * (2 * PAIRS)
        until_indexed(platform)
        after = reader.looks + 2
        platform.until(lambda: reader.looks >= after, 30)
    assert reader.most == 1
    assert all(len(whose) == 1 for whose in reader.seen.values()), "one was replaced by another"
    with httpx.Client(base_url=platform.url, timeout=30) as client:
        waiting = held(client)
    mine = {twin.sop for pair in pairs for twin in pair}
    assert sum(sop in mine for sop in waiting) == PAIRS
