"""What can be made again is taken away in the middle of a send: the broker's store, the index. Nothing else changes."""

import shutil
from collections.abc import Callable

import pytest
from tests.perf.scans import Maker
from tests.support.checker.check import check
from tests.support.checker.evidence import collect, until_indexed, until_told
from tests.support.platform import Platform
from tests.support.sending import Item, Sending, acknowledged

INSTANCES, STUDIES, SIDE = 2_000, 10, 100


def wipe_broker(platform: Platform) -> None:
    with platform.held_still():
        platform.kill("nats")
        shutil.rmtree(platform.data / "bus")
        (platform.data / "bus").mkdir()


def delete_index(platform: Platform) -> None:
    for path in (platform.data / "index").iterdir():
        path.unlink()


def delete_index_and_kill(platform: Platform) -> None:
    with platform.held_still():
        platform.kill("indexer")
        delete_index(platform)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("number", "harm"), list(enumerate([delete_index, delete_index_and_kill, wipe_broker], 1))
)
def test_send_goes_on_and_all_is_found_once(
    platform: Platform, number: int, harm: Callable[[Platform], None]
) -> None:
    log = platform.data / "acknowledged.log"
    items = [Item(n % STUDIES, n // STUDIES) for n in range(INSTANCES)]
    sending = Sending(platform, Maker(number, SIDE, SIDE), items, log)
    sending.start()
    try:
        platform.until(lambda: sending.acknowledged > INSTANCES // 2, 60)
        harm(platform)
    finally:
        sending.finish(90)
    assert {attempt.outcome for attempt in sending.attempts} == {"acknowledged"}
    until_indexed(platform)
    is_wiped = harm is wipe_broker
    if not is_wiped:
        until_told(platform)
    wrong = check(collect(platform, acknowledged(log), is_wiped=is_wiped))
    assert not wrong, f"{len(wrong)} faults, the first: {wrong[:5]}"
    assert len(set(acknowledged(log))) == number * INSTANCES
