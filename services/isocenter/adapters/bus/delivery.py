"""One JetStream message as a `ports.bus.Delivery`. Knows the client's message by shape only."""

from typing import Any

from isocenter.errors import InvalidRequest, Unavailable
from isocenter.events.event import Event
from isocenter.events.headers import decode


class NatsDelivery:
    """A message to be ended once; ending it again does nothing."""

    __slots__ = ("_event", "_message", "ended")

    def __init__(self, message: Any) -> None:
        self._message = message
        self._event: Event | None = None
        self.ended = False

    @property
    def event(self) -> Event:
        """What happened; raises InvalidRequest when it cannot be read, or says another thing than its subject."""
        if self._event is None:
            event = decode(self.headers, self.data)
            if event.subject != self.subject:
                raise InvalidRequest("the event is not of its subject")
            self._event = event
        return self._event

    @property
    def subject(self) -> str:
        """Where it was published."""
        return str(self._message.subject)

    @property
    def headers(self) -> dict[str, str]:
        """As published, nothing decoded."""
        return dict(self._message.headers or {})

    @property
    def data(self) -> bytes:
        """As published."""
        return bytes(self._message.data)

    @property
    def deliveries(self) -> int:
        """How often the broker handed it out."""
        return int(self._message.metadata.num_delivered)

    @property
    def sequence(self) -> int:
        """Place in its stream."""
        return int(self._message.metadata.sequence.stream)

    async def ack(self) -> None:
        """Done."""
        await self._end("ack")

    async def nak(self, after_s: float) -> None:
        """Bring it again after that many seconds."""
        await self._end("nak", delay=after_s)

    async def term(self) -> None:
        """Never bring it again."""
        await self._end("term")

    async def in_progress(self) -> None:
        """Start the acknowledgement time anew."""
        if not self.ended:
            await self._tell("in_progress")

    async def _end(self, verb: str, **arguments: float) -> None:
        if self.ended:
            return
        self.ended = True
        await self._tell(verb, **arguments)

    async def _tell(self, verb: str, **arguments: float) -> None:
        try:
            await getattr(self._message, verb)(**arguments)
        except Exception as error:  # the client's own tree has no root that holds all of them
            raise Unavailable("the broker could not be told", verb=verb) from error
