"""What the acceptor asks of the service above it; all of it is called in the association's own thread."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from isocenter.dimse.associate import AssociateAccept, AssociateRequest, Rejection
from isocenter.dimse.commands import CommandSet


@dataclass(frozen=True, slots=True)
class Context:
    """An accepted presentation context."""

    context_id: int
    abstract_syntax: str
    transfer_syntax: str


@dataclass(frozen=True, slots=True)
class Response:
    """One response message; its command set says whether a data set follows.

    `is_followed`: the next one is ready, so that this one may wait and go with it.
    """

    command: CommandSet
    data_set: bytes | None = None
    is_followed: bool = False


@dataclass(frozen=True, slots=True)
class Suboperation:
    """A request of ours while one of the peer's is served (C-GET); its answer goes to `Operation.answered`.

    What `data_set` raises aborts the association: half a message cannot be taken back.
    """

    context_id: int
    command: CommandSet
    data_set: Iterable[bytes | memoryview]


class Operation(Protocol):
    """One request being served. After `complete` or `discard` it is not called again.

    Failures are answered as responses. Whatever is raised aborts the association.
    """

    def write(self, data: memoryview) -> None:
        """Take the next piece of the data set; the memory is used again after return."""
        ...

    def complete(self) -> Iterable[Response | Suboperation]:
        """The request is there as a whole: serve it, and answer; the answers are sent as they are given.

        A generator is closed when nobody is there any more to hear the rest.
        """
        ...

    def cancel(self) -> None:
        """The peer does not want the rest; called between two pending answers. The last answer is still owed."""
        ...

    def answered(self, command: CommandSet) -> None:
        """The peer's response to the suboperation that was given last."""
        ...

    def discard(self) -> None:
        """The rest will never come."""
        ...


class AssociationUser(Protocol):
    """The service-user of one association (PS3.8 7)."""

    def decide(self, request: AssociateRequest) -> AssociateAccept | Rejection:
        """Answer an association request."""
        ...

    def begin(self, context: Context, command: CommandSet) -> Operation:
        """Start to serve a request; called before its data set is read."""
        ...
