"""Every metric: name with its unit, meaning, and labels. A name or label that is not here does not pass the checks.

Labels hold words of ours or of the standard, never a UID, a name or an address; the `node` label is added when shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Counter = Literal[
    "isocenter_audit_entries_total",
    "isocenter_broker_failures_total",
    "isocenter_cache_reads_total",
    "isocenter_events_handled_total",
    "isocenter_events_published_total",
    "isocenter_events_unsaid_total",
    "isocenter_finds_total",
    "isocenter_http_requests_total",
    "isocenter_received_bytes_total",
    "isocenter_retrievals_total",
    "isocenter_rpc_calls_total",
    "isocenter_sign_in_failures_total",
    "isocenter_transcoded_instances_total",
]
Gauge = Literal[
    "isocenter_associations",
    "isocenter_consumer_lag_events",
    "isocenter_indexing",
    "isocenter_journal_lag_commits",
    "isocenter_serving",
    "isocenter_spool_acknowledged_instances",
    "isocenter_transcoding_studies",
]
Histogram = Literal[
    "isocenter_codec_seconds",
    "isocenter_handle_seconds",
    "isocenter_http_request_seconds",
    "isocenter_publish_seconds",
    "isocenter_searchable_seconds",
]
Name = Counter | Gauge | Histogram
Kind = Literal["counter", "gauge", "histogram"]


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a metric says, and by what it is told apart."""

    kind: Kind
    text: str
    labels: tuple[str, ...] = ()


MEANINGS: Mapping[Name, Meaning] = {
    "isocenter_audit_entries_total": Meaning(
        "counter", "Audit entries by outcome: written, lost.", ("outcome",)
    ),
    "isocenter_broker_failures_total": Meaning(
        "counter", "Times the broker did not take or give events."
    ),
    "isocenter_cache_reads_total": Meaning(
        "counter", "Reads of a cache by outcome: hit, miss.", ("cache", "outcome")
    ),
    "isocenter_events_handled_total": Meaning(
        "counter",
        "Events a service was handed, by outcome: done, later, dead_letter.",
        ("service", "outcome"),
    ),
    "isocenter_events_published_total": Meaning(
        "counter", "Events the broker took, by fact.", ("fact",)
    ),
    "isocenter_events_unsaid_total": Meaning(
        "counter", "Events left to the sweep over the journal, by fact.", ("fact",)
    ),
    "isocenter_finds_total": Meaning("counter", "C-FINDs by their last status.", ("status",)),
    "isocenter_http_requests_total": Meaning(
        "counter", "HTTP requests by action and status.", ("action", "status")
    ),
    "isocenter_received_bytes_total": Meaning("counter", "Bytes received, by way.", ("source",)),
    "isocenter_retrievals_total": Meaning(
        "counter", "C-GETs and C-MOVEs by their last status.", ("status",)
    ),
    "isocenter_rpc_calls_total": Meaning("counter", "gRPC calls answered, by code.", ("code",)),
    "isocenter_sign_in_failures_total": Meaning("counter", "Sign-ins with a wrong proof."),
    "isocenter_transcoded_instances_total": Meaning(
        "counter", "Instances brought into packs by outcome: proven, as_stored.", ("outcome",)
    ),
    "isocenter_associations": Meaning("gauge", "DICOM associations open now."),
    "isocenter_consumer_lag_events": Meaning(
        "gauge", "Events not yet delivered or not yet acknowledged.", ("service",)
    ),
    "isocenter_indexing": Meaning("gauge", "1 while this indexer has the index to write, else 0."),
    "isocenter_journal_lag_commits": Meaning("gauge", "Journal commits not yet in the index."),
    "isocenter_serving": Meaning("gauge", "1 while the process is ready, else 0."),
    "isocenter_spool_acknowledged_instances": Meaning(
        "gauge", "Instances acknowledged from the spool that the object store does not have yet."
    ),
    "isocenter_transcoding_studies": Meaning("gauge", "Studies that wait for their packs."),
    "isocenter_codec_seconds": Meaning(
        "histogram", "Time a codec process took, waiting for one included, by kind.", ("kind",)
    ),
    "isocenter_handle_seconds": Meaning("histogram", "Time a batch of events took.", ("service",)),
    "isocenter_http_request_seconds": Meaning(
        "histogram", "Time from a request's head to the end of its answer, by action.", ("action",)
    ),
    "isocenter_publish_seconds": Meaning("histogram", "Time until the broker had an event."),
    "isocenter_searchable_seconds": Meaning(
        "histogram", "Time from the oldest receipt of a batch to its being in the index."
    ),
}
