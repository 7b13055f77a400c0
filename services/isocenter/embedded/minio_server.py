"""MinIO as a child process: one drive, synced. Its own program, AGPLv3; never part of the product."""

from dataclasses import dataclass
from pathlib import Path

BUCKET = "isocenter"
REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class MinioServer:
    """One server on loopback with one bucket."""

    binary: Path
    folder: Path
    port: int
    access_key: str
    secret_key: str

    @property
    def url(self) -> str:
        """For `ISOCENTER_OBJECTS_URL`."""
        return f"s3+http://127.0.0.1:{self.port}/{BUCKET}?region={REGION}"

    @property
    def health(self) -> str:
        """Page that answers 200 once objects can be stored; `/health/ready` does too early."""
        return f"http://127.0.0.1:{self.port}/minio/health/cluster"

    def prepare(self) -> tuple[str, ...]:
        """Make the bucket, which on a single drive is a folder, and return the command that runs the server."""
        (self.folder / "drive" / BUCKET).mkdir(parents=True, exist_ok=True, mode=0o700)
        address = ("--address", f"127.0.0.1:{self.port}", "--certs-dir", str(self.folder / "certs"))
        return (str(self.binary), "server", "--quiet", *address, str(self.folder / "drive"))

    @property
    def environment(self) -> dict[str, str]:
        """Secrets, and the setting without which a power cut loses objects that were acknowledged."""
        return {
            "HOME": str(self.folder),
            "MINIO_ROOT_USER": self.access_key,
            "MINIO_ROOT_PASSWORD": self.secret_key,
            "MINIO_FS_OSYNC": "on",
            "MINIO_BROWSER": "off",
            "MINIO_UPDATE": "off",
        }
