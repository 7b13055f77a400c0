"""Our store on a real S3 server, with little patience so that faults are seen soon."""

from pathlib import Path

from tests.support.s3_servers import S3ForTests

from isocenter.adapters.objects.local_spools import LocalSpools
from isocenter.adapters.objects.s3 import S3Objects
from isocenter.adapters.s3 import Bucket, Capabilities, connect, located
from isocenter.adapters.s3.pool import Patience

IMPATIENT = Patience(
    connect_s=1.0, read_s=1.0, attempts=3, budget_s=2.0, first_pause_s=0.01, longest_pause_s=0.02
)


def open_bucket(
    server: S3ForTests, name: str = "", *, address: str = "", patience: Patience | None = None
) -> Bucket:
    """A bucket, fresh unless named; through a proxy where its address is given."""
    location = located(server.url(name or server.fresh_bucket(), address))
    return Bucket(connect(location, **server.access, patience=patience), location.bucket)


def s3_store(
    server: S3ForTests, spool_folder: Path, known: Capabilities | None = None
) -> S3Objects:
    """On a fresh bucket."""
    return S3Objects(open_bucket(server), LocalSpools(spool_folder), known)
