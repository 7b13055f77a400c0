"""What the ways in (DIMSE, STOW, import) need of the receive core: a place for a data set, and what became of it."""

from typing import ClassVar, Protocol

from isocenter.api.journal.v1 import entries_pb2 as pb
from isocenter.errors import InvalidInstance
from isocenter.ingest.outcome import Outcome


class SopMismatch(InvalidInstance):
    """The data set is not of the SOP class, or not the SOP instance, that the command named (PS3.4 B.2.3)."""

    reason: ClassVar[str] = "SOP_MISMATCH"


class Incoming(Protocol):
    """One data set on its way in; used by one thread at a time."""

    def write(self, data: memoryview) -> None:
        """Take the next bytes of the data set; the memory is used again after return.

        After an error only `discard` is called.

        Raises:
            LimitExceeded: the data set is too large.
            OutOfSpace, StorageFailed, Unavailable, Busy: it cannot be kept now.
        """
        ...

    def finish(self) -> Outcome:
        """Block until the data set is durable, or quarantined. Nothing else is called afterwards.

        Raises:
            OutOfSpace, StorageFailed, Unavailable, Busy: it is not kept; nothing was acknowledged.
        """
        ...

    def discard(self) -> None:
        """Forget what was written: the rest will not come. Not called after `finish`."""
        ...


class Receiver(Protocol):
    """Where data sets go; safe to use from many threads."""

    def begin(
        self,
        sender: pb.Sender,
        transfer_syntax_uid: str,
        sop_class_uid: str,
        sop_instance_uid: str,
    ) -> Incoming:
        """Open a place for one data set (without preamble and File Meta).

        `transfer_syntax_uid` is a valid UID. `sop_class_uid` and `sop_instance_uid` are what the command says, at most
        65 characters and otherwise **unchecked**: only to be compared with those in the data set, never to become part
        of a name. `sender` is shared by all instances of an association and must not be changed.

        Raises:
            Busy, OutOfSpace, StorageFailed: at once, before the data set is read.
        """
        ...
