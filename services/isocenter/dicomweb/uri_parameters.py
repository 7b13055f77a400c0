"""The query of a URI service request (PS3.18 9.4), read into what the other resources are asked with."""

from collections.abc import Sequence
from dataclasses import dataclass

from isocenter.dicom.uids import is_valid_uid
from isocenter.dicomweb.media_types import acceptable
from isocenter.dicomweb.negotiation import AS_STORED, DICOM
from isocenter.dicomweb.rendering_parameters import RenderingParameters, rendering_parameters
from isocenter.errors import InvalidRequest, NotAcceptable

PICTURES = ("image/jpeg", "image/png")


@dataclass(frozen=True, slots=True)
class UriParameters:
    """One instance in one form. `media_type` is empty when the client leaves it to us; `frame` 0 when it names none."""

    study: str
    series: str
    instance: str
    media_type: str
    transfer_syntax_uid: str  # AS_STORED, a UID, or empty
    frame: int
    rendering: RenderingParameters


def uri_parameters(query: Sequence[tuple[str, str]]) -> UriParameters:
    """Raises InvalidRequest for what is malformed, NotAcceptable for forms that are not made."""
    fields = dict(query)
    if fields.get("requestType") != "WADO":
        raise InvalidRequest("requestType is WADO")
    uids = [fields.get(name, "") for name in ("studyUID", "seriesUID", "objectUID")]
    if not all(map(is_valid_uid, uids)):
        raise InvalidRequest("studyUID, seriesUID and objectUID are UIDs")
    if fields.get("anonymize", "no") != "no":
        raise NotAcceptable("objects are not anonymized here")
    if "presentationUID" in fields:
        raise NotAcceptable("presentation states are not applied here")
    return UriParameters(
        study=uids[0],
        series=uids[1],
        instance=uids[2],
        media_type=_media_type(fields.get("contentType", "")),
        transfer_syntax_uid=_transfer_syntax(fields.get("transferSyntax", "")),
        frame=_number(fields, "frameNumber"),
        rendering=rendering_parameters(_as_rendering(fields)),
    )


def _media_type(text: str) -> str:
    """The first of the types asked for that is made here (PS3.18 9.1.2.2)."""
    if not text:
        return ""
    for wanted in acceptable(text):
        for name in (DICOM, *PICTURES):
            if wanted.covers(name):
                return "" if wanted.name in ("*/*", "*") else name
    raise NotAcceptable("available as " + ", ".join((DICOM, *PICTURES)))


def _transfer_syntax(text: str) -> str:
    if text not in ("", AS_STORED) and not is_valid_uid(text):
        raise InvalidRequest("transferSyntax is a UID")
    return text


def _number(fields: dict[str, str], name: str) -> int:
    text = fields.get(name, "")
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()) or not int(text[:10]) > 0:
        raise InvalidRequest(f"{name} is a number from 1")
    return int(text[:10])


def _as_rendering(fields: dict[str, str]) -> list[tuple[str, str]]:
    """The same wishes as a rendered resource of the RESTful service has them (PS3.18 8.3.5)."""
    found: list[tuple[str, str]] = []
    center, width = fields.get("windowCenter", ""), fields.get("windowWidth", "")
    if bool(center) != bool(width):
        raise InvalidRequest("windowCenter and windowWidth come together")
    if center:
        found.append(("window", f"{center},{width}"))
    rows, columns = _number(fields, "rows"), _number(fields, "columns")
    if rows or columns:
        found.append(("viewport", f"{columns or rows},{rows or columns}"))
    if "region" in fields:
        raise NotAcceptable("regions are not cut out here")
    if "imageQuality" in fields:
        found.append(("quality", fields["imageQuality"]))
    if "imageAnnotation" in fields:
        found.append(("annotation", fields["imageAnnotation"]))
    return found
