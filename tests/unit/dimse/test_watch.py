"""How long a peer may keep us waiting, without any waiting."""

import pytest

from isocenter.dimse.faults import ArtimExpired, PeerIdle, PeerTooSlow
from isocenter.dimse.limits import Patience
from isocenter.dimse.watch import Watch


def test_artim_counts_all_waiting_whatever_comes() -> None:
    watch = Watch(Patience(artim_s=10))
    watch.start_artim()
    for _ in range(9):
        watch.waited(1, 1, between_messages=True)
    with pytest.raises(ArtimExpired):
        watch.waited(1, 1, between_messages=True)


def test_stopped_artim_does_not_expire() -> None:
    watch = Watch(Patience(artim_s=10))
    watch.start_artim()
    watch.stop_artim()
    watch.waited(11, 1, between_messages=True)


def test_silence_is_broken_by_a_byte() -> None:
    watch = Watch(Patience(idle_s=60))
    watch.waited(59, 0, between_messages=True)
    watch.waited(0.5, 1, between_messages=True)
    watch.waited(59, 0, between_messages=True)
    with pytest.raises(PeerIdle):
        watch.waited(1, 0, between_messages=True)


def test_trickle_inside_a_message_is_too_slow_after_one_window() -> None:
    watch = Watch(Patience(window_s=30, min_bytes_per_s=1024))
    with pytest.raises(PeerTooSlow):
        for second in range(31):
            assert second < 30
            watch.waited(1, 1000, between_messages=False)


def test_quick_start_buys_no_slow_end() -> None:
    watch = Watch(Patience(window_s=30, min_bytes_per_s=1024))
    watch.waited(30, 100_000_000, between_messages=False)
    with pytest.raises(PeerTooSlow):
        watch.waited(30, 1000, between_messages=False)


def test_pause_between_messages_is_not_slowness() -> None:
    watch = Watch(Patience(window_s=30, min_bytes_per_s=1024))
    watch.waited(29, 10, between_messages=False)
    watch.waited(20, 1, between_messages=True)
    watch.waited(20, 10, between_messages=False)
