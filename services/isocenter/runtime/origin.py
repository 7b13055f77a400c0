"""Where an HTTP request comes from: this machine and nobody behind it, or a page of another site."""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import ip_address

LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})
FORWARDED = frozenset({"forwarded", "x-forwarded-for", "x-real-ip", "via"})
OWN_SITE = frozenset({"same-origin", "none"})
SAFE_METHODS = frozenset({"GET", "HEAD"})


def is_local(headers: Mapping[str, str], peer: str) -> bool:
    """Tell whether a program on this machine asks for this machine.

    The address alone proves nothing: a page in the local browser can reach loopback under a name it controls (DNS
    rebinding), and a proxy on this machine speaks for others.
    """
    return (
        _is_loopback(peer) and host_name(headers) in LOCAL_NAMES and not FORWARDED & headers.keys()
    )


def host_name(headers: Mapping[str, str]) -> str:
    """Give the Host header without its port, in lower case."""
    host = headers.get("host", "").strip().lower()
    if host.startswith("["):
        name, bracket, port = host.partition("]")
        return name + bracket if not port or _is_port(port) else ""
    name, colon, digits = host.partition(":")
    return name if not colon or digits.isdigit() else ""


def is_cross_site(headers: Mapping[str, str], method: str) -> bool:
    """Tell whether another site's page makes a browser ask, with credentials that are there without its doing.

    Following a link to one of our pages is not: it changes nothing, and the other page does not see the answer.
    """
    site = headers.get("sec-fetch-site", "")
    if site and site not in OWN_SITE:
        return not _is_link(headers, method)
    origin = headers.get("origin", "")
    return bool(origin) and origin.partition("://")[2].lower() != headers.get("host", "").lower()


def _is_link(headers: Mapping[str, str], method: str) -> bool:
    return (
        method in SAFE_METHODS
        and headers.get("sec-fetch-mode") == "navigate"
        and headers.get("sec-fetch-dest") == "document"
        and "origin" not in headers
    )


def _is_port(text: str) -> bool:
    return text.startswith(":") and text[1:].isdigit()


@lru_cache(maxsize=1024)
def _is_loopback(peer: str) -> bool:
    try:
        return ip_address(peer).is_loopback or _mapped_loopback(peer)
    except ValueError:
        return False


def _mapped_loopback(peer: str) -> bool:
    """An IPv4 peer of a socket that takes both families."""
    return peer.lower().startswith("::ffff:") and ip_address(peer[7:]).is_loopback
