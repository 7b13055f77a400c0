"""What commands do on the data folder itself, with the platform running or stopped."""

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress

from isocenter.adapters.open import (
    open_index_generations,
    open_index_reader,
    open_journal,
    open_objects,
)
from isocenter.api.index.v1 import index_service_pb2 as pb
from isocenter.api.index.v1.index_service_pb2_grpc import IndexServiceStub
from isocenter.embedded import doctor
from isocenter.embedded.layout import Layout
from isocenter.embedded.supervisor import only_one
from isocenter.errors import Conflict, IsocenterError, NotFound
from isocenter.indexer.indexing import Indexer, Ports
from isocenter.indexer.settings import IndexerSettings
from isocenter.ingest.settings import IngestSettings
from isocenter.ports.index import IndexReader
from isocenter.ports.journal import Journal
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.clock import HybridClock, wall_ms
from isocenter.runtime.rpc_channels import blocking_channel
from isocenter.runtime.rpc_errors import translated

REBUILD_TIMEOUT_S = 24 * 3600.0


@contextmanager
def archive(layout: Layout) -> Iterator[tuple[Journal, ObjectStore]]:
    """Open journal and objects; raises NotFound when there is no archive."""
    if not layout.archive.is_dir():
        raise NotFound(f"there is no archive in {layout.data}")
    url = f"file://{layout.archive}"
    yield open_journal(url, HybridClock()), open_objects(url)


def rebuild(layout: Layout) -> Iterator[tuple[int, int]]:
    """Rebuild the index, through the running platform or here; yields entries applied and known.

    Raises Unavailable when a platform runs but its indexer does not answer.
    """
    if not layout.archive.is_dir():
        raise NotFound(f"there is no archive in {layout.data}")
    with ExitStack() as stack:
        try:
            stack.enter_context(only_one(layout))
        except Conflict:
            yield from _rebuild_running(layout)
        else:
            yield from _rebuild_here(layout)


def _rebuild_here(layout: Layout) -> Iterator[tuple[int, int]]:
    settings = IndexerSettings(data_folder=layout.data, node="indexer")
    shutil.rmtree(layout.index, ignore_errors=True)
    layout.make()
    with archive(layout) as (journal, _):
        ports = Ports(open_index_generations(settings.index_url), journal, HybridClock())
        indexer = Indexer(ports, settings)
        applied = sum(indexer.applied().values())
        indexer.close()
    yield applied, applied


def _rebuild_running(layout: Layout) -> Iterator[tuple[int, int]]:
    with blocking_channel(layout.run, "indexer", layout.secret("rpc")) as channel, translated():
        request = pb.RebuildRequest(caller="local")
        for progress in IndexServiceStub(channel).Rebuild(request, timeout=REBUILD_TIMEOUT_S):
            yield progress.applied_entries, progress.total_entries


def examine(layout: Layout, newest: int | None) -> Iterator[doctor.Check]:
    """All of the doctor's checks; `newest` bounds how many objects are re-read."""
    marks = IngestSettings(data_folder=layout.data)
    with archive(layout) as (journal, objects), ExitStack() as stack:
        index: IndexReader | None = None
        with suppress(IsocenterError):
            index = open_index_reader(f"sqlite://{layout.index}")
            stack.callback(index.close)
        patient = doctor.Patient(
            layout, journal, objects, index, wall_ms(), marks.low_mark_bytes, marks.hard_mark_bytes
        )
        yield from doctor.examine(patient, newest)
