"""Events to send about."""

from isocenter.api.events.v1 import events_pb2 as pb
from isocenter.dicom.uids import partition_of
from isocenter.events.catalog import INSTANCE_STORED, STUDY_ARRIVED
from isocenter.events.event import Event

SITE = "test-site"
START_MS = 1_767_225_600_123


def study_arrived(study: str = "1.2.3.4", version: int = 7) -> Event:
    return Event(
        fact=STUDY_ARRIVED,
        site=SITE,
        partition=partition_of(study),
        subject_key=f"{study}@{version}",
        message=pb.StudyArrived(study_instance_uid=study, version=version),
        time_ms=START_MS,
        correlation_id="cause",
    )


def instance_stored(sequence: int = 1, study: str = "1.2.3.4") -> Event:
    span = pb.JournalRange(
        node="ingest", epoch="00112233445566aa", first_sequence=sequence, last_sequence=sequence
    )
    return Event(
        fact=INSTANCE_STORED,
        site=SITE,
        partition=partition_of(study),
        subject_key=f"{span.node}/{span.epoch}/{sequence}-{sequence}",
        message=pb.InstanceStored(
            range=span,
            studies=[pb.StudyCount(study_instance_uid=study, instances=1)],
            first_version=sequence,
            last_version=sequence,
        ),
        time_ms=START_MS,
    )
