"""A MinIO on one drive forgets in a power cut what it acknowledged, unless it was told to sync folders too."""

import json
from typing import Any

from minio.error import MinioAdminException, MinioException
from urllib3.exceptions import HTTPError

from isocenter.adapters.s3.bucket import Bucket
from isocenter.adapters.s3.faults import translating
from isocenter.adapters.s3.pool import NoAnswer

SYNCING = "MINIO_FS_OSYNC"
NOT_SYNCING = (
    f"This MinIO has a single drive and runs without {SYNCING}=on:"
    " a power cut takes objects that were acknowledged."
)
NOT_TOLD = (
    f"This MinIO does not tell our access key how it runs: if it has a single drive it needs {SYNCING}=on,"
    " or a power cut takes objects that were acknowledged."
)


def drive_warning(bucket: Bucket) -> str:
    """A sentence, or nothing when the store is another or does as it should. Only an administrator's key is told."""
    with translating(is_writing=False):
        answer = bucket.client.ask("HEAD", bucket.name)
    if answer.headers.get("Server") != "MinIO":
        return ""
    try:
        told = json.loads(bucket.client.admin().info())
        return "" if _is_safe(told) else NOT_SYNCING
    except (
        MinioException,
        MinioAdminException,
        HTTPError,
        NoAnswer,
        ValueError,
        LookupError,
        AttributeError,
        TypeError,
    ):
        return NOT_TOLD


def _is_safe(told: dict[str, Any]) -> bool:
    if sum(told["backend"]["totalDrivesPerSet"]) > 1 or len(told["servers"]) > 1:
        return True
    return all(server["minio_env_vars"].get(SYNCING) == "on" for server in told["servers"])
