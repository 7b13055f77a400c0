"""Which form of a resource is sent: what is stored, against what the client accepts (PS3.18 8.7)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from isocenter.dicom.transfer_syntaxes import (
    EXPLICIT_VR_BIG_ENDIAN,
    EXPLICIT_VR_LITTLE_ENDIAN,
    HTJ2K_RPCL,
    LOSSLESS_WRITTEN,
    OCTET_STREAM,
    transfer_syntax,
)
from isocenter.dicomweb.media_types import ANY, MediaType, covers
from isocenter.errors import NotAcceptable

MULTIPART = "multipart/related"
DICOM = "application/dicom"
XML = "application/dicom+xml"
AS_STORED = "*"
JPHC = "image/jphc"
# how clients also write the media types of frames
_ALIASES = {
    "image/jhc": JPHC,
    "image/jph": JPHC,
    "image/x-jls": "image/jls",
    "image/x-dicom-rle": "image/dicom-rle",
}


@dataclass(frozen=True, slots=True)
class Form:
    """How to send: type and transfer syntax of each part.

    `decoded` when stored bytes will not do, `streamed` when those made for streaming are wanted instead of them.
    """

    media_type: str
    transfer_syntax_uid: str
    multipart: bool
    decoded: bool = False
    streamed: bool = False


def names_streamed(accepted: Sequence[MediaType]) -> bool:
    """Whether a client asks for HTJ2K lossless RPCL, by its name or as the only syntax of its type that streams."""
    return any(
        one.parameter("transfer-syntax") == HTJ2K_RPCL
        or (not one.parameter("transfer-syntax") and _type_of(one) == JPHC)
        for one in accepted
    )


def frame_form(
    accepted: Sequence[MediaType],
    stored_uid: str,
    *,
    single: bool,
    is_packed: bool = False,
    is_alike: bool = True,
) -> Form:
    """Choose for frames; `single` when one frame is asked, which may go without multipart.

    `transfer-syntax=*`, or no word about it, means as stored. `application/octet-stream` without a transfer syntax
    means Explicit VR Little Endian, the default of that type (8.7.3). `is_packed`: HTJ2K lossless RPCL can be had, for
    those who name it; when it decodes to something else than the metadata tell (not `is_alike`), for those who accept
    nothing but it. Raises NotAcceptable.
    """
    unlike = None
    for media_type in accepted:
        if media_type.name == MULTIPART or media_type.name in (ANY, "*"):
            form = _frame_part(_part_type(media_type), media_type, stored_uid, multipart=True)
        elif single:
            form = _frame_part(media_type.name, media_type, stored_uid, multipart=False)
        else:
            form = None
        if form is None and is_packed and names_streamed((media_type,)):
            multipart = media_type.name == MULTIPART
            form = Form(JPHC, HTJ2K_RPCL, multipart, streamed=True) if multipart or single else None
            if not is_alike:
                form, unlike = None, unlike or form
        if form is not None:
            return form
    if unlike is not None:
        return unlike
    raise NotAcceptable("these frames are not available in an accepted media type")


def instance_form(
    accepted: Sequence[MediaType],
    stored_uids: Iterable[str],
    *,
    single: bool,
    compressible: bool = True,
) -> Form:
    """Choose for instances: as stored, or all in one transfer syntax that is written here (`decoded`).

    The transfer syntax is empty when instances as stored do not share one. Not `compressible`: there are no pixels.
    """
    stored = set(stored_uids)
    for media_type in accepted:
        multipart = media_type.name == MULTIPART or media_type.name in (ANY, "*")
        if not covers(_part_type(media_type) if multipart else media_type.name, DICOM):
            continue
        if not multipart and not single:
            continue
        asked = media_type.parameter("transfer-syntax")
        if asked in ("", AS_STORED) or stored == {asked}:
            return Form(DICOM, stored.pop() if len(stored) == 1 else "", multipart)
        if asked == EXPLICIT_VR_LITTLE_ENDIAN or (compressible and asked in LOSSLESS_WRITTEN):
            return Form(DICOM, asked, multipart, decoded=True)
    raise NotAcceptable("these instances are not available in an accepted media type")


def bulk_form(accepted: Sequence[MediaType]) -> Form:
    """Choose for bulk data: one part of a multipart answer when asked so, else the bytes alone."""
    for media_type in accepted:
        multipart = media_type.name == MULTIPART
        if covers(_part_type(media_type) if multipart else media_type.name, OCTET_STREAM):
            return Form(OCTET_STREAM, "", multipart)
    raise NotAcceptable("bulk data are available as application/octet-stream")


def choose(accepted: Sequence[MediaType], offered: Sequence[str]) -> str:
    """The offered media type the client wants most, the first of equals; raises NotAcceptable."""
    for media_type in accepted:
        for name in offered:
            if media_type.covers(name):
                return name
    raise NotAcceptable("available as " + ", ".join(offered))


def prefers_xml(accepted: Sequence[MediaType], json_types: Sequence[str]) -> bool:
    """Whether documents are wanted in the Native DICOM Model rather than JSON; raises NotAcceptable for neither."""
    for media_type in accepted:
        if any(media_type.covers(name) for name in json_types):
            return False
        part = _part_type(media_type) if media_type.name == MULTIPART else media_type.name
        if part == XML:
            return True
    raise NotAcceptable("available as " + ", ".join((*json_types, XML)))


def choose_part(accepted: Sequence[MediaType], offered: Sequence[str]) -> str:
    """As `choose`, for the parts of a multipart answer; the type alone will do for them too."""
    parts = [
        MediaType(_part_type(one)) if one.name == MULTIPART else MediaType(one.name)
        for one in accepted
    ]
    return choose(parts, offered)


def frame_label(stored_uid: str) -> tuple[str, str]:
    """Media type and transfer syntax of a frame as stored: uncompressed little endian samples are the same in all."""
    syntax = transfer_syntax(stored_uid)
    if not syntax.encapsulated and not syntax.big_endian:
        return OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN
    return syntax.media_type, stored_uid


def _part_type(media_type: MediaType) -> str:
    """Type of the parts of a multipart range; any when it does not say."""
    return (media_type.parameter("type").lower() or ANY) if media_type.name == MULTIPART else ANY


def _type_of(media_type: MediaType) -> str:
    part = _part_type(media_type) if media_type.name == MULTIPART else media_type.name
    return _ALIASES.get(part, part)


def _frame_part(part: str, asked: MediaType, stored_uid: str, *, multipart: bool) -> Form | None:
    part = _ALIASES.get(part, part)
    syntax = asked.parameter("transfer-syntax")
    stored_type, label = frame_label(stored_uid)
    as_stored = Form(stored_type, label, multipart)
    fits = covers(part, stored_type)
    if syntax == AS_STORED:
        return as_stored if fits or part == OCTET_STREAM else None
    if syntax in (label, stored_uid):
        return as_stored if fits or part == OCTET_STREAM else None
    if not syntax and fits and (part != OCTET_STREAM or label == EXPLICIT_VR_LITTLE_ENDIAN):
        return _readable(as_stored)
    if syntax in ("", EXPLICIT_VR_LITTLE_ENDIAN) and covers(part, OCTET_STREAM):
        return Form(OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN, multipart, decoded=True)
    return None


def _readable(form: Form) -> Form:
    """Big endian is retired, so it is sent only to those who ask for what is stored."""
    if form.transfer_syntax_uid == EXPLICIT_VR_BIG_ENDIAN:
        return Form(OCTET_STREAM, EXPLICIT_VR_LITTLE_ENDIAN, form.multipart, decoded=True)
    return form
