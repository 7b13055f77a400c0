"""Two instances with one UID, given to a platform at the same moment, while a reader looks whose they are."""

import threading
from collections.abc import Callable
from dataclasses import dataclass

import httpx
from tests.perf.scans import Maker
from tests.support.platform import Platform
from tests.support.scu import Association, dataset_of

SOP_INSTANCE_UID, STUDY_INSTANCE_UID = "00080018", "0020000D"
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


def same_patient(maker: Maker, number: int) -> Pair:
    """One instance of one patient twice, with other pixels."""
    sop, first = maker.sop_uid(number, 0), dataset_of(maker.instance(number, 0))
    return Twin(sop, first), Twin(sop, first[:-1] + bytes([first[-1] ^ 1]))


@dataclass(frozen=True, slots=True)
class Case:
    """How pairs of two patients are made, and under which UID one of a pair may be seen."""

    make: Callable[[Maker, int], Pair]
    key: str
    uid: Callable[[Maker, int], str]


CASES = {
    "instance": Case(
        same_instance, SOP_INSTANCE_UID, lambda maker, number: maker.sop_uid(2 * number, 0)
    ),
    "study": Case(same_study, STUDY_INSTANCE_UID, lambda maker, number: maker.study_uid(number)),
}


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
                self.seen[uid].add((whose, found[STUDY_INSTANCE_UID]["Value"][0]))
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
