"""The MinIO client with the payload's hash in every request, and its requests by name."""

import hashlib
from datetime import datetime
from pathlib import Path
from typing import cast

from minio import Minio, MinioAdmin
from minio.credentials.credentials import Credentials
from minio.credentials.providers import StaticProvider
from minio.datatypes import Part
from minio.helpers import DictType
from minio.time import to_amz_date, utcnow
from urllib3 import BaseHTTPResponse

from isocenter.adapters.s3.location import Location
from isocenter.adapters.s3.pool import Patience, StorePool
from isocenter.errors import InvalidRequest

Body = bytes | memoryview
PAYLOAD_HASH = "x-amz-content-sha256"
_EMPTY_HASH = hashlib.sha256().hexdigest()


class S3Client(Minio):
    """What `Minio` has, and the requests it keeps to itself.

    `Minio` leaves the payload unsigned over https and hashes what the caller hashed already; here every payload's
    SHA-256 is in its signature, so the store refuses bytes that were damaged on the way, whichever the scheme.
    """

    def __init__(self, location: Location, keys: StaticProvider, patience: Patience) -> None:
        super().__init__(
            location.address,
            credentials=keys,
            secure=location.is_tls,
            region=location.region,  # else the client asks for it, which few users may
            http_client=StorePool(patience, location.ca_file),
        )
        self._location = location
        self._keys = keys
        self._patience = patience

    def admin(self) -> MinioAdmin:
        """What only a MinIO answers, to an administrator's key. With a pool of its own: it closes it in the end."""
        return MinioAdmin(
            endpoint=self._location.address,
            credentials=self._keys,
            secure=self._location.is_tls,
            region=self._location.region,
            http_client=StorePool(self._patience, self._location.ca_file),
        )

    def ask(
        self,
        method: str,
        bucket: str,
        key: str | None = None,
        *,
        body: Body = b"",
        headers: dict[str, str] | None = None,
        query: dict[str, str] | None = None,
    ) -> BaseHTTPResponse:
        """One request, with its whole answer. A hash in `headers` is believed."""
        return self._execute(
            method,
            bucket,
            key,
            body=cast(bytes, body or None),  # any buffer goes to the socket as it is
            headers=cast(DictType, dict(headers or {})),
            query_params=cast(DictType, dict(query or {})),
        )

    def fetch(self, bucket: str, key: str, headers: dict[str, str]) -> BaseHTTPResponse:
        """Ask for an object; its bytes are still to be read, or the answer to be closed."""
        return self._execute(
            "GET", bucket, key, headers=cast(DictType, dict(headers)), preload_content=False
        )

    def begin_upload(self, bucket: str, key: str) -> str:
        """Give the id of a new upload in parts."""
        return self._create_multipart_upload(bucket, key, {})

    def complete_upload(self, bucket: str, key: str, upload_id: str, parts: list[Part]) -> None:
        """Make the parts one object."""
        self._complete_multipart_upload(bucket, key, upload_id, parts)

    def abort_upload(self, bucket: str, key: str, upload_id: str) -> None:
        """Let the store forget the parts."""
        self._abort_multipart_upload(bucket, key, upload_id)

    def _build_headers(
        self,
        host: str,
        headers: DictType | None = None,
        body: bytes | None = None,
        creds: Credentials | None = None,
    ) -> tuple[DictType, datetime]:
        now = utcnow()
        made: DictType = {
            PAYLOAD_HASH: hashlib.sha256(body).hexdigest() if body else _EMPTY_HASH,
            **(headers or {}),
            "Host": host,
            "User-Agent": self._user_agent,
            "x-amz-date": to_amz_date(now),
        }
        if body:
            made["Content-Length"] = str(len(body))
        if creds and creds.session_token:
            made["X-Amz-Security-Token"] = creds.session_token
        return made, now


def connect(
    location: Location, *, access_key: str, secret_key: str, patience: Patience | None = None
) -> S3Client:
    """Nothing is asked yet. Raises InvalidRequest without a key or its secret, or when `ca_file` is not there."""
    if not access_key or not secret_key:
        raise InvalidRequest(
            "the object store needs an access key and its secret:"
            " ISOCENTER_OBJECTS_ACCESS_KEY and ISOCENTER_OBJECTS_SECRET_KEY"
        )
    if location.ca_file and not Path(location.ca_file).is_file():
        raise InvalidRequest("the objects URL names a file of certificates that is not there")
    return S3Client(location, StaticProvider(access_key, secret_key), patience or Patience())
