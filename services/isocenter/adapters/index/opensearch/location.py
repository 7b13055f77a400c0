"""Where an index is, out of its URL."""

from urllib.parse import urlsplit

from isocenter.adapters.index.opensearch.names import checked_prefix
from isocenter.adapters.index.opensearch.server import Access
from isocenter.errors import InvalidRequest

DEFAULT_PORT = 9200


def located(
    url: str, *, user: str = "", password: str = "", ca_file: str = ""
) -> tuple[Access, str]:
    """Server and prefix of `opensearch+http://host:port/prefix` or `opensearch+https://host:port/prefix`.

    Raises InvalidRequest for anything else, and for a URL with credentials: it is shown and logged.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise InvalidRequest("the index URL has no port that can be one") from None
    _, _, scheme = parts.scheme.partition("+")
    if "@" in parts.netloc:
        raise InvalidRequest("the index URL holds credentials; they have settings of their own")
    if not parts.hostname or parts.query or parts.fragment:
        raise InvalidRequest("an index URL has a host, a port and a prefix, and nothing else")
    access = Access(parts.hostname, port, scheme == "https", user, password, ca_file)
    return access, checked_prefix(parts.path.removeprefix("/"))
