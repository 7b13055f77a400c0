"""The absolute address a client used, for links in answers."""

import re
from collections.abc import Mapping
from ipaddress import ip_address

PREFIX = "/dicom-web"
_HOST = re.compile(r"[A-Za-z0-9._\-:\[\]]{1,255}", re.ASCII)
_SCHEMES = frozenset({"http", "https"})


def base_url(headers: Mapping[str, str], port: int, public_url: str = "") -> str:
    """`scheme://host/dicom-web`, from the settings, else from Host and X-Forwarded-Proto; `port` is our own, 0 unknown.

    A host with anything but the characters of one is not repeated.
    """
    if public_url:
        return public_url.rstrip("/") + PREFIX
    host = headers.get("host", "")
    if _HOST.fullmatch(host) is None:
        host = "localhost"
    elif port not in (0, 80) and _is_direct(headers, host):
        host = f"{host}:{port}"
    scheme = headers.get("x-forwarded-proto", "http").lower()
    return f"{scheme if scheme in _SCHEMES else 'http'}://{host}{PREFIX}"


def _is_direct(headers: Mapping[str, str], host: str) -> bool:
    """Tell whether a client reached us under an address and left the port out of Host, as dicomweb-client does.

    A name without a port is left alone: a proxy on the default port may stand before us.
    """
    if any(name in headers for name in ("forwarded", "x-forwarded-for", "x-forwarded-proto")):
        return False
    if host.lower() == "localhost":
        return True
    bare = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        return bool(ip_address(bare)) and (":" not in host or host != bare)
    except ValueError:
        return False
