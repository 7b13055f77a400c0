"""The fault of the object store, which the platform's other processes here do not have."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.alerting.faults import Meanwhile, nothing
from tests.support.alerting.watched import Watched
from tests.support.part10 import SECONDARY_CAPTURE, data_set
from tests.support.ports import free_port
from tests.support.scu import Association
from tests.support.senders import fresh_uid


@contextmanager
def store_away(watched: Watched) -> Iterator[Meanwhile]:
    """Ingest acknowledges from its spool, for nobody answers where its objects would go."""
    pods = watched.pods
    pods.kill("ingest")
    pods.run(
        "ingest",
        objects_url=f"s3+http://127.0.0.1:{free_port()}/north",
        objects_access_key="a",
        objects_secret_key="b",
        journal_url=f"file://{pods.data}/archive",
        ingest_acknowledge_from_spool="true",
    )
    try:
        sop = fresh_uid()
        with Association(pods.dicom_port, sop_class=SECONDARY_CAPTURE) as association:
            assert association.store(sop, data_set(sop)) == 0
        yield nothing
    finally:
        pods.kill("ingest")
        pods.run("ingest")
