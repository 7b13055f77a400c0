"""The same UID from two scanners at the same moment for two patients: never both visible, the first unharmed."""

import httpx
import pytest
from tests.perf.scans import Maker
from tests.support.checker.evidence import held, until_indexed
from tests.support.platform import Platform
from tests.support.twins import CASES, Reader, send_at_once

PAIRS = 200  # half of them in each order
SIDE = 16


@pytest.mark.parametrize("name", CASES)
def test_two_patients_never_show_under_one_uid(platform: Platform, name: str) -> None:
    case, maker = CASES[name], Maker(1 + list(CASES).index(name), SIDE, SIDE)
    pairs = [case.make(maker, number) for number in range(PAIRS)]
    uids = [case.uid(maker, number) for number in range(PAIRS)]
    with Reader(platform, case.key, uids) as reader:
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
