"""What `isocenter up` was told."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from isocenter.embedded.ports import LOOPBACK

Profile = Literal["embedded", "cluster"]


@dataclass(frozen=True, slots=True)
class Options:
    """`minio` and `opensearch` name programs of the cluster profile; without, they are looked for."""

    data: Path
    listen: str = LOOPBACK
    http_port: int = 8080
    dicom_port: int = 11112
    dicom_tls_port: int = 0
    ae_title: str = "ISOCENTER"
    site: str = "local"
    http_workers: int = 2
    settle_s: float = 60.0
    profile: Profile = "embedded"
    minio: Path | None = None
    opensearch: Path | None = None

    @property
    def reach(self) -> str:
        """An address at which this machine reaches the listeners."""
        return LOOPBACK if self.listen in ("0.0.0.0", "::", "localhost") else self.listen  # noqa: S104

    @property
    def url(self) -> str:
        """Where people go."""
        return f"http://{f'[{self.reach}]' if ':' in self.reach else self.reach}:{self.http_port}"

    @property
    def is_cluster(self) -> bool:
        """Servers keep everything, and not files."""
        return self.profile == "cluster"
