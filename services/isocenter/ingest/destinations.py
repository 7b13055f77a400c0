"""A C-MOVE's way: associations of ours to another system, as many as its kinds of objects need.

Several at once where the destination's entry says so. The first is there before another is tried; a destination that
wants no second one gets all on the first.
"""

import queue
import threading
from collections import deque
from collections.abc import Iterator
from itertools import chain

from isocenter.api.stream.v1 import stream_service_pb2 as pb
from isocenter.dimse.commands import CommandSet
from isocenter.dimse.limits import MAX_PRESENTATION_CONTEXTS, Patience
from isocenter.ingest.destination import Destination
from isocenter.ingest.lane import Kind, Lane, proposed
from isocenter.ingest.retrieving import Step
from isocenter.ingest.suboperations import Sending
from isocenter.runtime.log import logger

GROUP = 500
WORTH_A_LANE = 4  # instances
GIVE_UP_AFTER = 3  # instances in a row that never reached the other side

Sent = tuple[pb.PlannedInstance, int | None]

log = logger(__name__)


class ToDestination:
    """Sends to one destination; `originator` is who asked, and the Message ID of its request."""

    def __init__(
        self,
        sending: Sending,
        destination: Destination,
        ae_title: str,
        originator: tuple[str, int],
        patience: Patience = Patience(),  # noqa: B008  (immutable)
    ) -> None:
        receiver = destination.receiver
        self.taking = receiver.taking
        self._is_lossy = bool(receiver.lossy_quality)
        self._lanes = [
            Lane(sending, destination, ae_title, originator, patience)
            for _ in range(receiver.associations)
        ]
        self._unreachable = 0
        self._stop = threading.Event()
        self._at_work: dict[Lane, threading.Thread] = {}

    def carry(self, instances: Iterator[pb.PlannedInstance]) -> Iterator[Step]:
        """Group by group, as many kinds at once as an association can propose."""
        for group, kinds in _groups(instances, lossy=self._is_lossy):
            for lane in self._free():
                lane.for_kinds(kinds)
            lanes = self._free()[: len(group) // WORTH_A_LANE]
            if len(lanes) > 1 and self._lanes[0].open():
                yield from self._side_by_side(group, lanes)
            else:
                yield from ((one, self._send(self._lanes[0], one)) for one in group)

    def answered(self, command: CommandSet) -> None:
        """Nothing is asked of the peer that asked for this."""

    def close(self) -> None:
        """Release what is open, once what is being sent has been. Who is still being connected to is not waited for."""
        self._stop.set()
        for lane, thread in self._at_work.items():
            if lane is self._lanes[0] or lane.is_open:
                thread.join()
        for lane in self._free():
            lane.end()

    def _free(self) -> list[Lane]:
        """All but those that still wait for a destination that has others to serve."""
        return [
            lane
            for lane in self._lanes
            if lane not in self._at_work or not self._at_work[lane].is_alive()
        ]

    def _send(self, lane: Lane, instance: pb.PlannedInstance) -> int | None:
        if self._unreachable >= GIVE_UP_AFTER:
            return None
        status = lane.send(instance)
        if status is not None:
            self._unreachable = 0
        elif not lane.is_open:
            self._unreachable += 1
        return status

    def _side_by_side(self, group: list[pb.PlannedInstance], lanes: list[Lane]) -> Iterator[Sent]:
        waiting = deque(group)
        sent: queue.SimpleQueue[Sent] = queue.SimpleQueue()
        for lane in lanes:
            thread = threading.Thread(
                target=self._work, args=(lane, waiting, sent), name="to-destination", daemon=True
            )
            self._at_work[lane] = thread
            thread.start()
        for _ in group:
            yield sent.get()
        for lane in lanes:
            if lane is self._lanes[0] or lane.is_open:
                self._at_work[lane].join()

    def _work(
        self, lane: Lane, waiting: deque[pb.PlannedInstance], sent: queue.SimpleQueue[Sent]
    ) -> None:
        """Take and send until there is no more. Only the first goes on without an association of its own."""
        is_there = lane is self._lanes[0] or lane.open(tries=1)
        while is_there and waiting and not self._stop.is_set():
            try:
                instance = waiting.popleft()
            except IndexError:  # another was sooner
                break
            status = None
            try:
                status = self._send(lane, instance)
            except Exception as error:  # whoever waits has to hear of each
                log.error("sending_failed", exc_info=error)
            sent.put((instance, status))
        if self._stop.is_set():
            lane.end()


def _groups(
    instances: Iterator[pb.PlannedInstance], *, lossy: bool
) -> Iterator[tuple[list[pb.PlannedInstance], frozenset[Kind]]]:
    """Up to GROUP instances that need no more contexts than an association has."""
    for first in instances:
        group, kinds = list[pb.PlannedInstance](), frozenset[Kind]()
        for instance in chain((first,), instances):
            more = kinds | {(instance.sop_class_uid, instance.transfer_syntax_uid)}
            if len(proposed(more, lossy=lossy)) > MAX_PRESENTATION_CONTEXTS:
                yield group, kinds
                group, more = (
                    [],
                    frozenset({(instance.sop_class_uid, instance.transfer_syntax_uid)}),
                )
            group.append(instance)
            kinds = more
            if len(group) >= GROUP:
                break
        yield group, kinds
