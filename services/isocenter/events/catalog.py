"""The only list of facts: streams, subscriptions, durable names and the README's table are made from it."""

import re
from dataclasses import dataclass

from google.protobuf.message import Message

from isocenter.api.events.v1 import events_pb2 as pb
from isocenter.errors import InvalidRequest

_SITE = re.compile(r"[a-z0-9-]{1,32}", re.ASCII)
DAY_S = 86_400


@dataclass(frozen=True, slots=True)
class Fact:
    """One kind of event: `entity.fact`, its message, who says it, who listens, how long the broker keeps it."""

    name: str
    message: type[Message]
    producer: str
    consumers: tuple[str, ...]
    keep_s: int
    meaning: str

    def subject(self, site: str, partition: int | str) -> str:
        """`isocenter.v1.<site>.<entity>.<fact>.<p>`; `partition` is 0 to 63 or `*`."""
        check_site(site)
        token = partition if isinstance(partition, str) else f"{partition:02d}"
        return f"isocenter.v1.{site}.{self.name}.{token}"


def check_site(site: str) -> str:
    """Return the site's name, or raise InvalidRequest: `[a-z0-9-]{1,32}`."""
    if _SITE.fullmatch(site) is None:
        raise InvalidRequest("a site's name is 1 to 32 of a-z, 0-9 and -")
    return site


INSTANCE_STORED = Fact(
    "instance.stored",
    pb.InstanceStored,
    "ingest",
    ("indexer", "transcoder"),
    7 * DAY_S,
    "Instances are durable; the event names the journal range with their receipts.",
)
INSTANCE_QUARANTINED = Fact(
    "instance.quarantined",
    pb.InstanceQuarantined,
    "ingest",
    ("indexer",),
    7 * DAY_S,
    "Something could not be accepted; its bytes are in quarantine with a reason.",
)
INSTANCE_DELETED = Fact(
    "instance.deleted",
    pb.InstanceDeleted,
    "ingest",
    ("indexer", "transcoder"),
    7 * DAY_S,
    "A study, series or instance was deleted, undeleted or purged.",
)
INSTANCE_CORRUPTED = Fact(
    "instance.corrupted",
    pb.InstanceCorrupted,
    "ingest",
    (),
    30 * DAY_S,
    "A stored object is missing or no longer has its digest.",
)
STUDY_EDITED = Fact(
    "study.edited",
    pb.StudyEdited,
    "ingest",
    ("indexer",),
    30 * DAY_S,
    "A person corrected what is shown of a study or patient, or took that back.",
)
STUDY_ARRIVED = Fact(
    "study.arrived",
    pb.StudyArrived,
    "indexer",
    (),
    7 * DAY_S,
    "The first instance of a study can be found.",
)
STUDY_COMPLETED = Fact(
    "study.completed",
    pb.StudyCompleted,
    "indexer",
    ("transcoder",),
    30 * DAY_S,
    "A study was quiet for its settle time and everything sent before is in it.",
)
STUDY_REVISED = Fact(
    "study.revised",
    pb.StudyRevised,
    "indexer",
    ("transcoder",),
    30 * DAY_S,
    "Something changed in a study that had been complete.",
)
STUDY_DELETED = Fact(
    "study.deleted",
    pb.StudyDeleted,
    "indexer",
    ("transcoder",),
    30 * DAY_S,
    "Nothing of a study can be found any more.",
)
INSTANCE_CONFLICTED = Fact(
    "instance.conflicted",
    pb.InstanceConflicted,
    "indexer",
    (),
    30 * DAY_S,
    "The same SOP Instance UID came with other bytes; both are kept, one is shown.",
)
INSTANCE_HELD = Fact(
    "instance.held",
    pb.InstanceHeld,
    "indexer",
    ("transcoder",),
    30 * DAY_S,
    "An instance contradicts what stands and waits for a person.",
)

RENDITION_READY = Fact(
    "rendition.ready",
    pb.RenditionReady,
    "transcoder",
    (),
    7 * DAY_S,
    "Frames of a series can be had in the form they are streamed in.",
)

FACTS: tuple[Fact, ...] = (
    INSTANCE_STORED, INSTANCE_QUARANTINED, INSTANCE_DELETED, INSTANCE_CORRUPTED, STUDY_EDITED,
    STUDY_ARRIVED, STUDY_COMPLETED, STUDY_REVISED, STUDY_DELETED, INSTANCE_CONFLICTED, INSTANCE_HELD,
    RENDITION_READY,
)  # fmt: skip
BY_NAME: dict[str, Fact] = {fact.name: fact for fact in FACTS}
