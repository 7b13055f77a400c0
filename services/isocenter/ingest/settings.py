"""What can be set for ingest: environment `ISOCENTER_INGEST_...`."""

from typing import Annotated, ClassVar, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from isocenter.ingest.watermark import HARD_BYTES, LOW_BYTES
from isocenter.runtime.nodes import Nodes
from isocenter.runtime.settings import Port, ServiceSettings

HOUR_MS = 3_600_000


class IngestSettings(ServiceSettings):
    """Settings of the processes that receive: the DICOM listener and the HTTP workers."""

    service: ClassVar[str] = "ingest"

    ae_title: Annotated[str, Field(min_length=1, max_length=16, pattern=r"^[ -\[\]-~]+$")] = (
        "ISOCENTER"
    )
    """Of the one DICOM address (PS3.5 6.2: no backslash, no control characters)."""
    dicom_port: Port = 11112
    dicom_tls_port: Port = 0
    """0: no TLS. Certificate and key are `dicom-tls.crt` and `dicom-tls.key` in the config folder; with
    `dicom-tls-ca.crt` beside them peers are asked for a certificate."""
    share_dicom_port: bool = False
    """Other processes of this machine listen on the same port (SO_REUSEPORT); the kernel deals connections out."""
    strict_called_ae_title: bool = False
    """Reject callers that call us by another title."""
    accept_unknown: bool = False
    """Let callers that are not in the AE list send, beyond loopback too."""
    associations: Annotated[int, Field(ge=1, le=1024)] = 64
    associations_per_address: Annotated[int, Field(ge=1, le=1024)] = 32
    public_url: str = ""
    """Origin in the URLs STOW-RS answers with, as clients see it; empty: what the client called us."""
    answer_http: bool = False
    """Answer STOW-RS and ingest's other HTTP requests on `http_port`, where a gateway routes by method and path;
    elsewhere HTTP workers do, with streaming's routes on the same port."""
    acknowledge_from_spool: bool = False
    """Say Success while the object store is away, once an instance is durable in the spool folder. Only where that
    folder is on a volume that outlives process and machine, and is given back to the process of the same `node`."""
    http_bodies: Annotated[int, Field(ge=1, le=64)] = 8
    """Request bodies received at once by one process; as many again wait, more are turned away."""
    low_mark_bytes: Annotated[int, Field(ge=0)] = LOW_BYTES
    """Free bytes where spools lie (in the objects' folder; of a bucket, in the spool folder) below which new
    associations and requests are turned away, and the process is not ready."""
    hard_mark_bytes: Annotated[int, Field(ge=0)] = HARD_BYTES
    """Free bytes below which nothing is received; the reserve of journal, index and broker."""
    deletion_grace_h: Annotated[float, Field(ge=0, le=24 * 3650)] = 24 * 7
    """How long a deletion can be undone, hours."""
    indexer_nodes: Nodes = "indexer"
    """Processes, with commas between, whose journals the index need not catch up with: they are its own. Others that
    differ from one of them by a number at the end, as `indexer-0` does, are meant too."""
    streaming_nodes: Nodes = "streaming"
    """Processes, with commas between, that answer C-FIND."""
    purge_interval_s: Annotated[float, Field(gt=0)] = 60.0
    purge_margin_s: Annotated[float, Field(ge=0)] = 60.0
    """After the grace time; more than the clocks of the site's machines differ."""
    purge_settle_s: Annotated[float, Field(ge=0)] = 60.0
    """More than a receiver needs from seeing an object to having its receipt durable."""
    tidy_interval_s: Annotated[float, Field(ge=1)] = 30.0
    """How often small pieces of the journal are merged, and how long they rest before."""

    purge_node: str = ""
    """The one node of a site that purges and tidies the journal; empty: this one, which is then the only ingest."""

    @model_validator(mode="after")
    def _spool_is_not_the_store(self) -> Self:
        if self.acknowledge_from_spool and urlsplit(self.objects_url).scheme == "file":
            raise ValueError(
                "acknowledge_from_spool is for objects on a server; in a folder they are durable at once"
            )
        return self

    @property
    def purges(self) -> bool:
        """Whether this process does."""
        return self.purge_node in ("", self.node)

    @property
    def deletion_grace_ms(self) -> int:
        """The grace time as the journal has it."""
        return round(self.deletion_grace_h * HOUR_MS)
