"""The indexer as a value: what it serves, what it listens to, what it does in between."""

from collections.abc import Callable

from isocenter.events import catalog
from isocenter.indexer.indexing import Indexer
from isocenter.indexer.rpc import servicer
from isocenter.indexer.serving import IndexerService
from isocenter.indexer.settings import IndexerSettings
from isocenter.ports.bus import EventBus
from isocenter.runtime.service import Service, Subscription

CONSUMED = (
    catalog.INSTANCE_STORED,
    catalog.INSTANCE_QUARANTINED,
    catalog.INSTANCE_DELETED,
    catalog.STUDY_EDITED,
)


def build(
    opening: Callable[[], Indexer], bus: EventBus, settings: IndexerSettings
) -> tuple[Service, IndexerService]:
    """The service, and what to close after it."""
    indexing = IndexerService(opening, bus, settings)
    service = Service(
        "indexer",
        servicers=[servicer(indexing)],
        subscriptions=[
            Subscription(CONSUMED, indexing.on_events, wanted=lambda: indexing.is_indexing)
        ],
        tasks={"sweep": indexing.sweep, "documents": indexing.keep_documents},
    )
    return service, indexing
