"""The names of objects in the store (architecture: keys are made of validated UIDs and digests only)."""

from dataclasses import dataclass

from isocenter.dicom.uids import is_valid_uid
from isocenter.errors import InvalidInstance

DIGEST_LENGTH = 64  # sha256, hexadecimal
DIGEST_IN_KEY = 32


@dataclass(frozen=True, slots=True)
class InstanceKey:
    """Identity of one received data set inside a site: UIDs as received, and the digest of its bytes."""

    study_instance_uid: str
    series_instance_uid: str
    sop_instance_uid: str
    digest: str

    def __post_init__(self) -> None:
        for uid in (self.study_instance_uid, self.series_instance_uid, self.sop_instance_uid):
            if not is_valid_uid(uid):
                raise InvalidInstance("not a UID")
        if len(self.digest) != DIGEST_LENGTH or not set(self.digest) <= set("0123456789abcdef"):
            raise InvalidInstance("not a sha256 digest")

    @property
    def object_key(self) -> str:
        """`instances/<study>/<series>/<sop>~<digest[:32]>.dcm`."""
        return (
            f"instances/{self.study_instance_uid}/{self.series_instance_uid}/"
            f"{self.sop_instance_uid}~{self.digest[:DIGEST_IN_KEY]}.dcm"
        )
