"""Ingest as a value: what a process that receives is made of. Used by `main.py` files and by the embedded profile."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from grpc.aio import Server

from isocenter.ingest.acknowledge import Acknowledger
from isocenter.ingest.acknowledged_spool import AcknowledgedSpool
from isocenter.ingest.ae_journal import AeJournal
from isocenter.ingest.ae_list import AE_LIST, AeList
from isocenter.ingest.ae_routes import AeRoutes
from isocenter.ingest.announce import Announcer
from isocenter.ingest.catching_up import CatchingUp
from isocenter.ingest.correction_routes import CorrectionRoutes
from isocenter.ingest.corrections import Corrections
from isocenter.ingest.deletion import Deletions
from isocenter.ingest.deletion_routes import DeletionRoutes
from isocenter.ingest.import_route import ImportRoute
from isocenter.ingest.purge import PurgePorts, Purger, PurgeTimes
from isocenter.ingest.quarantine_decisions import QuarantineDecisions
from isocenter.ingest.quarantine_routes import QuarantineRoutes
from isocenter.ingest.receive import Marks, Receiver
from isocenter.ingest.record import Recorder
from isocenter.ingest.rpc import servicer
from isocenter.ingest.settings import IngestSettings
from isocenter.ingest.stow import Stow
from isocenter.ingest.tidying import Tidier
from isocenter.ingest.workers import Workers
from isocenter.ports.bus import EventBus
from isocenter.ports.index import IndexReader
from isocenter.ports.objects import ObjectStore
from isocenter.runtime.asking import Asking
from isocenter.runtime.nodes import names_in
from isocenter.runtime.recording import Recording
from isocenter.runtime.service import Service
from isocenter.runtime.web import Route


@dataclass(frozen=True, slots=True)
class IngestPorts:
    """What ingest needs."""

    recording: Recording
    objects: ObjectStore
    index: IndexReader
    bus: EventBus
    spool_files: ObjectStore | None = None  # in the spool folder, where it is acknowledged from


class Ingest:
    """The parts of one process; the DICOM listener shares `receiver`, which announces through `announcer`."""

    def __init__(self, ports: IngestPorts, settings: IngestSettings) -> None:
        self._ports = ports
        self._settings = settings
        self.objects = ports.objects
        recording = ports.recording
        self.announcer = Announcer(ports.bus, settings.site)
        files, clock = ports.spool_files, recording.clock
        self._kept = AcknowledgedSpool(files, settings.node, clock) if files is not None else None
        self._acknowledger = Acknowledger(
            ports.objects, recording.writer, clock, self.announcer.announce, self._kept
        )
        marks = Marks(settings.low_mark_bytes, settings.hard_mark_bytes)
        self.receiver = Receiver(ports.objects, self._acknowledger, clock, marks=marks)
        self.recorder = Recorder(recording.writer, recording.clock, self.announcer)
        self.ae_journal = AeJournal(recording.journal, clock, settings.node)
        self._workers = Workers(settings.http_bodies)

    def routes(self) -> list[Route]:
        """All HTTP routes of ingest."""
        ports, settings = self._ports, self._settings
        ask = Asking(ports.index)
        auditor, clock = ports.recording.auditor, ports.recording.clock
        deletions = Deletions(
            ask,
            self.recorder,
            auditor,
            clock,
            node=settings.node,
            grace_ms=settings.deletion_grace_ms,
        )
        decisions = QuarantineDecisions(ask, ports.objects, self.receiver, self.recorder, auditor)
        # a file that is wrong stops the listener, not the routes by which it is looked into
        ae_list = AeList(settings.config_folder / AE_LIST, self.ae_journal, lenient=True)
        corrections = Corrections(ask, self.recorder, auditor, clock, node=settings.node)
        return [
            *AeRoutes(ae_list, self.ae_journal, auditor).routes(),
            *Stow(self.receiver, self._workers, settings.public_url).routes(),
            *ImportRoute(self.receiver, self._workers).routes(),
            *DeletionRoutes(deletions).routes(),
            *QuarantineRoutes(decisions).routes(),
            *CorrectionRoutes(corrections).routes(),
        ]

    def servicer(self) -> Callable[[Server], None]:
        """gRPC of ingest."""
        return servicer(self.receiver, self._workers)

    def tasks(self) -> dict[str, Callable[[], Awaitable[None]]]:
        """What goes on beside receiving."""
        tasks: dict[str, Callable[[], Awaitable[None]]] = {"announce": self.announcer.run}
        if self._kept is not None:
            tasks["catch up"] = CatchingUp(self._kept, self._acknowledger).run
        return tasks

    def purger(self) -> Purger:
        """The purge of this site; one process runs it."""
        ports, settings = self._ports, self._settings
        times = PurgeTimes(
            interval_s=settings.purge_interval_s,
            margin_ms=round(settings.purge_margin_s * 1000),
            settle_s=settings.purge_settle_s,
        )
        journal, clock = ports.recording.journal, ports.recording.clock
        indexers = names_in(settings.indexer_nodes)
        purge_ports = PurgePorts(ports.objects, journal, ports.index, clock, indexers)
        return Purger(purge_ports, self.recorder, times)

    def tidier(self) -> Tidier:
        """What keeps the journal in few pieces; in the process that purges, for both rewrite it."""
        return Tidier(self._ports.recording.journal, self._settings.tidy_interval_s)

    def drain(self, grace_s: float) -> None:
        """Let bodies under way end, then say everything; blocks, at most that long."""
        end_s = time.monotonic() + grace_s
        self._workers.wait_idle(grace_s)
        self.announcer.drain(max(0.0, end_s - time.monotonic()))

    def close(self) -> None:
        """End the threads; nothing is being received any more."""
        self._workers.close()
        self.receiver.close()
        self.ae_journal.close()


def build(ingest: Ingest, *, purges: bool) -> Service:
    """Make the service; `purges` in exactly one process of a site."""
    tasks = ingest.tasks()
    if purges:
        tasks |= {"purge": ingest.purger().run, "tidy": ingest.tidier().run}
    return Service(
        "ingest",
        servicers=(ingest.servicer(),),
        tasks=tasks,
        drains=(ingest.drain,),
        conditions={"LOW_MARK": ingest.receiver.accepting},
        routes=ingest.routes(),
    )
