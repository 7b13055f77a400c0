"""Where a bucket is, out of its URL."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urlsplit

from isocenter.errors import InvalidRequest

SCHEMES = ("s3+http", "s3+https")
DEFAULT_REGION = "us-east-1"
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
_REGION = re.compile(r"[a-z0-9-]{1,63}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Location:
    """One bucket of one store. `ca_file`: whose certificates count, empty: those the system trusts."""

    address: str
    is_tls: bool
    bucket: str
    region: str = DEFAULT_REGION
    ca_file: str = ""


def located(url: str) -> Location:
    """Read `s3+http://host:port/bucket` or `s3+https://...`, with `?region=...&ca_file=...` where they are needed.

    Raises InvalidRequest for anything else, and for a URL with credentials: it is shown and logged.
    """
    parts = _split(url)
    given = _query(parts.query)
    bucket = parts.path.removeprefix("/")
    region = given.get("region", DEFAULT_REGION)
    if _BUCKET.fullmatch(bucket) is None:
        raise InvalidRequest("the objects URL has to end in the name of a bucket")
    if _REGION.fullmatch(region) is None:
        raise InvalidRequest("the objects URL names no region that can be one")
    is_tls = parts.scheme == "s3+https"
    return Location(parts.netloc, is_tls, bucket, region, given.get("ca_file", ""))


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0 and not parts.fragment
    except ValueError:
        is_whole = False
    if not is_whole or parts.scheme not in SCHEMES:
        raise InvalidRequest("the objects URL has no host or no port that can be one")
    if "@" in parts.netloc:
        raise InvalidRequest("the objects URL holds credentials; they have settings of their own")
    return parts


def _query(query: str) -> dict[str, str]:
    pairs = parse_qsl(query, keep_blank_values=True)
    given = dict(pairs)
    if len(given) != len(pairs) or not given.keys() <= {"region", "ca_file"}:
        raise InvalidRequest("the query of an objects URL has `region` and `ca_file`, each once")
    return given
