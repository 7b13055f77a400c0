"""The absolute address of the request's client, for links in answers."""

from isocenter.dicomweb import base_url as address
from isocenter.runtime.web import Request

PREFIX = address.PREFIX


def base_url(request: Request, public_url: str = "") -> str:
    """`scheme://host/dicom-web`; see `dicomweb.base_url`."""
    return address.base_url(request.headers, request.port, public_url)
