"""What can be set for ingest: environment `ISOCENTER_INGEST_...`."""

from typing import Annotated, ClassVar

from pydantic import Field

from isocenter.runtime.settings import ServiceSettings

HOUR_MS = 3_600_000


class IngestSettings(ServiceSettings):
    """Settings of the processes that receive: the DICOM listener and the HTTP workers."""

    service: ClassVar[str] = "ingest"

    public_url: str = ""
    """Origin in the URLs STOW-RS answers with, as clients see it; empty: what the client called us."""
    http_bodies: Annotated[int, Field(ge=1, le=64)] = 8
    """Request bodies received at once by one process; as many again wait, more are turned away."""
    deletion_grace_h: Annotated[float, Field(ge=0, le=24 * 3650)] = 24 * 7
    """How long a deletion can be undone, hours."""
    indexer_node: str = "indexer"
    """The process whose journal the index need not catch up with: it is its own."""
    purge_interval_s: Annotated[float, Field(gt=0)] = 60.0
    purge_margin_s: Annotated[float, Field(ge=0)] = 60.0
    """After the grace time; more than the clocks of the site's machines differ."""
    purge_settle_s: Annotated[float, Field(ge=0)] = 60.0
    """More than a receiver needs from seeing an object to having its receipt durable."""

    @property
    def deletion_grace_ms(self) -> int:
        """The grace time as the journal has it."""
        return round(self.deletion_grace_h * HOUR_MS)
