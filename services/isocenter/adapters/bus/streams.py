"""What the broker has to hold, made from the catalogue: a stream per entity, one for dead letters, and consumers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isocenter.errors import InvalidRequest
from isocenter.events.catalog import DAY_S, FACTS, Fact, check_site

DEAD_LETTERS = "dlq"
DEAD_LETTER_KEEP_S = 90 * DAY_S
DEDUPE_WINDOW_S = 600
MAX_STREAM_BYTES = 512 << 20  # about a million events; the oldest go first, and the sweep repairs
ACK_WAIT_S = 15.0
MAX_ACK_PENDING = 2_000


@dataclass(frozen=True, slots=True)
class StreamSpec:
    """One stream of a site."""

    name: str
    subjects: tuple[str, ...]
    keep_s: int


@dataclass(frozen=True, slots=True)
class ConsumerSpec:
    """One durable consumer: a service's position in one stream. Its name is API: lag is watched by it."""

    stream: StreamSpec
    durable: str
    filters: tuple[str, ...]


def entity_of(fact: Fact) -> str:
    """Give the first part of a fact's name."""
    return fact.name.partition(".")[0]


def stream_of(entity: str, site: str) -> StreamSpec:
    """Give the stream of an entity; it keeps everything as long as its most patient fact asks."""
    check_site(site)
    keeps = [fact.keep_s for fact in FACTS if entity_of(fact) == entity]
    keep_s = DEAD_LETTER_KEEP_S if entity == DEAD_LETTERS else max(keeps)
    return StreamSpec(f"isocenter-{site}-{entity}", (f"isocenter.v1.{site}.{entity}.>",), keep_s)


def streams(site: str) -> list[StreamSpec]:
    """Give all streams of a site."""
    entities = sorted({entity_of(fact) for fact in FACTS})
    return [stream_of(entity, site) for entity in (*entities, DEAD_LETTERS)]


def consumers_of(service: str, site: str, facts: Sequence[Fact]) -> list[ConsumerSpec]:
    """Give a service's consumers of these facts, one per stream they lie in."""
    check_service(service)
    if not facts:
        raise InvalidRequest("a consumer listens to at least one fact")
    return [
        ConsumerSpec(stream_of(entity, site), service, tuple(_filters(entity, site, facts)))
        for entity in sorted({entity_of(fact) for fact in facts})
    ]


def _filters(entity: str, site: str, facts: Iterable[Fact]) -> list[str]:
    return sorted({fact.subject(site, "*") for fact in facts if entity_of(fact) == entity})


def dead_letter_subject(service: str, site: str, partition: str) -> str:
    """`isocenter.v1.<site>.dlq.<service>.<p>`."""
    check_service(service)
    check_site(site)
    return f"isocenter.v1.{site}.{DEAD_LETTERS}.{service}.{partition}"


def check_service(service: str) -> None:
    """Raise InvalidRequest for a name that cannot be part of a subject: the broker itself would take a `*`."""
    try:
        check_site(service)
    except InvalidRequest as error:
        raise InvalidRequest("a service's name is 1 to 32 of a-z, 0-9 and -") from error
