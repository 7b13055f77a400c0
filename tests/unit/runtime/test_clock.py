import itertools
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isocenter.errors import InvalidRequest
from isocenter.events.versions import version_ms
from isocenter.runtime.clock import MAX_VERSION, HybridClock, wall_ms


@given(st.lists(st.integers(0, 1 << 42), min_size=2, max_size=50))
def test_versions_rise_whatever_the_wall_clock_does(walls: list[int]) -> None:
    wall = itertools.cycle(walls)
    clock = HybridClock(lambda: next(wall))
    versions = [clock.version() for _ in range(len(walls) * 2)]
    assert all(earlier < later for earlier, later in itertools.pairwise(versions))


def test_a_version_carries_the_wall_time() -> None:
    assert version_ms(HybridClock(lambda: 1_767_225_600_123).version()) == 1_767_225_600_123


def test_versions_are_greater_than_any_observed() -> None:
    clock = HybridClock(lambda: 1_000)
    ahead = (5_000 << 16) + 7
    clock.observe(ahead)
    assert clock.version() == ahead + 1
    clock.observe(3)
    assert clock.version() == ahead + 2


def test_a_clock_that_stands_still_gives_unique_versions_to_many_threads() -> None:
    clock = HybridClock(lambda: 1_000)
    taken: list[list[int]] = [[] for _ in range(8)]

    def take(into: list[int]) -> None:
        into.extend(clock.version() for _ in range(500))

    threads = [threading.Thread(target=take, args=(into,)) for into in taken]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(itertools.chain(*taken))) == 8 * 500
    assert all(into == sorted(into) for into in taken)


@pytest.mark.parametrize("version", [-1, MAX_VERSION + 1])
def test_what_is_no_version_is_refused(version: int) -> None:
    with pytest.raises(InvalidRequest):
        HybridClock().observe(version)


def test_now_is_the_wall_time() -> None:
    assert abs(HybridClock().now_ms() - wall_ms()) < 1_000
