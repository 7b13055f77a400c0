"""The absolute address a client used, for links in answers."""

import re

from isocenter.runtime.web import Request

PREFIX = "/dicom-web"
_HOST = re.compile(r"[A-Za-z0-9._\-:\[\]]{1,255}", re.ASCII)
_SCHEMES = frozenset({"http", "https"})


def base_url(request: Request, public_url: str = "") -> str:
    """`scheme://host/dicom-web`, from the settings, else from Host and X-Forwarded-Proto.

    A host with anything but the characters of one is not repeated.
    """
    if public_url:
        return public_url.rstrip("/") + PREFIX
    host = request.headers.get("host", "")
    if _HOST.fullmatch(host) is None:
        host = "localhost"
    scheme = request.headers.get("x-forwarded-proto", "http").lower()
    return f"{scheme if scheme in _SCHEMES else 'http'}://{host}{PREFIX}"
