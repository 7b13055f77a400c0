"""CloudEvents 1.0 in binary mode: attributes as message headers, data as protobuf. Used by the bus adapters.

The names are those of the CloudEvents NATS binding (`ce-` and the attribute). `traceparent` is W3C Trace Context's own
header. Values are percent-encoded as the CloudEvents HTTP binding says (3.1.3.2): what is not printable ASCII, space,
double quote and percent.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, unquote

from google.protobuf.message import DecodeError

from isocenter.errors import InvalidRequest
from isocenter.events.catalog import BY_NAME, Fact, check_site
from isocenter.events.event import Event

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/protobuf"
TYPE_PREFIX = "isocenter.v1."
MAX_HEADERS = 64
MAX_VALUE = 2_048  # characters
MAX_DATA_BYTES = 1 << 20
PARTITIONS = 64
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
_KNOWN = frozenset({
    "ce-specversion", "ce-id", "ce-source", "ce-type", "ce-subject", "ce-time", "ce-dataschema", "ce-partitionkey",
    "ce-correlationid", "ce-causationid",
})  # fmt: skip


def encode(event: Event) -> tuple[dict[str, str], bytes]:
    """Give the headers and the data of an event."""
    fact = event.fact
    headers = {
        "ce-specversion": SPEC_VERSION,
        "ce-id": event.id,
        "ce-source": source_of(fact, event.site),
        "ce-type": TYPE_PREFIX + fact.name,
        "ce-subject": event.subject_key,
        "ce-time": _time_text(event.time_ms),
        "ce-dataschema": schema_of(fact),
        "ce-partitionkey": f"{event.partition:02d}",
        "content-type": CONTENT_TYPE,
    }
    optional = {
        "ce-correlationid": event.correlation_id,
        "ce-causationid": event.causation_id,
        "traceparent": event.traceparent,
    }
    headers |= {name: value for name, value in optional.items() if value}
    headers |= {f"ce-{name}": value for name, value in event.extensions.items()}
    encoded = {name: quote(value, safe=_PLAIN) for name, value in headers.items()}
    return encoded, event.message.SerializeToString(deterministic=True)


def decode(headers: Mapping[str, str], data: bytes) -> Event:
    """Read an event back; unknown extensions are kept, unknown fields of a newer message too.

    Raises InvalidRequest for anything that is not one of our events, or whose id is not the function of site, fact
    and subject that it has to be.
    """
    _check_bounds(headers, data)
    given = {name.lower(): unquote(value) for name, value in headers.items()}
    if given.get("ce-specversion") != SPEC_VERSION or given.get("content-type") != CONTENT_TYPE:
        raise InvalidRequest("not an event in CloudEvents 1.0 binary mode with protobuf data")
    fact = _fact_of(given)
    message = fact.message()
    try:
        message.ParseFromString(data)
    except DecodeError as error:
        raise InvalidRequest("the data is not the fact's message") from error
    event = Event(
        fact=fact,
        site=_site_of(given, fact),
        partition=_partition_of(given),
        subject_key=given.get("ce-subject", ""),
        message=message,
        time_ms=_time_ms(given.get("ce-time", "")),
        correlation_id=given.get("ce-correlationid", ""),
        causation_id=given.get("ce-causationid", ""),
        traceparent=given.get("traceparent", ""),
        extensions={
            name[3:]: value
            for name, value in given.items()
            if name.startswith("ce-") and name not in _KNOWN
        },
    )
    if event.id != given.get("ce-id"):
        raise InvalidRequest("the event's id is not that of its site, fact and subject")
    return event


def source_of(fact: Fact, site: str) -> str:
    """CloudEvents source: `/isocenter/<site>/<producer>`."""
    return f"/isocenter/{site}/{fact.producer}"


def schema_of(fact: Fact) -> str:
    """CloudEvents dataschema: the versioned name of the protobuf message, as a URI."""
    return f"proto:{fact.message.DESCRIPTOR.full_name}"


def _check_bounds(headers: Mapping[str, str], data: bytes) -> None:
    too_long = any(len(value) > MAX_VALUE for value in headers.values())
    if len(headers) > MAX_HEADERS or too_long or len(data) > MAX_DATA_BYTES:
        raise InvalidRequest("the event is larger than any of ours")


def _fact_of(given: Mapping[str, str]) -> Fact:
    fact = BY_NAME.get(given.get("ce-type", "").removeprefix(TYPE_PREFIX))
    if fact is None or given.get("ce-dataschema") != schema_of(fact):
        raise InvalidRequest("no fact of this type and schema is in the catalogue")
    return fact


def _site_of(given: Mapping[str, str], fact: Fact) -> str:
    parts = given.get("ce-source", "").split("/")
    if len(parts) != 4 or parts[:2] != ["", "isocenter"] or parts[3] != fact.producer:
        raise InvalidRequest("the source does not say this fact")
    return check_site(parts[2])


def _partition_of(given: Mapping[str, str]) -> int:
    text = given.get("ce-partitionkey", "")
    if len(text) != 2 or not (text.isascii() and text.isdigit()) or int(text) >= PARTITIONS:
        raise InvalidRequest("a partition is 00 to 63")
    return int(text)


def _time_text(time_ms: int) -> str:
    """RFC 3339 with milliseconds (UTC)."""
    moment = datetime.fromtimestamp(time_ms // 1000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{time_ms % 1000:03d}Z"


def _time_ms(text: str) -> int:
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise InvalidRequest("the time has no zone")
        return round(moment.timestamp() * 1000)
    except (ValueError, OverflowError) as error:
        raise InvalidRequest("the time is not as in RFC 3339") from error
