"""The cluster profile on one machine, each figure beside what its back-end does bare in the same run.

Everything shares the machine: MinIO, OpenSearch, three NATS servers, the services and who measures.
"""

import io
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from urllib.parse import urlsplit

import urllib3
from minio import Minio
from tests.perf import load
from tests.perf.load import Load
from tests.perf.peers import Peer, until
from tests.perf.questions import FRAMES, JSON, fill, questions
from tests.perf.report import Report, middle, spread
from tests.perf.scans import Maker
from tests.perf.store import send, storescu
from tests.support.cluster_platform import ClusterPlatform

from isocenter.transcoder.settings import TranscoderSettings

CLIENTS = 8
SEGMENT_BYTES = 2_048  # of journal, one instance
FOUND_SAMPLES = 200
HOT_FRAMES = 16
KEPT_BYTES = 64 << 20  # by a reading process: less than all frames, more than the hot ones
WITHIN_S = 300.0
BUCKET_REGION = "us-east-1"


class ClusterBench:
    """A platform and the stores under it."""

    def __init__(self, platform: ClusterPlatform) -> None:
        process = platform._supervisor
        assert process is not None
        url = platform.url
        self.peer = Peer(
            "isocenter", process, platform.dicom_port, "ISOCENTER", f"{url}/dicom-web", url
        )
        told = platform.told()
        store, index = (urlsplit(told[f"ISOCENTER_{name}_URL"]) for name in ("OBJECTS", "INDEX"))
        self.bucket = store.path.strip("/")
        self.store = Peer("minio", process, 0, "", "", f"http://{store.netloc}")
        self.index = Peer("opensearch", process, 0, "", "", f"http://{index.netloc}")
        self.client = Minio(
            store.netloc,
            access_key=told["ISOCENTER_OBJECTS_ACCESS_KEY"],
            secret_key=told["ISOCENTER_OBJECTS_SECRET_KEY"],
            secure=False,
            region=BUCKET_REGION,
            http_client=urllib3.PoolManager(maxsize=CLIENTS),
        )
        self._numbers = count()

    def bare(self, content: bytes, total: int, *, segments: bool) -> float:
        """Objects a second of bare client threads; with `segments` each waits for a second small write too."""

        def put(_: int) -> None:
            number = next(self._numbers)
            self._put(f"bench/{number}.dcm", content)
            if segments:
                self._put(f"bench/{number}.seg", content[:SEGMENT_BYTES])

        started = time.monotonic()
        with ThreadPoolExecutor(CLIENTS) as pool:
            list(pool.map(put, range(total)))
        return total / (time.monotonic() - started)

    def _put(self, key: str, content: bytes) -> None:
        self.client.put_object(self.bucket, key, io.BytesIO(content), len(content))

    def bare_paths(self, total: int) -> list[str]:
        """Signed addresses of objects that `bare` wrote."""
        signed = [
            self.client.presigned_get_object(
                self.bucket, f"bench/{number}.dcm", expires=timedelta(hours=1)
            )
            for number in range(total)
        ]
        return [one.removeprefix(self.store.url) for one in signed]


@contextmanager
def running(folder: Path) -> Iterator[ClusterBench]:
    """The platform, for as long as the block lasts."""
    told = {
        "ISOCENTER_STREAMING_OBJECT_CACHE_BYTES": str(KEPT_BYTES),
        "ISOCENTER_TRANSCODER_PATIENCE_S": str(TranscoderSettings().patience_s),
    }
    platform = ClusterPlatform(folder / "data", settings=told)
    try:
        platform.start()
        yield ClusterBench(platform)
    finally:
        platform.stop()


def run(report: Report, scratch: Path, rounds: int, studies: int, seconds: int) -> None:
    """All of it on one platform."""
    with running(scratch / "cluster") as bench:
        receiving(report, bench, scratch, rounds)
        finding(report, bench, scratch)
        searching(report, bench, scratch, studies, seconds)
        frames(report, bench, scratch, seconds)


def receiving(report: Report, bench: ClusterBench, scratch: Path, rounds: int) -> None:
    """C-STORE on 8 associations beside 8 threads that put the same bytes into the same store, taking turns."""
    total = CLIENTS * 40
    report.title(f"Cluster: C-STORE of 525 KB on {CLIENTS} associations, {total} a round")
    maker = Maker(run=11)
    content = maker.instance(0, 0)
    ours: list[float] = []
    one_write: list[float] = []
    two_writes: list[float] = []
    for number in range(rounds):
        one_write.append(bench.bare(content, total, segments=False))
        sent = send(bench.peer, scratch / "received", maker, number, total, CLIENTS, nagle=False)
        ours.append(sent.rate)
        two_writes.append(bench.bare(content, total, segments=True))
    report.line(f"isocenter: {spread(ours)} /s")
    report.line(f"{CLIENTS} bare threads, object only: {spread(one_write)} /s")
    report.line(f"{CLIENTS} bare threads, object and segment: {spread(two_writes)} /s")
    report.line(f"to bare object and segment: {middle(ours) / middle(two_writes):.2f} x")
    report.bar("C-STORE to bare objects", middle(ours) / middle(one_write), 0.6, unit="x")


def finding(report: Report, bench: ClusterBench, scratch: Path) -> None:
    """From the answer to C-STORE until a search tells the study, one study after the other."""
    report.title(f"Cluster: acknowledged -> searchable, {FOUND_SAMPLES} studies of one instance")
    maker = Maker(run=12, rows=64, columns=64)
    took: list[float] = []
    for study in range(FOUND_SAMPLES):
        folder = scratch / "found" / str(study)
        maker.write(folder, study, 1)
        storescu(bench.peer, folder, nagle=False)
        started = time.monotonic()
        until(_is_found(bench.peer, maker.study_uid(study)), WITHIN_S, 0.005)
        took.append(time.monotonic() - started)
    took.sort()
    report.line(f"p50 {took[len(took) // 2]:.2f} s, greatest {took[-1]:.2f} s")
    report.bar("p99", took[int(len(took) * 0.99) - 1], 2.5, unit="s", at_most=True)


def _is_found(peer: Peer, study: str) -> Callable[[], bool]:
    return lambda: peer.instances_of(study) == 1


def searching(
    report: Report, bench: ClusterBench, scratch: Path, studies: int, seconds: int
) -> None:
    """QIDO-RS, beside the cheapest question that OpenSearch can be asked."""
    report.title(f"Cluster: QIDO-RS over {studies} studies, {CLIENTS} clients")
    fill(bench.peer, scratch, studies, within_s=WITHIN_S)
    bare = load.run(bench.index, ["/_search?size=25"], JSON, clients=CLIENTS, seconds=seconds)
    report.line(f"OpenSearch, any 25 documents: {told(bare)}")
    for what, paths in questions(studies).items():
        ours = load.run(bench.peer, paths, JSON, clients=CLIENTS, seconds=seconds)
        report.line(f"{what}: {told(ours)}")


def frames(report: Report, bench: ClusterBench, scratch: Path, seconds: int) -> None:
    """Frames of a few instances again and again, and of more than any cache holds; beside bare reads of objects."""
    report.title(f"Cluster: frames of 525 KB, {CLIENTS} clients")
    total = CLIENTS * 40
    maker, study = Maker(run=13), 0
    send(bench.peer, scratch / "frames", maker, study, total, CLIENTS, nagle=False)
    series = f"/dicom-web/studies/{maker.study_uid(study)}/series/{maker.series_uid(study)}"
    paths = [f"{series}/instances/{maker.sop_uid(study, n)}/frames/1" for n in range(total)]
    asked = {
        "MinIO bare, whole objects": (bench.store, bench.bare_paths(total)),
        f"{total} different frames": (bench.peer, paths),
        f"{HOT_FRAMES} frames again and again": (bench.peer, paths[:HOT_FRAMES]),
    }
    for what, (peer, wanted) in asked.items():
        measured = load.run(peer, wanted, FRAMES, clients=CLIENTS, seconds=seconds)
        report.line(f"{what}: {told(measured)}, {measured.mb_per_s:.0f} MB/s")


def told(measured: Load) -> str:
    """Rate and latency."""
    failed = f", {measured.failures} FAILED" if measured.failures else ""
    return f"{measured.rate:.0f}/s p50 {measured.p50_ms:.1f} p95 {measured.p95_ms:.1f} ms{failed}"
