"""What became of one data set that somebody sent."""

from dataclasses import dataclass
from typing import Literal

from isocenter.errors import IsocenterError


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd but usable; `tag` is eight hexadecimal digits or empty; the message holds no value."""

    code: str
    tag: str
    message: str


@dataclass(frozen=True, slots=True)
class Outcome:
    """`stored` and `duplicate` are Success: durable, and searchable without anyone's help.

    `quarantined`: not accepted, the bytes are kept with `error` as reason. UIDs are empty where unknown.
    """

    status: Literal["stored", "duplicate", "quarantined"]
    sop_class_uid: str
    sop_instance_uid: str
    study_instance_uid: str
    series_instance_uid: str
    digest: str
    findings: tuple[Finding, ...] = ()
    error: IsocenterError | None = None
