"""An event: a small immutable fact, with an identity that saying it again does not change."""

from dataclasses import dataclass, field
from uuid import UUID, uuid5

from google.protobuf.message import Message

from isocenter.events.catalog import Fact

NAMESPACE = UUID("6f0f3c0e-6d0b-5a36-9f6b-1f6d2a7c9a10")


@dataclass(frozen=True, slots=True)
class Event:
    """One fact that happened at one site.

    `subject_key` is what makes it this fact and no other (a journal range, or UIDs with a version or revision): the id
    is a function of site, fact and that key, so telling it again tells the same thing.
    """

    fact: Fact
    site: str
    partition: int
    subject_key: str
    message: Message
    time_ms: int = 0
    correlation_id: str = ""
    causation_id: str = ""
    traceparent: str = ""
    extensions: dict[str, str] = field(default_factory=dict)

    @property
    def id(self) -> str:
        """CloudEvents id; also the broker's de-duplication id."""
        return str(uuid5(NAMESPACE, f"{self.site}|{self.fact.name}|{self.subject_key}"))

    @property
    def subject(self) -> str:
        """Where it is published."""
        return self.fact.subject(self.site, self.partition)
