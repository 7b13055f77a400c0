"""The platform, the broker, the disk and the Prometheus that watches: what faults are brought about in."""

import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.alerting.pods import TOKEN, Pods
from tests.support.alerting.prometheus import Prometheus, running_prometheus
from tests.support.alerting.rules import rendered, scrape, shortened
from tests.support.nats_server import RunningNats, running_nats
from tests.support.poll import poll
from tests.support.small_disk import small_disk

GIB = 1 << 30
ROOM_BYTES = 8 * GIB
SITE = "north"
MARKS = {  # those of the chart
    "ISOCENTER_INGEST_LOW_MARK_BYTES": str(4 * GIB),
    "ISOCENTER_INGEST_HARD_MARK_BYTES": str(2 * GIB),
}
QUIET_WITHIN_S = 120.0
FIRING_WITHIN_S = 120.0
LOOK_S = 0.25


@dataclass(frozen=True, slots=True)
class Watched:
    """All that is there."""

    pods: Pods
    nats: RunningNats
    prometheus: Prometheus

    def leave_room(self, free_bytes: int) -> None:
        """Make the disk so large that this much of it is free."""

        def is_done() -> bool:  # not when something was written in between
            about = os.statvfs(self.pods.data)
            used_bytes = (about.f_blocks - about.f_bfree) * about.f_frsize
            size = f"remount,size={used_bytes + free_bytes}"
            return not subprocess.run(
                ["mount", "-o", size, str(self.pods.data)], check=False, capture_output=True
            ).returncode

        poll(is_done)

    def until_quiet(self) -> None:
        """Wait until no alert is firing, or about to."""
        self._until(lambda: not self.prometheus.alerts("pending", "firing"), QUIET_WITHIN_S)

    def stays_quiet(self, for_s: float) -> None:
        """See that no alert fires meanwhile, by Prometheus' own clock."""
        (began_s,) = self.prometheus.values("vector(time())")

        def is_over() -> bool:
            assert self.prometheus.alerts("firing") == []
            return bool(self.prometheus.values(f"vector(time()) > {began_s + for_s}"))

        self._until(is_over, 2 * for_s)
        assert self.prometheus.errors() == []

    def until_firing(self, labels: dict[str, str], meanwhile: Callable[[], object]) -> None:
        """Wait until an alert with these labels fires, doing something again and again meanwhile."""

        def is_firing() -> bool:
            meanwhile()
            firing = self.prometheus.alerts("firing")
            return any(one["labels"].items() >= labels.items() for one in firing)

        self._until(is_firing, FIRING_WITHIN_S)

    def until_seen(self, query: str) -> None:
        """Wait until a query has an answer."""
        self._until(lambda: bool(self.prometheus.values(query)), 60)

    def _until(self, true: Callable[[], bool], within_s: float) -> None:
        try:
            poll(true, within_s, LOOK_S)
        except TimeoutError as error:
            alerts = self.prometheus.alerts("pending", "firing")
            raise AssertionError(f"{error}; alerts: {alerts}\n{self.pods.logs()}") from error


@contextmanager
def watched(folder: Path) -> Iterator[Watched]:
    """For as long as the block lasts."""
    groups, endpoint = rendered()
    with small_disk(folder / "disk", ROOM_BYTES) as disk, running_nats(folder) as nats:
        told = {"ISOCENTER_BUS_URL": nats.url, "ISOCENTER_BUS_TOKEN": nats.token}
        pods = Pods(disk, {"ISOCENTER_SITE": SITE, **MARKS, **told})
        scraping = scrape(endpoint, TOKEN, pods.targets())
        try:
            for part in ("indexer", "ingest", "web"):
                pods.run(part)
            with running_prometheus(folder / "prometheus", scraping, shortened(groups)) as asked:
                yield Watched(pods, nats, asked)
        except BaseException:
            print(pods.logs())  # noqa: T201
            raise
        finally:
            pods.kill_all()
